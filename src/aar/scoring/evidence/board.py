"""Board of submissions, runs, wanted runs and verdicts: one consistent view, which grows with the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa

from aar import ledger
from aar.database import Database, Transaction, runs, submissions, verdicts, waiting, wanted_runs
from aar.database import standing as standings
from aar.database.researchers import Role
from aar.database.runs import ENDED, Run
from aar.database.schema import ledger as ledger_table
from aar.database.standing import Standing
from aar.database.submissions import UNDECIDED, Ended, Submission
from aar.database.verdicts import FLOOR, Verdict
from aar.database.wanted_runs import WantedRun
from w2s.records import SplitName

Runs: TypeAlias = tuple[Run, ...]


def length(database: Database) -> int:
    """Number of entries in the ledger."""
    with database.read() as tx:
        return int(tx.scalar(sa.select(sa.func.coalesce(sa.func.max(ledger_table.c.seq), 0))) or 0)


@dataclass(frozen=True)
class Board:
    """One consistent view of the lab, which stays as it is when `Watch` makes the next one.

    Attributes:
        submissions: Everything handed in, in order.
        by_id: The same by id.
        first: By code, the submission of a researcher or the lab that was first, and neither lost nor withdrawn.
        runs: Plain runs that ended, by code and split.
        audits: Runs under an intervention that ended, by code.
        recomputed: Runs of one code (the first) with the seeds of another that ended.
        unfinished: Code and split of every plain run that is queued or under way.
        wanted: Runs that the scorer asked for, by submission.
        verdicts: By submission and stage.
        standing: Holder and record; None before the baselines are decided.
        holders: Every standing so far, in order.
        account: What was told about the labels so far.
    """

    submissions: Sequence[Submission]
    by_id: Mapping[str, Submission]
    first: Mapping[str, str]
    runs: Mapping[tuple[str, str], Sequence[Run]]
    audits: Mapping[str, Sequence[Run]]
    recomputed: Mapping[tuple[str, str], Sequence[Run]]
    unfinished: frozenset[tuple[str, str]]
    wanted: Mapping[str, Sequence[WantedRun]]
    verdicts: Mapping[tuple[str, str], Verdict]
    standing: Standing | None
    holders: Sequence[Standing]
    account: ledger.Account

    @property
    def baselines(self) -> list[Submission]:
        """Submissions of the lab itself."""
        return [submission for submission in self.submissions if submission.role is Role.BASELINE]

    def of(self, submission: Submission, split: SplitName) -> Sequence[Run]:
        """Ended runs of a submission's code on one split, also those that others paid for."""
        return _that_count(self.runs.get((submission.code_hash, split), ()), submission)

    def waits(self, submission: Submission, split: SplitName) -> bool:
        """True if a run of a submission's code on one split is queued or under way."""
        return (submission.code_hash, split) in self.unfinished

    def audited(self, submission: Submission) -> Sequence[Run]:
        """Ended runs of a submission's code under interventions."""
        return _that_count(self.audits.get(submission.code_hash, ()), submission)

    def named(self, id: str) -> Submission:
        """The submission with this id."""
        return self.by_id[id]

    def verdict(self, submission: Submission, stage: SplitName) -> Verdict | None:
        """The verdict on a submission at one stage, or None while there is none."""
        return self.verdicts.get((submission.id, stage))

    def first_with_code_of(self, submission: Submission) -> Submission:
        """The submission that was the first with this code, of those that count."""
        return self.named(self.first[submission.code_hash])

    def would_be_records(self, submission: Submission) -> Iterator[Submission]:
        """The author's attempts at the record, with any result, except those that it replaces."""
        for other in self.submissions:
            verdict = self.verdict(other, "dev")
            tried = (
                verdict is not None and verdict.status == "pending" and verdict.figures.attempt is not None
            )
            if tried and other.researcher == submission.researcher and not replaces_lost(submission, other):
                yield other

    def may_hold(self, holder: str) -> bool:
        """True if a holder of the record still counts: the floor, a baseline that runs, a verified submission."""
        if holder == FLOOR:
            return True
        submission = self.named(holder)
        baseline = submission.role is Role.BASELINE
        return submission.status != "failed" if baseline else submission.status == "verified"


def replaces_lost(submission: Submission, lost: Submission) -> bool:
    """True if a submission repeats the code of one that the lab lost: the lost one is no evidence against it."""
    return lost.ended is Ended.LOST and lost.code_hash == submission.code_hash


def _that_count(ended: Sequence[Run], submission: Submission) -> Sequence[Run]:
    """Without those that were lost before this submission was handed in: for it they are run again."""
    return [run for run in ended if run.state != "lost" or (run.finished or 0.0) >= submission.created]


def _order(run: Run) -> tuple[float, int, str]:
    return (run.created, run.pair_index, run.key)


@dataclass
class Watch:
    """Keeps the board up to date by reading what the ledger says has changed, and nothing else.

    A run that ended changes only where it was lost and is queued again, so that what a look costs does not grow with
    the runs that have ended; it grows with the entries since the last look, with the codes that wait and with the runs
    that were asked for.
    """

    database: Database
    _seen: int = 0
    _account: ledger.Account = field(default_factory=ledger.Account, repr=False)
    _submissions: dict[str, Submission] = field(default_factory=dict, repr=False)
    _first: dict[str, str] = field(default_factory=dict, repr=False)
    _runs: dict[tuple[str, str], Runs] = field(default_factory=dict, repr=False)
    _audits: dict[str, Runs] = field(default_factory=dict, repr=False)
    _recomputed: dict[tuple[str, str], Runs] = field(default_factory=dict, repr=False)
    _kept: dict[str, tuple[dict[Any, Runs], Any]] = field(default_factory=dict, repr=False)
    _verdicts: dict[tuple[str, str], Verdict] = field(default_factory=dict, repr=False)
    _holders: list[Standing] = field(default_factory=list, repr=False)

    def board(self) -> Board:
        """The lab as it is now."""
        with self.database.read() as tx:
            for entry in ledger.entries(tx, after=self._seen):
                self._take_in(tx, entry)
                self._account.add(entry)
                self._seen = entry.seq
            return Board(
                submissions=list(self._submissions.values()),
                by_id=dict(self._submissions),
                first=dict(self._first),
                runs=dict(self._runs),
                audits=dict(self._audits),
                recomputed=dict(self._recomputed),
                unfinished=waiting.unfinished_codes(tx),
                wanted=wanted_runs.all(tx),
                verdicts=dict(self._verdicts),
                standing=standings.find(tx),
                holders=tuple(self._holders),
                account=deepcopy(self._account),
            )

    def _take_in(self, tx: Transaction, entry: ledger.Entry) -> None:
        body = entry.body
        if entry.kind == "run":
            self._ended(runs.get(tx, str(body["key"])))
        elif entry.kind == "again":
            self._drop(str(body["key"]))
        elif entry.kind == "submission":
            self._handed_in(tx, str(body["id"]))
        elif entry.kind == "verdict":
            self._handed_in(tx, str(body["submission"]))
            for verdict in verdicts.all(tx, str(body["submission"])):
                self._verdicts[verdict.submission, verdict.stage] = verdict
        elif "overruled" in body:
            self._handed_in(tx, str(body["overruled"]))
        elif "ladder" in body:
            self._holders.append(Standing(**body["ladder"], items=int(body["items"])))

    def _handed_in(self, tx: Transaction, id: str) -> None:
        submission = submissions.get(tx, id)
        self._submissions[id] = submission  # entries come in the order of their numbers
        if submission.role.is_operator:
            return
        code = submission.code_hash
        if submission.ended in UNDECIDED and self._first.get(code) == id:
            # nothing was decided of the code: the next submission of it, if any, is its first
            del self._first[code]
            others = (
                other
                for other in self._submissions.values()
                if other.code_hash == code and not other.role.is_operator and other.ended not in UNDECIDED
            )
            submission = next(others, submission)
        if submission.ended not in UNDECIDED:
            self._first.setdefault(code, submission.id)

    def _ended(self, run: Run) -> None:
        self._drop(run.key)
        if run.state not in ENDED:  # lost, and queued again since
            return
        if run.plain:
            self._keep(run, self._runs, (run.code_hash, run.split))
        elif run.seeds_of:
            self._keep(run, self._recomputed, (run.code_hash, run.seeds_of))
        else:
            self._keep(run, self._audits, run.code_hash)

    def _keep(self, run: Run, table: dict[Any, Runs], place: Any) -> None:
        # a new tuple each time: boards that were made before hold the old one
        table[place] = tuple(sorted((*table.get(place, ()), run), key=_order))
        self._kept[run.key] = (table, place)

    def _drop(self, key: str) -> None:
        if key in self._kept:
            table, place = self._kept.pop(key)
            table[place] = tuple(run for run in table[place] if run.key != key)
