"""Content of a lab's files: items, floors and ceilings from the vault, arrays of runs, submitted code.

Nothing that is read here ever changes, so each file is read once; what is run and decided is the board's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import numpy as np

from aar.database.runs import Run
from aar.database.submissions import Submission
from aar.scoring.audits import Pool
from aar.scoring.evidence.correctness import read_arrays, read_predictions
from aar.scoring.truth.parts import Rows, TestParts
from aar.scoring.truth.vault import Vault
from w2s.records import Example, FloatArray, SplitName

Role = Literal["unlabelled", "test"]
Arm = Literal["floor", "plain"]
"""What tells how good a supervisor is: its own accuracy, or that of a plain student of it."""


@dataclass
class Source:
    """Reads the files of one lab.

    Attributes:
        vault: The lab's vault.
        blobs: Folder of the arrays of runs.
        code: Gives the files of a submission.
        typical: Mean accuracy over many supervisors, by split and world, where the testbed was measured.
    """

    vault: Vault
    blobs: Path
    code: Callable[[Submission], Mapping[str, str]]
    typical: Mapping[tuple[str, str], Mapping[Arm, float]] = field(default_factory=dict)
    _correct: dict[str, FloatArray] = field(default_factory=dict, repr=False)
    _items: dict[SplitName, TestParts] = field(default_factory=dict, repr=False)
    _pools: dict[tuple[SplitName, str, Role], Pool] = field(default_factory=dict, repr=False)
    _texts: frozenset[str] | None = field(default=None, repr=False)

    def items(self, split: SplitName) -> TestParts:
        """Test items of every part of a split."""
        if split not in self._items:
            self._items[split] = TestParts(tuple(map(self.vault.test_items, self.vault.splits[split])))
        return self._items[split]

    def typical_of(self, split: SplitName, parts: Sequence[int], *, of: Arm) -> FloatArray | None:
        """Accuracy of typical supervisors, or of their plain students, in parts of a split; None where not known."""
        found = [self.typical.get((split, self.vault.splits[split][part].world)) for part in parts]
        known = [one[of] for one in found if one is not None]
        return np.array(known) if known and len(known) == len(found) else None

    def references(self, kind: Literal["floor", "ceiling"], split: SplitName, count: int) -> Rows | None:
        """Correctness of the first `count` floors or ceilings of a split, or None while one is missing."""
        rows: dict[int, FloatArray] = {}
        for k in range(count):
            name = f"{kind}-{split}-{k}"
            if name not in self._correct:
                correct = self.vault.reference(kind, split, k)
                if correct is None:
                    return None
                self._correct[name] = correct
            rows[k] = self._correct[name]
        return rows

    def correct(self, run: Run, split: SplitName) -> FloatArray:
        """Per-item correctness of a finished run, [n]; `ScoringError` if its arrays are damaged."""
        if run.key not in self._correct:
            items = self.items(split).of(run.supervisor_seed)
            self._correct[run.key] = items.correct(read_predictions(self.blobs, run, items))
        return self._correct[run.key]

    def arrays(self, run: Run) -> dict[str, FloatArray]:
        """All arrays of a finished run; `ScoringError` if they are damaged. Read each time: they are large."""
        return read_arrays(self.blobs, run)

    def pool(self, split: SplitName, k: int, role: Role) -> Pool:
        """Truth, questions and answers of the items that pair `k` of a split has in one role."""
        part = self.vault.part(split, k)
        if (split, part.world, role) not in self._pools:
            examples: tuple[Example, ...] = getattr(part, role)
            self._pools[split, part.world, role] = pool_of(examples, self.vault.labels(examples))
        return self._pools[split, part.world, role]

    def hidden_texts(self) -> frozenset[str]:
        """Field values of scored items that no researcher may know."""
        if self._texts is None:

            def texts(name: SplitName) -> set[str]:
                return {
                    text
                    for part in self.vault.splits[name]
                    for example in (*part.labelled, *part.unlabelled, *part.test)
                    for text in example.fields.values()
                }

            self._texts = frozenset(texts("dev") | texts("sealed")) - texts("practice")
        return self._texts

    def half_of(self, code_hash: str) -> np.random.Generator:
        """The chance that chooses the half of dev on which a noisy score of this code is measured."""
        return np.random.default_rng(int.from_bytes(self.vault.bytes_for("half", code_hash), "big"))


def pool_of(examples: Sequence[Example], truth: FloatArray) -> Pool:
    """Codes of questions and answers; a pair's answer is its own.

    >>> items = [Example(str(i), "verification", {}, "q", answer) for i, answer in enumerate("aba")]
    >>> pool_of(items, np.array([1.0, 0, 1])).answer.tolist()
    [0, 1, 0]
    """
    groups: dict[str, int] = {}
    answers: dict[tuple[str, str], int] = {}
    group = [groups.setdefault(e.group, len(groups)) for e in examples]
    answer = [
        answers.setdefault((e.group, e.answer if e.answer is not None else f"pair {i}"), len(answers))
        for i, e in enumerate(examples)
    ]
    return Pool(truth, np.array(group, dtype=np.int64), np.array(answer, dtype=np.int64))


def split_of(run: Run) -> SplitName:
    """The split that a run was made on."""
    return cast(SplitName, run.split)
