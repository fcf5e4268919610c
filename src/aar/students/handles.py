"""The handles of one run: salted ids and shuffled rows, so that nothing about an item outlives the run.

Ids are an HMAC of the example's id under the run's salt; rows, group codes and answer codes are in an
order drawn from the salt. The same salt gives the same handles.

A handle keeps its id, group and answer code; what it is about (text, weak label, every answer of a model, truth)
is that of its source row, which for swapped groups is another one (`aar.students.interventions.swap`).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aar.students import interventions
from aar.students.interventions import NONE, Intervention, Shown, stream
from w2s.contract import RunIds
from w2s.records import BoolArray, Example, FloatArray, IdArray, IntArray, Split


@dataclass(frozen=True)
class Chosen:
    """Items that a request names: their source rows (unlabelled first, then test) and the order of a pair, [n]."""

    rows: IntArray
    flipped: BoolArray

    def __len__(self) -> int:
        return len(self.rows)


class Handles:
    """Both ways between a split's rows and what one run is shown of them.

    `examples` are the unlabelled rows followed by the test rows, in the split's own order; a row is an
    index into them. `shown_unlabelled` and `shown_test` list rows in the order that the run sees, all of them
    unless an intervention leaves some out. `source` gives the source row of each row.
    """

    def __init__(
        self, split: Split, salt: bytes, *, swapped: float = 0.0, intervention: Intervention = NONE
    ) -> None:
        self.examples: tuple[Example, ...] = (*split.unlabelled, *split.test)
        self.n_unlabelled, self.n_test = len(split.unlabelled), len(split.test)
        self.pairs = all(example.answer is None for example in self.examples)
        rng = stream(salt, "rows")
        shuffled = Shown(
            rng.permutation(self.n_unlabelled).astype(np.int64), rng.permutation(self.n_test).astype(np.int64)
        )
        shown = intervention.show(split, shuffled, salt)
        self.shown_unlabelled: IntArray = shown.unlabelled
        self.shown_test: IntArray = self.n_unlabelled + shown.test
        chance = stream(salt, "swap")
        pools = (split.unlabelled, split.test)
        moved = [interventions.swap(pool, swapped, chance) for pool in pools]
        self.source: IntArray = np.concatenate([moved[0], self.n_unlabelled + moved[1]])
        self.ids: IdArray = np.array(
            [
                int.from_bytes(hmac.digest(salt, example.id.encode(), "sha256")[:8], "big")
                for example in self.examples
            ],
            dtype=np.uint64,
        )
        every = np.concatenate([self.shown_unlabelled, self.shown_test])
        self._shown: IntArray = every
        self._run_ids = RunIds(self.ids[self.shown_unlabelled], self.ids[self.shown_test], pairs=self.pairs)
        self._groups = self._codes([self.examples[row].group for row in every], every)
        self._answers = np.zeros(len(self.examples), dtype=np.int64)
        within: dict[str, dict[str | None, int]] = {}
        for row in every:
            example = self.examples[row]
            codes = within.setdefault(example.group, {})
            self._answers[row] = codes.setdefault(example.answer, len(codes))

    @property
    def handle(self) -> IntArray:
        """The row under whose handle each source row was served, -1 for one that was not, [n]."""
        handles = np.full(len(self.examples), -1, dtype=np.int64)
        handles[self.source[self._shown]] = self._shown
        return handles

    def rows(self) -> dict[str, FloatArray]:
        """Under whose handle each row of a pool was served, by source row, -1 for one that was not."""
        n = self.n_unlabelled
        return {
            "unlabelled_handle": self.handle[:n].astype(np.float64),
            "test_handle": np.maximum(self.handle[n:] - n, -1).astype(np.float64),
        }

    def arrays(self, name: str, lengths: IntArray) -> dict[str, npt.NDArray[np.generic]]:
        """A run's view of the pool `name` ("unlabelled" or "test"); `lengths` by source row."""
        rows = self.shown_unlabelled if name == "unlabelled" else self.shown_test
        shown: dict[str, npt.NDArray[np.generic]] = {
            f"{name}_ids": self.ids[rows],
            f"{name}_group": self._groups[rows],
            f"{name}_length": lengths[self.source[rows]],
        }
        if not self.pairs:
            shown[f"{name}_answer"] = self._answers[rows]
        return shown

    def choose(self, ids: IdArray, flipped: BoolArray, *, trained_on: bool = False) -> Chosen:
        """Source rows of `ids`, which may repeat.

        Raises `WrongIds` for ids outside the run, for test items where they would be `trained_on`, and for
        a swap of what is not a pair; `TooMuch` for more items than one request may name.
        """
        places = self._run_ids.places(ids, flipped, trained_on=trained_on)
        return Chosen(self.source[self._shown[places]], flipped)

    def predictions(self, ids: IdArray, probabilities: FloatArray) -> FloatArray:
        """Predictions in the source rows' own order, .5 where a row was not served.

        Raises `WrongIds` unless each test item that was shown is there exactly once, `BadPredictions` for numbers
        that are no probabilities.
        """
        ordered = np.full(self.n_test, 0.5)
        rows = self.source[self.shown_test] - self.n_unlabelled
        ordered[rows] = self._run_ids.predicted(ids, probabilities)
        return ordered

    @staticmethod
    def _codes(names: Sequence[str], rows: IntArray) -> IntArray:
        codes: dict[str, int] = {}
        by_row = np.zeros(int(rows.max()) + 1 if len(rows) else 0, dtype=np.int64)
        for name, row in zip(names, rows, strict=True):
            by_row[row] = codes.setdefault(name, len(codes))
        return by_row
