"""From finished runs to verdicts: which question is asked in which order; each is decided, then written once.

The order of a lab: the baselines first, all on dev together; the best of them holds the record and is the champion.
Then every other submission as its runs come in: dev against the holder, and, if it is a would-be record, sealed
against that same holder. A verified submission becomes holder and champion if the holder is still the one it was
compared with; if another was verified meanwhile, only if it passes both tests against that one too. Without baselines
the floor (the supervisors themselves) holds the record. What an operator submits is measured on both splits whatever
the gate says.

Every decision is one transaction with its ledger entries and the new standing, and the first verdict stands: a scorer
that is killed anywhere and started again decides nothing twice. Two scorers of one lab exclude each other by a lock
(`serve`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aar.database import Database
from aar.database.researchers import Role
from aar.database.submissions import Submission
from aar.scoring.evidence.board import Watch, length
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.evidence.measures import measure_reference
from aar.scoring.evidence.source import Source
from aar.scoring.truth.vault import ReferenceKind
from aar.scoring.verdicts.baselines import baseline_verdict, opening
from aar.scoring.verdicts.decision import Decision, NewReference, Waiting
from aar.scoring.verdicts.dev import dev_verdict
from aar.scoring.verdicts.record import ask, write, write_waits
from aar.scoring.verdicts.sealed import sealed_verdict
from aar.scoring.verdicts.succession import succession
from aar.settings import Settings
from w2s.records import SplitName

SCORED: tuple[SplitName, ...] = ("dev", "sealed")
KINDS: tuple[ReferenceKind, ...] = ("floor", "ceiling")


@dataclass
class Judge:
    """Decides whatever can be decided; `step` until the lab ends."""

    database: Database
    source: Source
    settings: Settings
    _seen: tuple[int, ...] = field(default=(), repr=False)
    _measured: set[tuple[SplitName, ReferenceKind]] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self.watch = Watch(self.database)

    def evidence(self) -> Evidence:
        """Everything that is known now."""
        return Evidence(self.watch.board(), self.settings, self.source)

    def step(self) -> list[str]:
        """Decide until nothing more can be; a line of words for each thing that was written.

        Costs next to nothing while nothing has happened.
        """
        lines = self._references()
        # every end of a run, submission and verdict is in the ledger: its length tells whether to look
        seen = (length(self.database), len(self._measured))
        if seen == self._seen:
            return lines
        while written := self._next():
            lines += written
        self._seen = seen if not lines else ()
        return lines

    def _references(self) -> list[str]:
        """Write the figures of floors and ceilings, each once, as soon as all of them are trained."""
        if len(self._measured) == len(SCORED) * len(KINDS):
            return []
        lines: list[str] = []
        evidence = self.evidence()
        for split in SCORED:
            for kind in KINDS:
                rows = evidence.floors(split) if kind == "floor" else evidence.ceilings(split)
                if rows is None or (split, kind) in self._measured:
                    continue
                collapsed = sum(self.source.vault.collapsed(kind, split, k) for k in rows)
                figures = measure_reference(rows, self.source.items(split), collapsed=collapsed)
                decision = Decision(references=(NewReference(split, kind, kind, figures),))
                lines += write(self.database, evidence.board, decision)
                self._measured.add((split, kind))
        return lines

    def _next(self) -> list[str]:
        """Write the first decision that can be taken; where there is none, what everybody waits for."""
        evidence = self.evidence()
        undecided: dict[str, Waiting] = {}
        for submission, answer in answers(evidence):
            if isinstance(answer, Decision):
                if written := write(self.database, evidence.board, answer):
                    return written
            elif submission is not None and submission.stage != "done":
                undecided[submission.id] = answer
                ask(self.database, evidence.board, submission.id, answer)
        write_waits(self.database, undecided)
        return []


def answers(evidence: Evidence) -> Iterator[tuple[Submission | None, Decision | Waiting]]:
    """Every open question in its order, decided or with what it waits for; None stands for the record itself."""
    board = evidence.board
    if board.standing is None:
        first = opening(evidence)
        yield None, first
        for baseline in board.baselines:
            if isinstance(first, Waiting):
                yield baseline, first
    else:
        move = succession(evidence, board.standing)
        if move is not None:
            yield None, move
    for submission in board.submissions:
        if submission.role is Role.BASELINE:
            measured = board.verdict(submission, "sealed") is not None
            if board.standing is not None and submission.status != "failed" and not measured:
                yield submission, baseline_verdict(evidence, submission)
        elif submission.stage == "dev":
            yield submission, dev_verdict(evidence, submission)
        elif submission.stage == "sealed":
            yield submission, sealed_verdict(evidence, submission)
