"""What verdicts rest on: each side's correctness, once all of it is there, and the Ladder's comparison."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aar.baseline_sets import PLAIN
from aar.database.figures import Figures
from aar.database.researchers import LAB, OPERATORS
from aar.database.submissions import Submission
from aar.database.verdicts import FLOOR
from aar.errors import ScoringError
from aar.scoring.evidence.board import Board
from aar.scoring.evidence.correctness import Outcome, Results, Rows, stacked
from aar.scoring.evidence.measures import Comparison, measure
from aar.scoring.ladder import DevDecision, judge_dev, level, seeds_for
from aar.scoring.ladder.feedback import Score, told
from aar.scoring.truth import reference_jobs
from aar.settings import Settings
from w2s.metrics import paired_gain
from w2s.records import Estimate, FloatArray, SplitName


@dataclass
class Evidence:
    """Looks up correctness for the judge; None wherever something is still to come."""

    results: Results
    settings: Settings

    def floors(self, split: SplitName) -> Rows | None:
        """Correctness of the supervisors themselves, or None until all of them are trained."""
        return self.results.references("floor", split, reference_jobs.floors(self.settings, split))

    def ceilings(self, split: SplitName) -> Rows | None:
        """Correctness of the strong model trained on the truth, or None until all are there."""
        return self.results.references("ceiling", split, self.settings.ceilings)

    def outcome(self, board: Board, one: Submission, split: SplitName) -> Outcome:
        """Where a submission's runs on one split stand."""
        return self.results.outcome(
            board.of(one, split), split, needed=self._needed(one, split), waits=board.waits(one, split)
        )

    def rows(self, board: Board, holder: str, split: SplitName) -> Rows | None:
        """The holder's correctness, or None while it is not known.

        Seeds that were added later, to compare it with others on more, may fail or be lost: those before them stand.
        """
        if holder == FLOOR:
            return self.floors(split)
        one = board.named(holder)
        outcome = self.outcome(board, one, split)
        known = outcome.state == "complete" or (
            not board.waits(one, split) and len(outcome.rows) >= self._needed(one, split)
        )
        return outcome.rows if known else None

    def plain(self, board: Board) -> str:
        """The submission that is the plain baseline, or the floor where a lab has none that runs."""
        for one in board.submissions:
            if one.researcher == LAB and one.title == PLAIN and one.status != "failed":
                return one.id
        return FLOOR

    def references_done(self, split: SplitName) -> bool:
        """Whether floors and ceilings of a split are all there; nothing is judged on it before."""
        return self.floors(split) is not None and self.ceilings(split) is not None

    def figures(
        self, rows: Rows, split: SplitName, comparison: Comparison | None = None, *, note: str = ""
    ) -> Figures:
        """What people see of `rows`; call it once `references_done`."""
        floors, ceilings = self.floors(split), self.ceilings(split)
        if floors is None or ceilings is None:
            raise ScoringError(f"floors or ceilings of {split} are missing; run references first")
        return measure(
            rows, comparison, items=self.results.items(split), floors=floors, ceilings=ceilings, note=note
        )

    def gate(
        self, board: Board, rows: Rows, holder: str, *, candidate: Submission | None = None
    ) -> tuple[DevDecision, Rows] | None:
        """The Ladder's decision on a candidate against a holder; None while the holder is not known.

        With `candidate`, the earlier would-be records of its author must be beaten too.
        """
        against = self.rows(board, holder, "dev")
        shared = [k for k in rows if against is not None and k in against]
        if against is None or len(shared) < self.settings.dev_seeds:
            return None
        own: list[FloatArray] = []
        for other in board.would_be_records(candidate) if candidate is not None else ():
            theirs = self.outcome(board, other, "dev").rows
            if all(k in theirs for k in shared):
                own.append(stacked(theirs, shared))
        decision = judge_dev(
            stacked(rows, shared),
            stacked(against, shared),
            self.results.items("dev").clusters,
            own=max(own, key=lambda correct: float(correct.mean()), default=None),
        )
        return decision, against

    def over_verified(self, board: Board, one: Submission, sealed: Rows) -> dict[str, Estimate]:
        """Paired gain in accuracy, at 95 %, of `sealed` over each other verified submission, on the seeds they share.

        Baselines are left out. What of two is the better one is known only where the interval leaves out 0.
        """
        clusters = self.results.items("sealed").clusters
        found: dict[str, Estimate] = {}
        for other in board.submissions:
            if other.id == one.id or other.status != "verified" or other.researcher == LAB:
                continue
            theirs = self.outcome(board, other, "sealed").rows
            shared = [k for k in sorted(sealed) if k in theirs]
            if len(shared) > 1:
                found[other.id] = paired_gain(stacked(sealed, shared), stacked(theirs, shared), clusters)
        return found

    def told(self, one: Submission, rows: Rows) -> Score | None:
        """The score that the author of `one` is told under the study's policy; None under the Ladder."""
        secret = self.results.vault.bytes_for("half", one.code_hash)
        rng = np.random.default_rng(int.from_bytes(secret, "big"))
        return told(self.settings.feedback, stacked(rows, sorted(rows)), rng)

    def level(self, one: Submission, attempt: int) -> float:
        """Level of the `attempt`-th would-be record of the author of `one`; operators have a .05 of their own."""
        return level(attempt, authors=self._authors(one))

    def sealed_seeds(self, one: Submission, attempt: int) -> int:
        """Seeds that this confirmation asks for: more for a later attempt, as far as planned supervisors go."""
        start = self.settings.sealed_seeds
        wanted = seeds_for(attempt, authors=self._authors(one), start=start)
        return min(wanted, reference_jobs.floors(self.settings, "sealed"))

    def _needed(self, one: Submission, split: SplitName) -> int:
        if split == "sealed":
            return self.settings.sealed_seeds
        return self.settings.baseline_seeds if one.researcher == LAB else self.settings.dev_seeds

    def _authors(self, one: Submission) -> int:
        return 1 if one.researcher in OPERATORS else max(1, self.settings.researchers)
