"""Who holds the Ladder next: a verified submission that beats the holder, or, once a person has overruled, what counts.

A holder whose status a person took away hands back to the last one before it that still counts. What a person
declares verified takes the Ladder if it passes both tests against the present holder, as everything else does.

Covered: an overruling while the scorer runs, and one that it finds when it starts. Not covered: verdicts that fell
against a holder which was overruled afterwards stand; a person may overrule them too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aar import ledger
from aar.database import Database, Transaction
from aar.database.researchers import FRESH, LAB
from aar.database.submissions import Ended, Submission
from aar.database.verdicts import FLOOR
from aar.scoring.evidence.board import Board, Standing, put_standing
from aar.scoring.evidence.correctness import Rows, stacked
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.ladder import judge_sealed, rounded


def leads(
    evidence: Evidence, board: Board, sealed: Rows, dev: Rows, ladder: Standing, *, alpha: float
) -> bool | None:
    """Whether a verified submission takes the Ladder from its holder: None while that one is not known."""
    gate = evidence.gate(board, dev, ladder.holder)
    against = evidence.rows(board, ladder.holder, "sealed")
    if gate is None or against is None:
        return None
    shared = [k for k in sealed if k in against]
    clusters = evidence.results.items("sealed").clusters
    again = judge_sealed(stacked(sealed, shared), stacked(against, shared), clusters, alpha=alpha)
    return gate[0].accepted and again.verified


def take(tx: Transaction, evidence: Evidence, one: Submission, dev: Rows) -> None:
    """Give the Ladder to `one`, whose dev runs have correctness `dev`."""
    n, mean = len(evidence.results.items("dev")), float(stacked(dev, sorted(dev)).mean())
    put_standing(tx, Standing(one.id, rounded(mean, n=n)), items=n)


@dataclass
class Succession:
    """Follows what people overrule."""

    database: Database
    evidence: Evidence
    _heard: set[tuple[str, str]] = field(default_factory=set, repr=False)

    def step(self, board: Board, ladder: Standing) -> str | None:
        """Move the Ladder once, if an overruling asks for it."""
        return self._hand_back(board, ladder) or self._promote(board, ladder)

    def _hand_back(self, board: Board, ladder: Standing) -> str | None:
        if counts(board, ladder.holder):
            return None
        with self.database.write() as tx:
            held = [
                Standing(**entry.body["ladder"])
                for entry in ledger.entries(tx)
                if entry.kind == "note" and "ladder" in entry.body
            ]
            for earlier in reversed(held):
                if counts(board, earlier.holder):
                    put_standing(tx, earlier, items=len(self.evidence.results.items("dev")))
                    return f"the Ladder goes back to {earlier.holder}"
        return None

    def _promote(self, board: Board, ladder: Standing) -> str | None:
        for one in board.submissions:
            verdict = board.verdicts.get((one.id, "sealed"))
            if verdict is None or one.status != "verified" or one.ended is not Ended.OVERRULED:
                continue
            if (
                one.researcher in (LAB, FRESH)
                or one.id == ladder.holder
                or (one.id, ladder.holder) in self._heard
            ):
                continue
            dev = self.evidence.outcome(board, one, "dev").rows
            sealed = self.evidence.outcome(board, one, "sealed").rows
            alpha = self.evidence.level(one, verdict.figures.attempt or 1)
            takes = leads(self.evidence, board, sealed, dev, ladder, alpha=alpha)
            if takes is None:
                continue
            self._heard.add((one.id, ladder.holder))
            if takes:
                with self.database.write() as tx:
                    take(tx, self.evidence, one, dev)
                return f"the Ladder goes to {one.id}"
        return None


def counts(board: Board, holder: str) -> bool:
    """Whether a holder may be held up to others: the floor, a baseline that runs, what is verified."""
    if holder == FLOOR:
        return True
    one = board.named(holder)
    return one.status != "failed" if one.researcher == LAB else one.status == "verified"
