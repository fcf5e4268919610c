"""A run that goes on: with more time or work than before, and with those researchers who may still do something."""

from __future__ import annotations

import dataclasses

from aar import database
from aar.database import researchers, submissions
from aar.errors import NoLab, SettingsError
from aar.folder import LabFolder
from aar.lab.going_on import refuse_other_testbed
from aar.lab.intake import RESERVE
from aar.lab.study_end import elapsed_before
from aar.settings import MOST_MINUTES, Settings


def extended(
    folder: LabFolder, settings: Settings, *, minutes: str | None, submissions: str | None
) -> Settings:
    """The settings of a run that goes on; "+10" adds to what it had, "10" replaces it.

    More minutes count from the run's bound, or from now where that is over or there is none. Written into `lab.json`
    where they differ; raises `SettingsError` for what is no number, or less than was used.
    """
    _refuse_other_testbed(folder, settings)
    used = elapsed_before(folder) / 60
    before = settings
    if minutes is not None:
        more, number = _parsed(minutes, "--minutes")
        total = max(settings.minutes or 0.0, used) + number if more else number
        if total <= used:
            raise SettingsError(
                f"--minutes {minutes}: {used:.1f} minutes are used already; --minutes +10 gives ten more"
            )
        settings = dataclasses.replace(settings, minutes=total)
    if submissions is not None:
        more, number = _parsed(submissions, "--submissions", whole=True)
        total_submissions = settings.submissions + int(number) if more else int(number)
        most_used = _most_submitted(folder, settings)
        if total_submissions < most_used:
            raise SettingsError(
                f"--submissions {submissions}: {most_used} of one researcher are used already; "
                "--submissions +5 gives five more"
            )
        settings = dataclasses.replace(settings, submissions=total_submissions)
        if settings.submissions_in_all is not None and more:
            in_all = settings.submissions_in_all + int(number) * settings.researchers
            settings = dataclasses.replace(settings, submissions_in_all=in_all)
    if settings != before:
        folder.describe({**_content(folder), "settings": settings.as_json()})
    return settings


def number_of(text: str, option: str, *, whole: bool = False) -> float:
    """The value of an option of a new run; `SettingsError` for "+10", which is for one that goes on."""
    more, number = _parsed(text, option, whole=whole)
    if more:
        raise SettingsError(
            f"{option} {text} adds to a run that there is: give --resume RUN, or leave out the +"
        )
    return number


def to_start(folder: LabFolder, settings: Settings) -> list[str]:
    """Researchers who may still do something: hand in a method, or end a session that was broken off."""
    names = [f"r{i + 1}" for i in range(settings.researchers)]
    try:
        store = database.open(folder.storage)
    except NoLab:
        return names
    if settings.minutes is not None and elapsed_before(folder) >= settings.minutes * 60 * (1 - RESERVE):
        return []
    with store.read() as tx:
        state = {researcher.name: researcher.state for researcher in researchers.all(tx)}
        submitted = {name: submissions.count(tx, name) for name in names}
    store.close()
    return [
        name
        for name in names
        if submitted[name] < settings.submissions or state.get(name, "waiting") in ("waiting", "working")
    ]


def _refuse_other_testbed(folder: LabFolder, settings: Settings) -> None:
    """`SettingsError` where `lab.json` was changed to another testbed than the run's."""
    try:
        store = database.open(folder.storage)
    except NoLab:
        return
    try:
        with store.read() as tx:
            refuse_other_testbed(tx, settings)
    finally:
        store.close()


def _most_submitted(folder: LabFolder, settings: Settings) -> int:
    """Highest number of submissions that any researcher has used."""
    try:
        store = database.open(folder.storage)
    except NoLab:
        return 0
    with store.read() as tx:
        most = max((submissions.count(tx, f"r{i + 1}") for i in range(settings.researchers)), default=0)
    store.close()
    return most


def _content(folder: LabFolder) -> dict[str, object]:
    return {name: value for name, value in folder.read_description().items() if name != "format"}


def _parsed(text: str, option: str, *, whole: bool = False) -> tuple[bool, float]:
    """Sign (true for a leading plus) and number in `text`; `SettingsError` unless it is in (0, MOST_MINUTES]."""
    try:
        number = float(text.removeprefix("+"))
    except ValueError:
        number = float("nan")
    if not 0 < number <= MOST_MINUTES or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        raise SettingsError(
            f"{option} {text}: give {kind} from {'1' if whole else 'above 0'} to {MOST_MINUTES:,.0f}, such as 10; or, "
            "with --resume, +10 for ten more"
        )
    return text.startswith("+"), number
