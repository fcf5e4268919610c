"""Supervisors, floors and ceilings of a lab: the only training that ever sees the truth.

Each job is one fine-tune whose result is a file; the file is the record that it is done, as long as it
carries the key of what the job is made from now (`content_keys`). Several processes share the jobs through
locks that the kernel frees when a process dies, so a job is done once, in order, and again only if it was
cut short. Each holds one of the lab's cores, like a run of a method (`aar.allotment`).

    supervisor K of a split   weak model on true labels of the labelled examples; its probabilities on the
                              unlabelled items are the weak labels, its test correctness is floor K; runs
                              may ask companions of their supervisor too (`aar.seeds.supervisors_of`)
    ceiling K                 strong model on the true labels of the unlabelled items that students get
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from aar import database
from aar.allotment import Allotment
from aar.database import runs, waiting
from aar.errors import NoLab, WrongFormat
from aar.folder import LabFolder
from aar.scoring.content_keys import ContentKeys, taught
from aar.scoring.prepare import write_practice
from aar.scoring.vault import ReferenceKind, Vault, give_to_folder_owner
from aar.seeds import supervisors_of
from aar.settings import Settings
from w2s.records import Example, SplitName

if TYPE_CHECKING:
    from aar.students.shelf import Shelf, Which

WAIT_SECONDS = 0.5

Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class ReferenceJob:
    """One fine-tune on the truth: supervisor or ceiling `k` (from 0; companions have far higher numbers)."""

    role: Literal["supervisor", "ceiling"]
    split: SplitName
    k: int

    @property
    def kind(self) -> ReferenceKind:
        """What its test correctness is."""
        return "floor" if self.role == "supervisor" else "ceiling"

    def __str__(self) -> str:
        return f"{self.split} {self.role} {self.k + 1}"


def floors(settings: Settings, split: SplitName) -> int:
    """Supervisors that the floor of a split is measured over: never fewer than its runs learn from."""
    return max(settings.floors, _runs(settings, split))


def _runs(settings: Settings, split: SplitName) -> int:
    """Most runs of one submission on a split at the first try."""
    if split == "dev":
        return max(settings.baseline_seeds, settings.dev_seeds)
    return settings.sealed_seeds


def plan(
    settings: Settings, *, only: str | None = None, sealed_supervisors: int | None = None
) -> list[ReferenceJob]:
    """Every reference job of a lab, in the order in which a run needs them; what only the figures need is last."""

    def jobs(
        role: Literal["supervisor", "ceiling"], split: SplitName, end: int, start: int = 0
    ) -> list[ReferenceJob]:
        return [ReferenceJob(role, split, k) for k in range(start, end)]

    def companions(split: SplitName, end: int) -> list[ReferenceJob]:
        return [ReferenceJob("supervisor", split, one) for k in range(end) for one in supervisors_of(k)[1:]]

    sealed_floors = max(sealed_supervisors or 0, floors(settings, "sealed"))
    everything = [
        *jobs("supervisor", "dev", _runs(settings, "dev")),
        *jobs("supervisor", "practice", 1),
        *companions("practice", 1),
        *companions("dev", _runs(settings, "dev")),
        *jobs("ceiling", "dev", settings.ceilings),
        *jobs("supervisor", "dev", floors(settings, "dev"), _runs(settings, "dev")),
        *jobs("supervisor", "sealed", settings.sealed_seeds),
        *jobs("ceiling", "sealed", settings.ceilings),
        *jobs("supervisor", "sealed", sealed_floors, settings.sealed_seeds),
        *companions("sealed", sealed_floors),
    ]
    return [job for job in everything if only is None or f"{job.role}s" == only]


def run_references(
    folder: LabFolder,
    *,
    progress: Progress,
    only: str | None = None,
    sealed_supervisors: int | None = None,
) -> None:
    """Do every job that is not done, together with whatever other processes do the same.

    `progress` gets {"done", "total", "what"} when a job starts and at the end. Returns when all jobs are
    done, whoever did them. Files that were made from something else are removed first; `WrongFormat` if runs
    were scored with them already.
    """
    from aar.students.data import load_testbed, weak_path
    from aar.students.shelf import Shelf

    settings = Settings.from_json(folder.read_description()["settings"])
    jobs = plan(settings, only=only, sealed_supervisors=sealed_supervisors)
    cores = Allotment(folder.cores, settings.slots)
    testbed = load_testbed(folder.service)
    shelf = Shelf(testbed)  # never serves a method; gone with this process
    vault = Vault(folder.vault)
    keys = ContentKeys(vault, testbed)
    _remove_foreign(folder, vault, keys)

    def done(job: ReferenceJob) -> bool:
        if job.role == "supervisor" and not weak_path(folder.service, job.split, job.k).is_file():
            return False
        return vault.reference_key(job.kind, job.split, job.k) == keys.of(job)

    total = len(jobs)
    while missing := [job for job in jobs if not done(job)]:
        worked = False
        for job in missing:
            with _locked(_lock_of(vault, job)) as mine:
                if not mine or done(job):
                    continue
                progress({"done": sum(map(done, jobs)), "total": total, "what": str(job)})
                with cores.core():
                    _do(job, folder, vault, shelf, key=keys.of(job))
                worked = True
        if not worked:
            time.sleep(WAIT_SECONDS)  # the rest is in other hands; take over if they die
    progress({"done": total, "total": total, "what": "references"})


def _remove_foreign(folder: LabFolder, vault: Vault, keys: ContentKeys) -> None:
    """Remove every file, needed or not, that another model, recipe, item, seed or version of the code made."""
    from aar.students.data import weak_path

    for path in sorted((vault.path / "references").glob("*.safetensors")):
        kind, split, k = path.stem.split("-")
        job = ReferenceJob("supervisor" if kind == "floor" else "ceiling", cast(SplitName, split), int(k))
        with _locked(_lock_of(vault, job)) as mine:
            if not mine or vault.reference_key(job.kind, job.split, job.k) == keys.of(job):
                continue
            if _scored(folder):
                raise WrongFormat(
                    f"{folder.path} was scored with other models, recipes or training code than there are now "
                    f"({path.name} does not fit); use those, or begin a new lab: figures of both would not compare"
                )
            if job.role == "supervisor":
                weak_path(folder.service, job.split, job.k).unlink(missing_ok=True)
            path.unlink(missing_ok=True)


def _scored(folder: LabFolder) -> bool:
    """Whether any run of this lab has ended."""
    try:
        store = database.open(folder.database)
    except NoLab:
        return False
    with store.read() as tx:
        found = waiting.counts(tx)
    store.close()
    return any(found.get(state) for state in runs.ENDED)


def _lock_of(vault: Vault, job: ReferenceJob) -> Path:
    return vault.path / "references" / f".{job.kind}-{job.split}-{job.k}.lock"


def _do(job: ReferenceJob, folder: LabFolder, vault: Vault, shelf: Shelf, *, key: str) -> None:
    from aar.students.data import write_weak

    split = vault.splits[job.split]
    which: Which = "weak" if job.role == "supervisor" else "strong"
    examples = taught(vault, job.split) if job.role == "supervisor" else split.unlabelled
    student = shelf.student(which, split.world, vault.seed(job.role, job.split, job.k))
    student.finetune(examples, _unflipped(examples), vault.labels(examples))
    if job.role == "supervisor":
        soft = student.predict(split.unlabelled, _unflipped(split.unlabelled))
        give_to_folder_owner(write_weak(folder.service, job.split, job.k, soft))
        if job.split == "practice" and job.k == 0:
            write_practice(folder, split, weak=soft)
    test = student.predict(split.test, _unflipped(split.test))
    vault.store_reference(job.kind, job.split, job.k, vault.test_items(job.split).correct(test), key=key)


def _unflipped(examples: tuple[Example, ...]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.zeros(len(examples), dtype=np.bool_)


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Whether this process got the lock at `path`; it is given back at the end, or when we die."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
