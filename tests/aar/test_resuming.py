"""A run that goes on may have more time and more work; what else it was stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from aar import database, ledger
from aar.database import meta, researchers
from aar.errors import SettingsError
from aar.folder import LabFolder
from aar.lab.going_on import note_settings
from aar.launch.changes import Changes
from aar.launch.resuming import extended, to_start
from aar.settings import Settings


def run(path: Path, *, used_minutes: float, **changes: object) -> tuple[LabFolder, Settings]:
    folder = LabFolder(path)
    settings = Settings(**{"researchers": 2, **changes})  # type: ignore[arg-type]
    folder.describe({"settings": settings.as_json(), "testbed": settings.testbed, "created": "today"})
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        meta.put(tx, "elapsed_seconds", used_minutes * 60)
        for name in ("r1", "r2"):
            researchers.add(tx, name, submissions=settings.submissions)
    store.close()
    return folder, settings


@pytest.mark.parametrize(
    ("bound", "used", "given", "minutes"),
    [
        (20.0, 5.0, "+10", 30.0),
        (20.0, 25.0, "+10", 35.0),  # its time is over: from now
        (None, 5.0, "+10", 15.0),
        (20.0, 5.0, "60", 60.0),
        (None, 5.0, "6.5", 6.5),
        (20.0, 5.0, None, 20.0),
    ],
)
def test_more_minutes_count_from_the_bound_or_from_now(
    tmp_path: Path, bound: float | None, used: float, given: str | None, minutes: float
) -> None:
    folder, settings = run(tmp_path, used_minutes=used, minutes=bound)
    assert extended(folder, settings, Changes(minutes=given)).minutes == pytest.approx(minutes)
    kept = folder.read_description()
    assert kept["settings"]["minutes"] == pytest.approx(minutes)
    assert kept["created"] == "today"


@pytest.mark.parametrize(
    "given", ["0", "-3", "+0", "+-1", "ten", "", "+", "nan", "inf", "+inf", "1e308", "4.9"]
)
def test_minutes_that_mean_nothing_are_refused_and_nothing_is_changed(tmp_path: Path, given: str) -> None:
    folder, settings = run(tmp_path, used_minutes=5.0, minutes=20.0)
    with pytest.raises(SettingsError, match="--minutes"):
        extended(folder, settings, Changes(minutes=given))
    assert folder.read_description()["settings"]["minutes"] == 20.0


def test_more_submissions_are_for_each_researcher_and_the_studys_budget_grows_with_them(
    tmp_path: Path,
) -> None:
    folder, settings = run(tmp_path, used_minutes=5.0, submissions=3, submissions_in_all=6)
    more = extended(folder, settings, Changes(submissions="+2"))
    assert (more.submissions, more.submissions_in_all) == (5, 10)
    assert extended(folder, settings, Changes(submissions="7")).submissions == 7
    with pytest.raises(SettingsError, match="whole number"):
        extended(folder, settings, Changes(submissions="+1.5"))


@pytest.mark.parametrize("name", ["minutes", "hours", "submissions", "budget_usd", "budget_tokens_each"])
def test_a_plus_is_for_a_run_that_there_is(name: str) -> None:
    changed = Changes(**{name: "10"}).of_a_new_run(Settings())
    assert changed != Settings()
    with pytest.raises(SettingsError, match="--resume RUN"):
        Changes(**{name: "+10"}).of_a_new_run(Settings())


def test_researchers_are_started_again_only_if_something_is_left_for_them(tmp_path: Path) -> None:
    folder, settings = run(tmp_path, used_minutes=5.0, minutes=20.0, submissions=1)
    assert to_start(folder, settings) == ["r1", "r2"]
    store = database.open(folder.database)
    with store.write() as tx:
        for name in ("r1", "r2"):
            researchers.set_state(tx, name, "finished")
    store.close()
    assert to_start(folder, settings) == ["r1", "r2"]  # they may still hand in one each
    assert to_start(folder, Settings(**{**settings.as_json(), "submissions": 0, "baselines": ()})) == []
    over = Settings(**{**settings.as_json(), "minutes": 5.0, "baselines": ()})
    assert to_start(folder, over) == []


def test_a_new_run_starts_everybody(tmp_path: Path) -> None:
    assert to_start(LabFolder(tmp_path), Settings(researchers=3)) == ["r1", "r2", "r3"]


def test_fewer_submissions_than_were_used_are_refused(tmp_path: Path) -> None:
    folder, settings = run(tmp_path, used_minutes=5.0, submissions=3)
    store = database.open(folder.database)
    with store.write() as tx:
        for code in ("a", "b"):
            ledger.record_submission(
                tx, code_hash=code, commit=code, researcher="r1", title=code, summary="", parents=[], claim=""
            )
    store.close()
    with pytest.raises(SettingsError, match="2 of one researcher are used already"):
        extended(folder, settings, Changes(submissions="1"))
    assert folder.read_description()["settings"]["submissions"] == 3
    assert extended(folder, settings, Changes(submissions="2")).submissions == 2


def test_a_run_that_goes_on_as_it_was_leaves_no_note_and_a_change_leaves_one(tmp_path: Path) -> None:
    store = database.open(tmp_path / "lab.db", create=True)
    settings = Settings(minutes=20.0)
    for changed in (settings, settings, Settings(minutes=30.0), Settings(minutes=30.0)):
        with store.write() as tx:
            note_settings(tx, changed)
    with store.read() as tx:
        bodies = [entry.body for entry in ledger.entries(tx)]
    assert bodies[0]["settings"] == settings.as_json()
    assert bodies[1:] == [{"resumed with": {"minutes": 30.0}}]


def test_a_run_that_goes_on_with_another_testbed_is_refused(tmp_path: Path) -> None:
    folder, settings = run(tmp_path, used_minutes=5.0)
    store = database.open(folder.database)
    with store.write() as tx:
        note_settings(tx, settings)
    other = Settings(testbed="mini-math", researchers=2)
    with pytest.raises(SettingsError, match=r"for the testbed 'mini-chat', its lab\.json names 'mini-math'"):
        extended(folder, other, Changes())
    with store.write() as tx, pytest.raises(SettingsError, match="mini-math"):
        note_settings(tx, other)
