"""A run that goes on: with more time or work than before, and with those researchers who may still do something."""

from __future__ import annotations

from aar import database
from aar.database import Transaction, meta, researchers, spending, submissions
from aar.database.progress import EndReason
from aar.database.spending import Spending
from aar.errors import NoLab
from aar.folder import LabFolder
from aar.lab import budgets
from aar.lab.going_on import refuse_other_testbed
from aar.lab.intake import RESERVE
from aar.lab.study_end import elapsed_before
from aar.launch.changes import Changes, Used
from aar.settings import Settings


def extended(folder: LabFolder, settings: Settings, changes: Changes) -> Settings:
    """The settings of a run that goes on, written into `lab.json` where they differ; raises `SettingsError`."""
    _refuse_other_testbed(folder, settings)
    before = settings
    settings = changes.applied(settings, _used(folder, settings))
    if settings != before:
        folder.describe({**_content(folder), "settings": settings.as_json()})
    return settings


def to_start(folder: LabFolder, settings: Settings) -> list[str]:
    """Researchers who may still do something: hand in a method, or end a session that was broken off.

    Without those whom a person stopped.
    """
    names = [f"r{i + 1}" for i in range(settings.researchers)]
    try:
        store = database.open(folder.storage)
    except NoLab:
        return names
    if settings.minutes is not None and elapsed_before(folder) >= settings.minutes * 60 * (1 - RESERVE):
        return []
    with store.read() as tx:
        team = {researcher.name: researcher for researcher in researchers.all(tx)}
        submitted = {name: submissions.count(tx, name) for name in names}
        sums = spending.all(tx)
        clock_s = _clock(tx)
    store.close()
    study = spending.together(sums)
    state = {name: row.state for name, row in team.items()}
    stopped = {name for name, row in team.items() if row.reason is EndReason.BY_A_PERSON}
    worked = {name: row.worked_at(clock_s) for name, row in team.items()}

    def used(name: str) -> budgets.Used:
        return budgets.Used(sums.get(name, Spending()), worked.get(name, 0.0))

    return [
        name
        for name in names
        if name not in stopped
        and budgets.ends_research(settings, used(name), study) is None
        and (submitted[name] < settings.submissions or state.get(name, "waiting") in researchers.AT_WORK)
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


def _used(folder: LabFolder, settings: Settings) -> Used:
    """What the run has used so far; nothing where there is no database yet."""
    try:
        store = database.open(folder.storage)
    except NoLab:
        return Used()
    with store.read() as tx:
        sums = spending.all(tx)
        study = spending.together(sums)
        clock_s = _clock(tx)
        used = Used(
            minutes=clock_s / 60,
            submissions=max(
                (submissions.count(tx, f"r{i + 1}") for i in range(settings.researchers)), default=0
            ),
            budgets={
                "budget_usd": study.usd,
                "budget_usd_each": max((spent.usd for spent in sums.values()), default=0.0),
                "budget_tokens": study.weighted_tokens,
                "budget_tokens_each": max((spent.weighted_tokens for spent in sums.values()), default=0),
                "hours_each": max((who.worked_at(clock_s) for who in researchers.team(tx)), default=0.0)
                / 3600,
            },
        )
    store.close()
    return used


def _clock(tx: Transaction) -> float:
    """Seconds of the run's clock, as it was noted last."""
    return float(meta.find(tx, "elapsed_seconds", 0.0))


def _content(folder: LabFolder) -> dict[str, object]:
    return {name: value for name, value in folder.read_description().items() if name != "format"}
