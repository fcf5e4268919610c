"""One frozen record of everything that verdicts rest on; deciding is a function of it and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aar.baseline_sets import PLAIN
from aar.database.figures import Figures
from aar.database.researchers import Role
from aar.database.submissions import Submission
from aar.database.verdicts import FLOOR
from aar.errors import ScoringError
from aar.scoring.evidence.board import Board
from aar.scoring.evidence.correctness import Outcome, outcome_of
from aar.scoring.evidence.measures import Comparison, measure
from aar.scoring.evidence.source import Arm, Source
from aar.scoring.ladder import DevDecision, feedback, judge_dev, level, seeds_for
from aar.scoring.truth import reference_jobs
from aar.scoring.truth.parts import Rows, TestParts
from aar.settings import Settings
from w2s.metrics import Supervisors, world_gain, world_means
from w2s.records import Estimate, SplitName


@dataclass(frozen=True)
class Gate:
    """The Ladder's decision on a candidate, and the correctness of the holder that it was compared with."""

    decision: DevDecision
    against: Rows


@dataclass(frozen=True)
class Evidence:
    """The board at one moment, the settings of the study, and a reader of files that never change.

    Where something is still to come, a method gives None.
    """

    board: Board
    settings: Settings
    source: Source

    # -- items and references -----------------------------------------------------------------------------

    def n(self, split: SplitName) -> int:
        """Number of test items of a split, in all its parts."""
        return len(self.items(split))

    def items(self, split: SplitName) -> TestParts:
        """Test items of every part of a split."""
        return self.source.items(split)

    def floors(self, split: SplitName) -> Rows | None:
        """Correctness of the supervisors themselves, or None until all of them are trained."""
        return self.source.references("floor", split, reference_jobs.floors(self.settings, split))

    def ceilings(self, split: SplitName) -> Rows | None:
        """Correctness of the strong model trained on the truth, or None until all are there."""
        return self.source.references("ceiling", split, self.settings.ceilings)

    def references_done(self, split: SplitName) -> bool:
        """True if floors and ceilings of a split are all there; nothing is judged on it before."""
        return self.floors(split) is not None and self.ceilings(split) is not None

    def yardstick(self, split: SplitName) -> Rows | None:
        """Correctness of what tells how good supervisors are: plain students, or themselves without that baseline."""
        return self.rows(self.plain(), split)

    def supervisors(self, split: SplitName, keys: Sequence[int]) -> Supervisors | None:
        """How good the supervisors of these pairs are, by world, or by pair in few worlds; None while not known."""
        if self.items(split).few(keys):
            return self.supervisors_by_pair(split, keys)
        known, items = self.yardstick(split), self.items(split)
        if known is None or any(k not in known for k in keys):
            return None
        typical = self.source.typical_of(split, items.covered(keys), of=self._measured_by())
        return Supervisors(world_means(items.tables(known, keys)), typical)

    def supervisors_by_pair(self, split: SplitName, keys: Sequence[int]) -> Supervisors | None:
        """How good the supervisor of each pair is, in the order of the tables' rows; None while that is not known."""
        known, items = self.yardstick(split), self.items(split)
        if known is None or any(k not in known for k in keys):
            return None
        ordered = items.in_order(keys)
        parts = [part for k in ordered for part in items.covered([k])]
        typical = self.source.typical_of(split, parts, of=self._measured_by())
        return Supervisors(np.array([known[k].mean() for k in ordered]), typical)

    # -- runs ---------------------------------------------------------------------------------------------

    def outcome(self, submission: Submission, split: SplitName) -> Outcome:
        """State of a submission's runs on one split."""
        return outcome_of(
            self.board.of(submission, split),
            lambda run: self.source.correct(run, split),
            needed=self.needed(submission, split),
            waits=self.board.waits(submission, split),
        )

    def outcome_with_seeds_of(self, submission: Submission, other: Submission) -> Outcome:
        """State of a submission's dev runs with the seeds of another submission's code.

        One that was cancelled is run no more: it counts as lost.
        """
        ended = self.board.recomputed.get((submission.code_hash, other.code_hash), ())
        outcome = outcome_of(
            ended,
            lambda run: self.source.correct(run, "dev"),
            needed=self.settings.dev_seeds,
            waits=False,
        )
        cancelled = next((run for run in ended if run.state == "cancelled"), None)
        if outcome.state == "waiting" and cancelled is not None:
            return Outcome("lost", outcome.rows, cancelled)
        return outcome

    def rows(self, holder: str, split: SplitName) -> Rows | None:
        """The holder's correctness, or None while it is not known.

        Seeds that were added later, to compare it with others on more, may fail or be lost: those before them stand.
        """
        if holder == FLOOR:
            return self.floors(split)
        submission = self.board.named(holder)
        outcome = self.outcome(submission, split)
        known = outcome.state == "complete" or (
            not self.board.waits(submission, split) and len(outcome.rows) >= self.needed(submission, split)
        )
        return outcome.rows if known else None

    def needed(self, submission: Submission, split: SplitName) -> int:
        """Seeds without which nothing is said of a submission on a split."""
        if split == "sealed":
            return self.settings.sealed_seeds
        baseline = submission.role is Role.BASELINE
        return self.settings.baseline_seeds if baseline else self.settings.dev_seeds

    def plain(self) -> str:
        """The submission that is the plain baseline, or the floor where a lab has none that runs."""
        for submission in self.board.baselines:
            if submission.title == PLAIN and submission.status != "failed":
                return submission.id
        return FLOOR

    # -- comparisons --------------------------------------------------------------------------------------

    def gate(self, rows: Rows, holder: str, *, candidate: Submission | None = None) -> Gate | None:
        """The Ladder's decision on a candidate against a holder; None while the holder is not known.

        With `candidate`, the earlier would-be records of its author must be beaten too.
        """
        against = self.rows(holder, "dev")
        shared = [k for k in rows if against is not None and k in against]
        if against is None or len(shared) < self.settings.dev_seeds:
            return None
        items = self.items("dev")
        own: list[Rows] = []
        for other in self.board.would_be_records(candidate) if candidate is not None else ():
            earlier = self.outcome(other, "dev").rows
            if all(k in earlier for k in shared):
                own.append(earlier)
        best = max(own, key=lambda earlier: items.mean(earlier, shared), default=None)
        decision = judge_dev(
            items.tables(rows, shared),
            items.tables(against, shared),
            items.clusters(shared),
            own=None if best is None else items.tables(best, shared),
            supervisors=self.supervisors_by_pair("dev", shared),
        )
        return Gate(decision, against)

    def over_verified(self, submission: Submission, sealed: Rows) -> dict[str, Estimate]:
        """Paired gain in accuracy, at 95 %, of `sealed` over each other verified submission, on the seeds they share.

        Baselines are left out. What of two is the better one is known only where the interval leaves out 0.
        """
        gains: dict[str, Estimate] = {}
        items = self.items("sealed")
        for other in self.board.submissions:
            if other.id == submission.id or other.status != "verified" or other.role is Role.BASELINE:
                continue
            against = self.outcome(other, "sealed").rows
            shared = [k for k in sorted(sealed) if k in against]
            if len(shared) > 1:
                gains[other.id] = world_gain(
                    items.tables(sealed, shared),
                    items.tables(against, shared),
                    items.clusters(shared),
                    supervisors=self.supervisors("sealed", shared),
                )
        return gains

    def level(self, submission: Submission, attempt: int) -> float:
        """Level of an author's `attempt`-th would-be record; operators have a .05 of their own."""
        return level(attempt, authors=self._authors(submission))

    def sealed_seeds(self, submission: Submission, attempt: int) -> int:
        """Seeds that this confirmation asks for: more for a later attempt, as far as planned supervisors go."""
        start = self.settings.sealed_seeds
        wanted = seeds_for(attempt, authors=self._authors(submission), start=start)
        return min(wanted, reference_jobs.floors(self.settings, "sealed"))

    # -- what is shown ------------------------------------------------------------------------------------

    def figures(
        self, rows: Rows, split: SplitName, comparison: Comparison | None = None, *, note: str = ""
    ) -> Figures:
        """Figures of `rows` for people; call it once `references_done`."""
        floors, ceilings = self.floors(split), self.ceilings(split)
        if floors is None or ceilings is None:
            raise ScoringError(f"floors or ceilings of {split} are missing; run references first")
        return measure(
            rows,
            comparison,
            items=self.items(split),
            floors=floors,
            ceilings=ceilings,
            supervisors=lambda keys: self.supervisors(split, keys),
            typical=self.source.typical_of(split, range(len(self.items(split).parts)), of="floor"),
            note=note,
        )

    def score(self, submission: Submission, rows: Rows) -> float | None:
        """The score that an author is told under the study's policy; None under the Ladder."""
        half = self.source.half_of(submission.code_hash)
        return feedback.score(self.settings.feedback, self.items("dev").tables(rows), half)

    def _measured_by(self) -> Arm:
        return "floor" if self.plain() == FLOOR else "plain"

    def _authors(self, submission: Submission) -> int:
        return 1 if submission.role.is_operator else self.settings.authors
