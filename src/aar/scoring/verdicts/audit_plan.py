"""Which audits a confirmation needs, which runs they need, and what their findings amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aar.database import Database, wanted_runs
from aar.database.submissions import Submission
from aar.database.wanted_runs import WantedRun
from aar.scoring.audits import ALWAYS, CONFIRMING, Audit, Case, Finding, Track, rules, track_of
from aar.scoring.evidence.board import Board
from aar.scoring.evidence.case_builder import Gathering
from aar.scoring.evidence.correctness import Rows
from aar.students.interventions import Intervention
from w2s.records import SplitName

Wanted = tuple[SplitName, Intervention, int]


@dataclass(frozen=True)
class Audited:
    """Findings of one submission, its track, and the first rule that was broken (None without a violation)."""

    findings: tuple[Finding, ...]
    track: Track

    @property
    def rule(self) -> str | None:
        """What its author is told."""
        return next((one.rule for one in self.findings if one.verdict == "violation"), None)


@dataclass
class Auditing:
    """Audits of one lab."""

    database: Database
    gathering: Gathering
    _asked: dict[str, list[Wanted]] = field(default_factory=dict, repr=False)

    def waits(self, board: Board, one: Submission) -> bool:
        """Whether runs that were asked for are still to come; looks at nothing else."""
        runs = board.audited(one)
        states = {(run.split, run.intervention, run.pair_index): run.state for run in runs}
        # one that broke says enough, and its sisters would break too
        broken = {run.intervention for run in runs if run.state == "failed"}
        return any(
            states.get(key, "queued") in ("queued", "running") and key[1] not in broken
            for key in self._asked.get(one.id, ())
        )

    def always(self, board: Board, one: Submission, sealed: Rows) -> Audited:
        """What is known without a run of its own."""
        return _audited(self.gathering.case(board, one, sealed), confirming=False)

    def confirming(self, board: Board, one: Submission, sealed: Rows, dev: Rows) -> Audited | None:
        """Every audit; None while runs under interventions are still to come, which are asked for."""
        wanted = self._asked[one.id] = self._wanted(sealed, dev)
        if not self.waits(board, one):
            return _audited(self.gathering.case(board, one, sealed), confirming=True)
        with self.database.write() as tx:
            wanted_runs.add(tx, one.id, [WantedRun(split, k, name) for split, name, k in wanted])
        return None

    def _wanted(self, sealed: Rows, dev: Rows) -> list[Wanted]:
        ks, first = sorted(sealed), sorted(dev)[: rules.STRUCTURE_RUNS]
        blind: list[Wanted] = [("sealed", "blind", k) for k in ks[: rules.BLIND_REPEATS]]
        shuffle: list[Wanted] = [("sealed", "shuffle", k) for k in ks[: rules.SHUFFLE_RUNS]]
        thin: list[Wanted] = [("dev", "thin", k) for k in first] if self.gathering.votes() else []
        return [*blind, *thin, *shuffle, ("sealed", "part", ks[0])]


def _audited(case: Case, *, confirming: bool) -> Audited:
    audits: Sequence[Audit] = [*ALWAYS, *CONFIRMING] if confirming else ALWAYS
    return Audited(tuple(audit(case) for audit in audits), track_of(case))
