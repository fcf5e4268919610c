"""Record of a run's end, for the next start and the report."""

from __future__ import annotations

from collections.abc import Mapping

from aar import database
from aar.database import Transaction, meta
from aar.errors import NoLab
from aar.folder import LabFolder
from aar.lab import calls, working_time
from aar.ledger import Ledger
from aar.prices import Prices
from aar.reports.ending import FAILED, Ending
from aar.researchers import answered
from aar.settings import Settings


def note_running(tx: Transaction) -> None:
    """The lab has started: how an earlier start ended is history."""
    meta.put(tx, "ending", {"code": Ending.RUNNING.value})
    meta.put(tx, "researchers_ended", {})


def note_ending(
    folder: LabFolder, settings: Settings, ending: Ending, *, elapsed: float, given_up: Mapping[str, str]
) -> None:
    """Once nobody writes any more: how the run ended, its time, calls that were cut off, who was given up, the mirror.

    `given_up` has the last words of each.
    """
    try:
        store = database.open(folder.storage)
    except NoLab:
        return
    with store.write() as tx:
        calls.lose(tx, folder, Prices(settings.prices))
        meta.put(tx, "ending", {"code": ending.value})
        meta.put(tx, "elapsed_seconds", elapsed)
        working_time.settle_all(tx, elapsed)
        ended = {name: {"code": FAILED, "words": words} for name, words in given_up.items()}
        meta.put(tx, "researchers_ended", ended)
    answered.forget_all(folder.inspect_logs)
    Ledger(store).export_jsonl(folder.ledger)
    store.close()


def elapsed_before(folder: LabFolder) -> float:
    """Seconds of the run's time that earlier starts used; 0 for a new run."""
    try:
        store = database.open(folder.storage)
    except NoLab:
        return 0.0
    with store.read() as tx:
        used = float(meta.find(tx, "elapsed_seconds", 0.0))
    store.close()
    return used
