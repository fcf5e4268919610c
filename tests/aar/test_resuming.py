"""A run that goes on may have more time and more work; what else it was stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from aar import database, ledger
from aar.database import meta, researchers
from aar.database.charges import ChargeKind
from aar.errors import SettingsError
from aar.folder import LabFolder
from aar.lab.going_on import note_settings
from aar.launch.changes import Changes, option
from aar.launch.resuming import extended, to_start
from aar.prices import Cost, nano
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


@pytest.mark.parametrize(
    "name", ["minutes", "hours", "submissions", "budget_usd", "budget_tokens_each", "hours_each"]
)
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


def spend(folder: LabFolder, name: str, *, usd: float, weighted_tokens: int) -> None:
    store = database.open(folder.storage)
    with store.write() as tx:
        paid = Cost(nano(usd), weighted_tokens)
        ledger.record_charge(tx, f"of {name}", researcher=name, kind=ChargeKind.MODEL, cost=paid)
    store.close()


def work(folder: LabFolder, name: str, *, worked: float, since: float | None = None) -> None:
    store = database.open(folder.storage)
    with store.write() as tx:
        researchers.note_work(tx, name, worked=worked, since=since)
    store.close()


@pytest.mark.parametrize(
    ("name", "before", "given", "after"),
    [
        ("budget_usd", 10.0, "+50", 60.0),
        ("budget_usd", None, "+50", 56.5),  # from what is spent
        ("budget_usd", 5.0, "+50", 56.5),  # it is spent: from now
        ("budget_usd", 10.0, "7.25", 7.25),
        ("budget_usd_each", 10.0, "+2.5", 12.5),
        ("budget_usd_each", None, "5", 5.0),
        ("budget_tokens", 10_000, "+5000", 15_000),
        ("budget_tokens_each", None, "1e6", 1_000_000),
        ("hours_each", 2.0, "+1", 3.0),
        ("hours_each", 0.01, "+1", 1.05),  # three minutes are worked: from now
        ("hours_each", None, "+1", 1.05),
        ("hours_each", 1.0, "0.5", 0.5),
    ],
)
def test_more_money_counts_from_the_budget_or_from_what_is_spent(
    tmp_path: Path, name: str, before: float | None, given: str, after: float
) -> None:
    folder, settings = run(tmp_path, used_minutes=5.0, **{name: before})
    spend(folder, "r1", usd=4.0, weighted_tokens=3000)
    spend(folder, "r2", usd=2.5, weighted_tokens=1000)
    work(folder, "r1", worked=60.0, since=180.0)
    assert getattr(extended(folder, settings, Changes(**{name: given})), name) == pytest.approx(after)
    assert folder.read_description()["settings"][name] == pytest.approx(after)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("budget_usd", "6.5"),
        ("budget_usd_each", "4"),
        ("budget_tokens", "4000"),
        ("budget_tokens", "5000.5"),
        ("budget_usd", "free"),
        ("budget_usd", "0"),
        ("hours", "0.05"),
        ("hours_each", "0.05"),
        ("hours_each", "1e9"),
    ],
)
def test_a_budget_that_is_spent_already_or_none_is_refused(tmp_path: Path, name: str, given: str) -> None:
    folder, settings = run(tmp_path, used_minutes=5.0)
    spend(folder, "r1", usd=4.0, weighted_tokens=3000)
    spend(folder, "r2", usd=2.5, weighted_tokens=1000)
    work(folder, "r1", worked=180.0)
    before = folder.description.read_text()
    with pytest.raises(SettingsError, match=option(name)):
        extended(folder, settings, Changes(**{name: given}))
    assert folder.description.read_text() == before


def test_hours_are_minutes_and_one_of_the_two_is_given(tmp_path: Path) -> None:
    folder, settings = run(tmp_path, used_minutes=5.0, minutes=20.0)
    assert extended(folder, settings, Changes(hours="+1.5")).minutes == 110.0
    assert Changes(hours="2").of_a_new_run(Settings()).minutes == 120.0
    with pytest.raises(SettingsError, match="one of the two"):
        extended(folder, settings, Changes(hours="1", minutes="60"))


def test_another_model_takes_over_with_its_price_and_the_earlier_price_is_kept(tmp_path: Path) -> None:
    folder, settings = run(tmp_path, used_minutes=5.0)
    settings = extended(folder, settings, Changes(models=["vllm/a"], prices=["1,2"], effort="low"))
    assert settings.models == ("vllm/a", "vllm/a")
    settings = extended(folder, settings, Changes(models=["vllm/b", "openai/gpt-5"], prices=["vllm/b=3,4"]))
    assert (settings.models, settings.effort) == (("vllm/b", "openai/gpt-5"), "low")
    assert settings.prices == {"vllm/a": (1.0, 2.0, 1.0, 1.0), "vllm/b": (3.0, 4.0, 3.0, 3.0)}
    with pytest.raises(SettingsError, match="3 researchers and --researchers says 2"):
        extended(folder, settings, Changes(models=["3*vllm/a"]))


def test_whose_money_is_spent_is_not_started(tmp_path: Path) -> None:
    folder, settings = run(tmp_path, used_minutes=5.0, budget_usd_each=4.0)
    spend(folder, "r1", usd=4.0, weighted_tokens=3000)
    assert to_start(folder, settings) == ["r2"]
    assert to_start(folder, extended(folder, settings, Changes(budget_usd_each="+1"))) == ["r1", "r2"]
    assert to_start(folder, Settings(researchers=2, budget_usd=4.0)) == []


def test_whose_hours_are_over_is_started_again_once_there_are_more(tmp_path: Path) -> None:
    folder, settings = run(tmp_path, used_minutes=5.0, hours_each=0.05)
    work(folder, "r1", worked=0.05 * 3600 * 0.9)
    work(folder, "r2", worked=0.05 * 3600 * 0.89)
    assert to_start(folder, settings) == ["r2"], "a tenth is for last turns"
    assert to_start(folder, extended(folder, settings, Changes(hours_each="+1"))) == ["r1", "r2"]
