"""What verdicts rest on: each side's correctness, once all of it is there, and the Ladder's comparison."""

from __future__ import annotations

from dataclasses import dataclass

from aar.database.figures import Figures
from aar.database.researchers import LAB
from aar.database.submissions import Submission
from aar.errors import ScoringError
from aar.protocols import PLAIN
from aar.scoring import references
from aar.scoring.board import FLOOR, Board
from aar.scoring.ladder import DevDecision, judge_dev, seeds_for
from aar.scoring.results import Comparison, Outcome, Results, Rows, measure, stacked
from aar.settings import Settings
from w2s.records import SplitName


@dataclass
class Evidence:
    """Looks up correctness for the judge; None wherever something is still to come."""

    results: Results
    settings: Settings

    def floors(self, split: SplitName) -> Rows | None:
        """Correctness of the supervisors themselves, or None until all of them are trained."""
        return self.results.references("floor", split, references.floors(self.settings, split))

    def ceilings(self, split: SplitName) -> Rows | None:
        """Correctness of the strong model trained on the truth, or None until all are there."""
        return self.results.references("ceiling", split, self.settings.ceilings)

    def outcome(self, board: Board, one: Submission, split: SplitName) -> Outcome:
        """Where a submission's runs on one split stand."""
        if split == "sealed":
            needed = self.settings.sealed_seeds
        else:
            needed = self.settings.baseline_seeds if one.researcher == LAB else self.settings.dev_seeds
        return self.results.outcome(board.of(one, split), split, needed=needed)

    def rows(self, board: Board, holder: str, split: SplitName) -> Rows | None:
        """The holder's correctness, or None while it is not known."""
        if holder == FLOOR:
            return self.floors(split)
        outcome = self.outcome(board, board.named(holder), split)
        return outcome.rows if outcome.state == "complete" else None

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
        self, board: Board, rows: Rows, holder: str, *, author: str | None = None
    ) -> tuple[DevDecision, Rows] | None:
        """The Ladder's decision on a candidate against a holder; None while the holder is not known.

        With `author`, that author's earlier would-be records must be beaten too.
        """
        against = self.rows(board, holder, "dev")
        shared = [k for k in rows if against is not None and k in against]
        if against is None or len(shared) < self.settings.dev_seeds:
            return None
        own: list[float] = []
        for other in board.would_be_records(author) if author is not None else ():
            theirs = self.outcome(board, other, "dev").rows
            if all(k in theirs for k in shared):
                own.append(float(stacked(theirs, shared).mean()))
        decision = judge_dev(
            stacked(rows, shared),
            stacked(against, shared),
            self.results.items("dev").clusters,
            own_best=max(own, default=None),
        )
        return decision, against

    def sealed_seeds(self, attempt: int) -> int:
        """Seeds that this confirmation asks for: more for a later attempt, as far as supervisors go."""
        start = self.settings.sealed_seeds
        return min(seeds_for(attempt, start=start), max(start, self.results.supervisors("sealed")))
