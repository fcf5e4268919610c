"""From finished runs to verdicts: what is decided, in which order, written once.

The order of a lab: the baselines first, all on dev together; the best of them holds the Ladder and is
the champion. Then every other submission as its runs come in: dev against the Ladder's holder, and, if it
is a would-be record, sealed against that same holder. A verified submission becomes holder and champion
if the holder is still the one it was compared with; if another was verified meanwhile, only if it passes
both tests against that one too. Without baselines the floor (the supervisors themselves) holds the
Ladder. What an operator submits is measured on both splits whatever the Ladder says.

Every verdict is one transaction with its ledger entry and the Ladder's new state, and the first verdict
stands: a scorer that is killed anywhere and started again decides nothing twice. Two scorers of one lab
exclude each other by a lock (`serve`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aar import ledger
from aar.database import Database
from aar.database.figures import Figures
from aar.database.researchers import FRESH, LAB, OPERATORS
from aar.database.submissions import Status, Submission
from aar.database.verdicts import FLOOR
from aar.scoring.evidence.board import Board, Standing, Watch, length, put_standing, standing
from aar.scoring.evidence.case_builder import Gathering
from aar.scoring.evidence.correctness import Rows, stacked
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.evidence.measures import Comparison, measure_reference
from aar.scoring.ladder import rounded
from aar.scoring.truth.vault import ReferenceKind
from aar.scoring.verdicts.audit_plan import Auditing
from aar.scoring.verdicts.duplicates import Duplicates, answer, same_code
from aar.scoring.verdicts.replies import WOULD_BE, fail, no_gain, record
from aar.scoring.verdicts.sealed import confirm
from aar.scoring.verdicts.succession import Succession
from w2s.records import SplitName

BASELINE = "baseline"


@dataclass
class Judge:
    """Decides whatever can be decided; `step` until the lab ends. `code` gives the files of a submission."""

    database: Database
    evidence: Evidence
    code: Callable[[Submission], Mapping[str, str]]
    _seen: tuple[int, ...] = field(default=(), repr=False)
    _measured: set[tuple[str, str]] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self.auditing = Auditing(self.database, Gathering(self.evidence, self.code))
        self.duplicates = Duplicates(self.database, self.evidence, self.code)
        self.succession = Succession(self.database, self.evidence)
        self.watch = Watch(self.database)

    def step(self) -> list[str]:
        """One pass over everything undecided; a line of words for each verdict that was written.

        Costs next to nothing while nothing has happened.
        """
        said = [*self._references()]
        # every end of a run, submission and verdict is in the ledger: its length tells whether to look
        seen = (length(self.database), len(self._measured))
        if seen == self._seen:
            return said
        while line := self._one(self.watch.board()):
            said.append(line)
        self._seen = seen if not said else ()
        return said

    # -- references ---------------------------------------------------------------------------------------

    def _references(self) -> Iterator[str]:
        splits: tuple[SplitName, ...] = ("dev", "sealed")
        for split in splits:
            both: tuple[tuple[ReferenceKind, Rows | None], ...] = (
                ("floor", self.evidence.floors(split)),
                ("ceiling", self.evidence.ceilings(split)),
            )
            for kind, rows in both:
                if rows is None or (split, kind) in self._measured:
                    continue
                measured = measure_reference(rows, self.evidence.results.items(split))
                with self.database.write() as tx:
                    new = ledger.record_reference(tx, split=split, name=kind, kind=kind, figures=measured)
                self._measured.add((split, kind))
                if new:
                    yield f"{kind} of {split} measured"

    # -- verdicts -----------------------------------------------------------------------------------------

    def _one(self, board: Board) -> str | None:
        """Write the next verdict that can be written, if any."""
        baselines = [one for one in board.submissions if one.researcher == LAB]
        if board.standing is None and self.evidence.references_done("dev"):
            said = self._start(board, baselines)
            if said:
                return said
        if board.standing is not None and (said := self.succession.step(board, board.standing)):
            return said
        for one in board.submissions:
            if one.researcher == LAB and (one.id, "sealed") not in board.verdicts and one.status != "failed":
                said = self._baseline_sealed(board, one)
            elif one.stage == "dev" and one.researcher != LAB:
                said = self._dev(board, one, board.standing)
            elif one.stage == "sealed" and one.researcher != LAB and board.standing is not None:
                said = confirm(self.database, self.evidence, self.auditing, board, one, board.standing)
            else:
                continue
            if said:
                return said
        return None

    def _start(self, board: Board, baselines: Sequence[Submission]) -> str | None:
        """All baselines on dev at once: the best goes on to sealed as the first champion."""
        if len(baselines) < len(self.evidence.settings.baselines):
            return None
        outcomes = {one.id: self.evidence.outcome(board, one, "dev") for one in baselines}
        if any(outcome.state == "waiting" for outcome in outcomes.values()):
            return None
        complete = {id: outcome.rows for id, outcome in outcomes.items() if outcome.state == "complete"}
        first = self._first(complete)
        measured = {id: self._baseline(board, id, rows, "dev") for id, rows in complete.items()}
        with self.database.write() as tx:
            if standing(tx) is not None:
                return None
            for one in baselines:
                if one.id not in measured:
                    fail(tx, board, one, "dev", outcomes[one.id], n=self._n("dev"))
                    continue
                status: Status = "pending" if one.id == first.holder else "no_improvement"
                figures = measured[one.id]
                record(tx, board, one, "dev", status, BASELINE, figures)
                ledger.record_reference(tx, split="dev", name=one.title, kind="baseline", figures=figures)
            put_standing(tx, first, items=self._n("dev"))
        return f"the Ladder starts from {first.holder}"

    def _first(self, baselines: Mapping[str, Rows]) -> Standing:
        means = {id: float(stacked(rows, sorted(rows)).mean()) for id, rows in baselines.items()}
        if not means:
            floors = self.evidence.floors("dev") or {}
            means = {FLOOR: float(stacked(floors, sorted(floors)).mean())}
        holder = max(means, key=lambda id: means[id])
        mean = means[holder]
        return Standing(holder, rounded(mean, n=len(self.evidence.results.items("dev"))))

    def _baseline_sealed(self, board: Board, one: Submission) -> str | None:
        outcome = self.evidence.outcome(board, one, "sealed")
        if outcome.state == "waiting" or not self.evidence.references_done("sealed"):
            return None
        if outcome.state != "complete":
            holds = board.standing is not None and board.standing.holder == one.id
            next_best = self._first(self._others(board, one)) if holds else None
            with self.database.write() as tx:
                if next_best is not None:  # others cannot be compared with what does not run
                    put_standing(tx, next_best, items=self._n("dev"))
                return fail(tx, board, one, "sealed", outcome, n=self._n("sealed"))
        status: Status = "verified" if one.stage == "sealed" else "no_improvement"
        measured = self._baseline(board, one.id, outcome.rows, "sealed")
        with self.database.write() as tx:
            ledger.record_reference(tx, split="sealed", name=one.title, kind="baseline", figures=measured)
            return record(tx, board, one, "sealed", status, BASELINE, measured)

    def _baseline(self, board: Board, id: str, rows: Rows, split: SplitName) -> Figures:
        """Figures of a baseline, compared with vanilla where there is one and its runs are known."""
        plain = self.evidence.plain(board)
        against = self.evidence.rows(board, plain, split) if plain not in (FLOOR, id) else None
        comparison = None if against is None else Comparison(plain, against)
        return self.evidence.figures(rows, split, comparison, note=BASELINE)

    def _others(self, board: Board, failed: Submission) -> Mapping[str, Rows]:
        """Dev correctness of the baselines that are left."""
        left = [one for one in board.submissions if one.researcher == LAB and one.status != "failed"]
        rows = {one.id: self.evidence.rows(board, one.id, "dev") for one in left if one.id != failed.id}
        return {id: found for id, found in rows.items() if found is not None}

    def _as(
        self,
        board: Board,
        one: Submission,
        earlier: Submission,
        *,
        identical: bool = False,
        compared: str | None = None,
    ) -> str | None:
        """The answer to `earlier` once more; `compared` with this holder first, if a would-be record repeats it."""
        if earlier.stage != "done":
            return None
        told = board.verdicts.get((earlier.id, "dev"))
        named = self.evidence.settings.forum or one.researcher == earlier.researcher
        status, words = answer(earlier, identical=identical, named=named)
        rule = None
        if status == "violation":
            both = (board.verdicts.get((earlier.id, "sealed")), told)
            rule = next((verdict.rule for verdict in both if verdict is not None and verdict.rule), None)
        score = told.figures.score if told is not None else None
        figures = Figures(seeds=0, n=self._n("dev"), score=score, champion=compared, same_as=earlier.id)
        with self.database.write() as tx:
            return record(tx, board, one, "dev", status, words, figures, rule=rule)

    def _dev(self, board: Board, one: Submission, ladder: Standing | None) -> str | None:
        if (first := same_code(board, one)) is not None:
            return self._as(board, one, first, identical=True)
        outcome = self.evidence.outcome(board, one, "dev")
        if outcome.state == "waiting":
            return None
        if outcome.state != "complete":
            with self.database.write() as tx:
                return fail(tx, board, one, "dev", outcome, n=self._n("dev"))
        if ladder is None:
            return None
        operator = one.researcher in OPERATORS
        if not operator and (earlier := self.duplicates.near(board, one, outcome.rows)) is not None:
            return self._as(board, one, earlier)
        holder = self.evidence.plain(board) if one.researcher == FRESH else ladder.holder
        gate = self.evidence.gate(board, outcome.rows, holder, candidate=None if operator else one)
        if gate is None:
            return None
        decision, against = gate
        if decision.accepted and not operator:
            twin = self.duplicates.recomputed(board, one)
            if twin == "waiting":
                return None
            if isinstance(twin, Submission):
                return self._as(board, one, twin, compared=holder)
        fresh = one.researcher == FRESH
        attempt = 1 if fresh else 1 + sum(1 for _ in board.would_be_records(one))
        goes_on = decision.accepted or operator
        words = WOULD_BE if decision.accepted else no_gain(ladder, fresh=fresh)
        comparison = Comparison(holder, against)
        if goes_on:  # what is measured only, because an operator asked, is no attempt
            seeds = self.evidence.sealed_seeds(one, attempt)
            tried = attempt if decision.accepted else None
            comparison = replace(comparison, attempt=tried, sealed_seeds=seeds)
        measured = self.evidence.figures(outcome.rows, "dev", comparison)
        if not operator and (score := self.evidence.told(one, outcome.rows)) is not None:
            words, measured = f"{words}; {score.words}", replace(measured, score=score.value)
        with self.database.write() as tx:
            status: Status = "pending" if goes_on else "no_improvement"
            return record(tx, board, one, "dev", status, words, measured, would_be=decision.accepted)

    def _n(self, split: SplitName) -> int:
        return len(self.evidence.results.items(split))
