"""The same method again is no second chance: it is answered as it was before, and paid for like any other.

Identical code is answered from what was decided of it. Nearly identical is a submission whose answers differ from
those of one that was answered earlier in less than 2 % (the mean absolute difference of per-item correctness, seed by
seed), whoever made either: with the seeds that each was run on, or, for a would-be record, with the seeds of the
submission whose code is most like it, with which it is run again.

What sealed or the audits said of one author's method is not said of another's that only answers nearly the same on
dev: a twin that behaves there and breaks in its confirmation would burn an honest method. That one is judged, at its
own author's level.

Which answers differ does not depend on what is true, so that saying so tells nothing about labels.

Covered: the same code under another title; a comment, a name or an order changed to draw new seeds; questions about
single items, each a small change of the last. Not covered: a method that answers at random in a few per cent of the
items, or differently where it finds ids that it has met; code rewritten so that it is like none before, with other
seeds. All of these still have to pass the gate, and the audits of lottery and chain look at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from aar.database import Database, wanted_runs
from aar.database.researchers import LAB, OPERATORS
from aar.database.submissions import Status, Submission
from aar.database.wanted_runs import WantedRun
from aar.scoring.audits import rules
from aar.scoring.audits.history import alike
from aar.scoring.evidence.board import Board, makes_good
from aar.scoring.evidence.correctness import Rows, stacked
from aar.scoring.evidence.evidence import Evidence

NEAR = 0.02
"""Share of answers that differ below which two submissions are nearly the same."""


def same_code(board: Board, one: Submission) -> Submission | None:
    """The first submission of this very code, if `one` came later; what an operator submits does not count."""
    if one.researcher in (LAB, *OPERATORS):
        return None
    first = board.named(board.first[one.code_hash])
    return None if first.id == one.id else first


def holds_for(one: Submission, earlier: Submission) -> bool:
    """Whether the answer to `earlier`, whose answers on dev are nearly the same, is one to `one` too.

    Between authors only what dev itself decided is: that it gains nothing, or that the record is made.
    """
    return one.researcher == earlier.researcher or earlier.status in ("pending", "no_improvement", "verified")


def answer(earlier: Submission, *, identical: bool, named: bool = True) -> tuple[Status, str]:
    """Word and words for a submission that repeats an earlier one, which is decided.

    No record is made twice, and only the very code that was audited can be said to break a rule. Where the author may
    not know of the other submission it is not `named`.
    """
    what = "the same code as" if identical else "nearly the same answers as"
    which = earlier.id if named else "an earlier submission"
    words = f"{what} {which}, which was answered: {earlier.reply}"
    kept: tuple[Status, ...] = ("failed", "not_reproduced", "violation") if identical else ("not_reproduced",)
    return earlier.status if earlier.status in kept else "no_improvement", words


@dataclass
class Duplicates:
    """Looks for what a submission repeats; `code` gives the files of a submission."""

    database: Database
    evidence: Evidence
    code: Callable[[Submission], Mapping[str, str]]
    _rows: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict, repr=False)

    def near(self, board: Board, one: Submission, rows: Rows) -> Submission | None:
        """The submission answered earlier whose answers are the nearest to `rows`, if nearly the same."""
        mine = self._flat(rows)
        known = [
            (other, found)
            for other in self._earlier(board, one)
            if holds_for(one, other) and (found := self._known(board, other)) is not None
        ]
        if not known:
            return None
        apart = np.abs(np.stack([found for _, found in known]) - mine).mean(axis=1)
        best = int(np.argmin(apart))
        return known[best][0] if apart[best] < NEAR else None

    def recomputed(self, board: Board, one: Submission) -> Submission | Literal["none", "waiting"]:
        """The submission that `one` repeats but for its seeds; "waiting" while the runs that show it are to come."""
        with self.database.read() as tx:
            asked = [run.seeds_of for run in wanted_runs.of(tx, one.id) if run.seeds_of]
        if not asked:
            other = self._most_alike(board, one)
            if other is None:
                return "none"
            with self.database.write() as tx:
                again = range(self.evidence.settings.dev_seeds)
                wanted_runs.add(tx, one.id, [WantedRun("dev", k, seeds_of=other.code_hash) for k in again])
            return "waiting"
        other = next((known for known in self._earlier(board, one) if known.code_hash == asked[0]), None)
        if other is None or not holds_for(one, other):
            return "none"
        runs = board.recomputed.get((one.code_hash, other.code_hash), ())
        outcome = self.evidence.results.outcome(
            runs, "dev", needed=self.evidence.settings.dev_seeds, waits=False
        )
        theirs = self._known(board, other)
        if outcome.state == "waiting":
            return "waiting"
        if outcome.state != "complete" or theirs is None:  # what breaks with other seeds is another method
            return "none"
        return other if float(np.abs(self._flat(outcome.rows) - theirs).mean()) < NEAR else "none"

    def _earlier(self, board: Board, one: Submission) -> Iterator[Submission]:
        """What researchers were told something about by its own runs on dev, but for what `one` makes good."""
        for (id, stage), verdict in board.verdicts.items():
            told = stage == "dev" and verdict.status != "failed" and verdict.figures.same_as is None
            other = board.named(id)
            if told and other.researcher not in (LAB, *OPERATORS) and not makes_good(one, other):
                yield other

    def _most_alike(self, board: Board, one: Submission) -> Submission | None:
        code = self.code(one)
        found = [(alike(self.code(other), code), other) for other in self._earlier(board, one)]
        likeness, other = max(found, key=lambda pair: pair[0], default=(0.0, None))
        return other if likeness >= rules.RESUBMISSION_LIKENESS else None

    def _known(self, board: Board, other: Submission) -> npt.NDArray[np.float32] | None:
        if other.id not in self._rows:
            outcome = self.evidence.outcome(board, other, "dev")
            if outcome.state != "complete":  # its arrays are damaged: there is nothing to compare with
                return None
            self._rows[other.id] = self._flat(outcome.rows)
        return self._rows[other.id]

    def _flat(self, rows: Rows) -> npt.NDArray[np.float32]:
        first = sorted(rows)[: self.evidence.settings.dev_seeds]
        return stacked(rows, first).astype(np.float32).ravel()
