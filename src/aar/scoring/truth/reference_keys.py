"""Keys of references: a hash of all inputs of a floor, a ceiling or weak labels; other keys' files are not used.

The key covers the job, its seed, the model's files, prompt and recipe, the items learnt from and asked about
with their truth, and the version of the training code and its libraries. It never leaves the vault: it is a
hash over the truth. Former training code counts as today's where it gives the same results
(`w2s.weak_labels.training_code`).

Covered: other settings, another model, recipe, prompt, seed or item, another version of the code, a file
that was copied from another lab. Not covered: another kind of processor (see `aar doctor`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aar.scoring.truth.reference_jobs import ReferenceJob
from aar.scoring.truth.vault import Vault
from w2s.records import Example
from w2s.weak_labels.training_code import accepted_code_versions, code_version

if TYPE_CHECKING:
    from w2s.testbeds import Testbed


@dataclass
class ReferenceKeys:
    """The keys of one lab's references, by what lies in its vault and what its testbed is now."""

    vault: Vault
    testbed: Testbed
    _digests: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def of(self, job: ReferenceJob) -> str:
        """The key that a result of `job` gets, as 64 hexadecimal digits."""
        return self._key(job, code_version())

    def fits(self, key: str | None, job: ReferenceJob) -> bool:
        """True if a result of `job` with this key equals that of today's code, by its key or by that of former code."""
        return any(key == self._key(job, version) for version in accepted_code_versions())

    def _key(self, job: ReferenceJob, code: str) -> str:
        world = self.testbed.worlds[self.vault.part(job.split, job.k).world]
        supervisor = job.role == "supervisor"
        recipe = self.testbed.weak_recipe if supervisor else self.testbed.recipe
        return _digest(
            {
                "job": [job.role, job.split, job.k],
                "seed": self.vault.seed(job.role, job.split, job.k),
                "model": self._model(world.weak if supervisor else world.strong),
                "prompt": [
                    self.testbed.template,
                    self.testbed.labels,
                    self.testbed.zero_shot_template,
                    self.testbed.zero_shot_labels,
                ],
                "recipe": asdict(recipe),
                "learnt": self._items(job, "labelled" if supervisor else "unlabelled"),
                "asked": [self._items(job, role) for role in ("unlabelled", "test")],
                "code": code,
            }
        )

    def _items(self, job: ReferenceJob, role: str) -> str:
        part = self.vault.part(job.split, job.k)
        known = (f"{job.split} {part.world}", role)
        if known not in self._digests:
            examples: Sequence[Example] = getattr(part, role)
            if role == "labelled":
                examples = taught(self.vault, job)
            self._digests[known] = _digest(
                [
                    [example.id, example.kind, sorted(example.fields.items()), self.vault.truth[example.id]]
                    for example in examples
                ]
            )
        return self._digests[known]

    def _model(self, place: Path | str) -> str:
        """Digest of every file of a checkpoint; a name from a hub stands for itself."""
        if ("model", str(place)) not in self._digests:
            folder = Path(place)
            files: list[list[str]] = [[str(place)]]
            if folder.is_dir():
                files = []
                for path in sorted(folder.iterdir()):
                    if path.is_file():
                        with path.open("rb") as file:
                            files.append([path.name, hashlib.file_digest(file, "sha256").hexdigest()])
            self._digests["model", str(place)] = _digest(files)
        return self._digests["model", str(place)]


def taught(vault: Vault, job: ReferenceJob) -> tuple[Example, ...]:
    """The examples that a supervisor learns from: practice has none of its own and takes those of dev in its world."""
    part = vault.part(job.split, job.k)
    return part.labelled or next(dev.labelled for dev in vault.splits["dev"] if dev.world == part.world)


def _digest(what: Any) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
