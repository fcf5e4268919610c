"""The scorer's loop: look, decide, write, look again, for as long as the run lasts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from aar import database, locks
from aar.baseline_sets import PLAIN
from aar.database import Database
from aar.database.submissions import Submission
from aar.errors import NoLab, ScoringError
from aar.folder import LabFolder
from aar.scoring.evidence.source import Arm, Source
from aar.scoring.truth.truth_digest import commit
from aar.scoring.truth.vault import Vault
from aar.scoring.verdicts.judge import Judge
from aar.settings import settings_of
from w2s.testbeds.measured import load_measured

LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 30.0


def serve(folder: LabFolder, *, stop: threading.Event, say: Callable[[str], None]) -> None:
    """Write verdicts until `stop` is set; `say` gets a line of words for each, never a figure.

    Raises `LabBusy` if another scorer serves this lab, `ScoringError` if it was never prepared.
    """
    settings = settings_of(folder)
    vault = Vault(folder.vault)
    vault.part("dev", 0)  # a lab that was not prepared is refused now
    busy = f"another scorer already serves {folder.path}; end it first"
    with locks.held(folder.vault / ".scorer.lock", busy=busy):
        store = _opened(folder.storage, stop)
        commit(store, vault)
        source = Source(vault, folder.blobs, _code(folder), typical_supervisors(settings.testbed))
        judge = Judge(store, source, settings)
        seen = -1
        while not stop.is_set():
            # every run, submission and reference that ends is a commit: without one there is nothing to decide
            version = store.version()
            if version != seen:
                for line in judge.step():
                    say(line)
            seen = version
            stop.wait(LOOK_SECONDS)


def typical_supervisors(testbed: str) -> dict[tuple[str, str], dict[Arm, float]]:
    """Typical supervisors by split and world, from the measurement that ships with a testbed; empty without one."""
    worlds = (load_measured(testbed) or {}).get("worlds", {})
    return {
        (world["split"], world["world"]): {
            "floor": float(world["typical"]["floor"]),
            "plain": float(world["typical"][PLAIN]),
        }
        for world in worlds.values()
        if "typical" in world
    }


def _code(folder: LabFolder) -> Callable[[Submission], Mapping[str, str]]:
    """Reads submitted code as the lab laid it out: the scorer runs no git."""

    def files(submission: Submission) -> Mapping[str, str]:
        path = folder.code(submission.code_hash)
        try:
            return dict(json.loads(path.read_bytes()))
        except (OSError, ValueError) as error:
            raise ScoringError(f"{path} is missing or damaged ({error}); restart the lab") from error

    return files


def _opened(storage: Path | str, stop: threading.Event) -> Database:
    """The lab's database; the lab may still be about to make it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return database.open(storage)
        except NoLab:
            if time.monotonic() > deadline or stop.wait(LOOK_SECONDS):
                raise
