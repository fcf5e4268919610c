"""Supervisors, floors and ceilings of a lab: the only training that ever sees the truth.

Each job is one fine-tune whose result is a file; the file is the record that it is done, as long as it
carries the key of what the job is made from now (`reference_keys`). The lab says which job is next
(`aar.lab.references`), since it alone knows what waits; a process of this module does it and says no more
than that it is done.

    supervisor K of a split   weak model on true labels of the labelled examples; its probabilities on the
                              unlabelled items are the weak labels, its test correctness is floor K; runs
                              may ask companions of their supervisor too (`aar.seeds.supervisors_of`)
    ceiling K                 strong model on the true labels of the unlabelled items that students get

A training that collapsed is thrown away, and counted, before anything is measured of it (`w2s.weak_labels.collapse`).
Reference K of a split is about the part of it, the world, that pair of seeds K is about.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from aar import database
from aar.database import runs, waiting
from aar.database.trainings import Role
from aar.errors import NoLab, ScoringError, WrongFormat
from aar.folder import LabFolder
from aar.scoring.truth.preparation import write_practice
from aar.scoring.truth.reference_jobs import ReferenceJob
from aar.scoring.truth.reference_keys import ReferenceKeys, taught
from aar.scoring.truth.vault import Vault, give_to_folder_owner
from w2s.records import Example, FloatArray, Split, SplitName
from w2s.weak_labels.collapse import Collapse, collapse_of

if TYPE_CHECKING:
    from aar.students.shelf import Shelf, Which
    from w2s.models import TextStudent
    from w2s.testbeds import Testbed


TRIES = 5
"""Seeds that a training may take before its recipe is blamed."""


class References:
    """Trains the references of one lab; never serves a method."""

    def __init__(self, folder: LabFolder) -> None:
        self.folder = folder
        self.vault = Vault(folder.vault)

    @cached_property
    def testbed(self) -> Testbed:
        """The lab's testbed."""
        from aar.students.data import load_testbed

        return load_testbed(self.folder.service)

    @cached_property
    def keys(self) -> ReferenceKeys:
        """Keys of the references that this version makes."""
        return ReferenceKeys(self.vault, self.testbed)

    @cached_property
    def shelf(self) -> Shelf:
        """The models; gone with this process."""
        from aar.students.shelf import Shelf

        return Shelf(self.testbed)

    def there(self) -> list[ReferenceJob]:
        """Every job that is done, whatever the settings ask for."""
        return [job for job in self._files() if self.done(job)]

    def done(self, job: ReferenceJob) -> bool:
        """True if the job's file, and a supervisor's weak labels, exist and were made from today's inputs."""
        from aar.students.data import weak_path

        if job.role == "supervisor" and not weak_path(self.folder.service, job.split, job.k).is_file():
            return False
        return self.keys.fits(self.vault.reference_key(job.kind, job.split, job.k), job)

    def remove_foreign(self) -> None:
        """Remove every file, needed or not, that another model, recipe, item, seed or version of the code made.

        `WrongFormat` if runs were scored with it already.
        """
        from aar.students.data import weak_path

        for job in self._files():
            path = self.vault.reference_path(job.kind, job.split, job.k)
            if self.keys.fits(self.vault.reference_key(job.kind, job.split, job.k), job):
                continue
            if _scored(self.folder):
                raise WrongFormat(
                    f"{self.folder.path} was scored with other models, recipes or training code than there are now "
                    f"({path.name} does not fit); use those, or begin a new lab: figures of both would not compare"
                )
            if job.role == "supervisor":
                weak_path(self.folder.service, job.split, job.k).unlink(missing_ok=True)
            path.unlink(missing_ok=True)

    def train(self, job: ReferenceJob) -> None:
        """Do one job, whole or not at all."""
        from aar.students.data import write_weak

        vault = self.vault
        part = vault.part(job.split, job.k)
        student, soft, collapsed = self._trained(job, part)
        test = student.predict(part.test, _unflipped(part.test))
        correct = vault.test_items(part).correct(test)
        if job.role == "supervisor":
            give_to_folder_owner(write_weak(self.folder.service, job.split, job.k, soft))
            if job.split == "practice" and job.k == 0:
                write_practice(self.folder, part, weak=soft)
        vault.store_reference(job.kind, job.split, job.k, correct, key=self.keys.of(job), collapsed=collapsed)

    def _trained(self, job: ReferenceJob, part: Split) -> tuple[TextStudent, FloatArray, int]:
        """A model that has not collapsed, its answers on the unlabelled items, and how many collapsed before it.

        `ScoringError` where all of several seeds collapse: then it is the recipe, and nothing can be scored.
        """
        vault = self.vault
        which: Which = "weak" if job.role == "supervisor" else "strong"
        examples = taught(vault, job) if job.role == "supervisor" else part.unlabelled
        labels = vault.labels(examples)
        reasons: list[Collapse] = []
        while len(reasons) < TRIES:
            seed = vault.seed(job.role, job.split, job.k, again=len(reasons))
            student = self.shelf.student(which, part.world, seed)
            student.finetune(examples, _unflipped(examples), labels)
            # a ceiling is taught the unlabelled items themselves, so that it is looked at on those
            soft = student.predict(part.unlabelled, _unflipped(part.unlabelled))
            own = soft if examples is part.unlabelled else student.predict(examples, _unflipped(examples))
            reason = collapse_of(own, labels, soft)
            if reason is None:
                return student, soft, len(reasons)
            reasons.append(reason)
        raise ScoringError(
            f"{job} collapsed with {TRIES} seeds ({', '.join(reasons)}): the {which} model of {self.testbed.name} does "
            "not learn under its recipe; change the recipe (epochs, learning rate) or the model"
        )

    def _files(self) -> list[ReferenceJob]:
        files = []
        for path in sorted((self.vault.path / "references").glob("*.safetensors")):
            kind, split, k = path.stem.split("-")
            role: Role = "supervisor" if kind == "floor" else "ceiling"
            files.append(ReferenceJob(role, cast(SplitName, split), int(k)))
        return files


def serve_references(
    folder: LabFolder, *, asked: Iterable[str], say: Callable[[dict[str, Any]], None]
) -> None:
    """Do what is `asked`, a JSON array [role, split, k] a line, until no more comes.

    Says {"there": [[role, split, k], ...]} first, then {"done": [role, split, k], "seconds", "core_seconds"} for each.
    """
    references = References(folder)
    say({"there": [list(job.place) for job in references.there()]})
    for line in asked:
        job = ReferenceJob(*json.loads(line))
        began, spent = time.monotonic(), _core_seconds()
        if not references.done(job):
            references.train(job)
        say(
            {
                "done": list(job.place),
                "seconds": round(time.monotonic() - began, 3),
                "core_seconds": round(_core_seconds() - spent, 3),
            }
        )


def _core_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _scored(folder: LabFolder) -> bool:
    """True if any run of this lab has ended."""
    try:
        store = database.open(folder.storage)
    except NoLab:
        return False
    with store.read() as tx:
        counts = waiting.counts(tx)
    store.close()
    return any(counts.get(state) for state in runs.ENDED)


def _unflipped(examples: tuple[Example, ...]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.zeros(len(examples), dtype=np.bool_)
