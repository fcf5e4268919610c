"""The evidence of one submission, put together for its audits: arrays of runs, truth, code, its author's history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from aar.database.researchers import LAB, OPERATORS
from aar.database.runs import Run
from aar.database.submissions import Submission
from aar.errors import ScoringError
from aar.scoring.audits import Answers, AuditRun, Case, Pool, Sibling
from aar.scoring.evidence.board import Board
from aar.scoring.evidence.correctness import Rows, read_arrays, stacked
from aar.scoring.evidence.evidence import Evidence
from aar.students.interventions import intervention
from w2s.records import Example, FloatArray, SplitName

SCORED: tuple[SplitName, ...] = ("dev", "sealed")


@dataclass
class Gathering:
    """Makes cases; `code` gives the files of a submission. Arrays that are damaged are left out, like lost runs."""

    evidence: Evidence
    code: Callable[[Submission], Mapping[str, str]]
    _pools: dict[tuple[SplitName, str], Pool] = field(default_factory=dict, repr=False)
    _texts: frozenset[str] | None = field(default=None, repr=False)

    def case(self, board: Board, one: Submission, sealed: Rows) -> Case:
        """Everything that is known of `one`, whose plain runs on sealed have correctness `sealed`."""
        audited = board.audited(one)
        runs = [*self._plain(board, one), *self._known(audited)]
        shuffled = {run.k: run.predictions for run in runs if run.intervention == "shuffle"}
        items = self.evidence.results.items("sealed")
        floors, ceilings = self.evidence.floors("sealed"), self.evidence.ceilings("sealed")
        gap = 0.0
        if floors and ceilings:
            gap = float(stacked(ceilings, sorted(ceilings)).mean() - stacked(floors, sorted(floors)).mean())
        own = self._sibling(board, one)
        ended = [*board.of(one, "dev"), *board.of(one, "sealed"), *audited]
        return Case(
            submission=one.id,
            code=own.code,
            runs=runs,
            lineage=[run for parent in self._ancestors(board, one) for run in self._plain(board, parent)],
            siblings=[self._sibling(board, other) for other in self._earlier(board, one)],
            own=own,
            remembered=one.researcher not in (LAB, *OPERATORS),
            correct=sealed,
            shuffled={k: items.correct(said.values) for k, said in shuffled.items()},
            clusters=items.clusters,
            gap=gap,
            texts=self._hidden(),
            crashed=frozenset(intervention(run.intervention) for run in audited if run.state == "failed"),
            denied=[run.end.denied for run in ended if run.state in ("done", "failed")],
        )

    def votes(self) -> bool:
        """Whether the dev items propose an answer more than once."""
        return self._pool("dev", "unlabelled").votes

    def _plain(self, board: Board, one: Submission) -> list[AuditRun]:
        return [run for split in SCORED for run in self._known(board.of(one, split))]

    def _known(self, runs: Sequence[Run]) -> list[AuditRun]:
        found = []
        for run in runs:
            if run.state == "done":
                try:
                    found.append(self._run(run))
                except ScoringError:
                    continue
        return found

    def _run(self, run: Run) -> AuditRun:
        split = cast(SplitName, run.split)
        arrays = read_arrays(self.evidence.results.blobs, run)
        test, unlabelled = self._pool(split, "test"), self._pool(split, "unlabelled")

        def answers(pool: Pool, values: FloatArray, handle: str) -> Answers:
            rows = arrays.get(handle)
            if rows is None or rows.shape != (len(pool),) or values.shape != (len(pool),):
                raise ScoringError(f"the arrays of run {run.key} do not fit the items; the run is lost")
            return Answers(pool, values, rows.astype(np.int64))

        calls: tuple[Answers, ...] = ()
        if "call_targets" in arrays:
            calls = tuple(answers(unlabelled, one, "unlabelled_handle") for one in arrays["call_targets"])
        return AuditRun(
            split=split,
            k=run.pair_index,
            intervention=intervention(run.intervention),
            targets=answers(unlabelled, arrays["targets"], "unlabelled_handle") if calls else None,
            predictions=answers(test, arrays["predictions"], "test_handle"),
            calls=calls,
        )

    def _pool(self, split: SplitName, part: str) -> Pool:
        if (split, part) not in self._pools:
            examples: tuple[Example, ...] = getattr(self.evidence.results.vault.splits[split], part)
            self._pools[split, part] = pool_of(examples, self.evidence.results.vault.labels(examples))
        return self._pools[split, part]

    def _ancestors(self, board: Board, one: Submission) -> list[Submission]:
        """Those of the same author that `one` builds on, over all generations."""
        found: dict[str, Submission] = {}
        waiting = list(one.parents)
        while waiting:
            parent = board.named(waiting.pop())
            if parent.id not in found and parent.researcher == one.researcher:
                found[parent.id] = parent
                waiting += parent.parents
        return list(found.values())

    def _earlier(self, board: Board, one: Submission) -> list[Submission]:
        if one.researcher in (LAB, *OPERATORS):
            return []
        return [
            other
            for other in board.submissions
            if other.researcher == one.researcher and other.number < one.number
        ]

    def _sibling(self, board: Board, one: Submission) -> Sibling:
        predictions: dict[int, FloatArray] = {}
        for run in board.of(one, "dev"):
            if run.state == "done":
                try:
                    predictions[run.pair_index] = read_arrays(self.evidence.results.blobs, run)["predictions"]
                except ScoringError:
                    continue
        rows = self.evidence.outcome(board, one, "dev").rows
        accuracy = float(stacked(rows, sorted(rows)).mean()) if rows else None
        return Sibling(one.id, self.code(one), predictions, accuracy)

    def _hidden(self) -> frozenset[str]:
        if self._texts is None:
            splits = self.evidence.results.vault.splits

            def texts(name: SplitName) -> set[str]:
                split = splits[name]
                parts = (*split.labelled, *split.unlabelled, *split.test)
                return {text for example in parts for text in example.fields.values()}

            self._texts = frozenset(texts("dev") | texts("sealed")) - texts("practice")
        return self._texts


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
