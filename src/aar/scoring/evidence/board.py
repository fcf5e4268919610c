"""What stands: the Ladder's shared state, and one consistent view of what is run and decided."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import sqlalchemy as sa

from aar import ledger
from aar.database import Database, Transaction, runs, submissions, verdicts, waiting
from aar.database import standing as standing_table
from aar.database.researchers import OPERATORS
from aar.database.runs import ENDED, Run
from aar.database.schema import ledger as ledger_table
from aar.database.submissions import UNDECIDED, Ended, Submission
from aar.database.verdicts import Verdict
from w2s.records import SplitName


@dataclass(frozen=True)
class Standing:
    """The Ladder's shared state: who holds it and the record, its dev accuracy rounded to the step."""

    holder: str
    record: float

    @property
    def text(self) -> str:
        """What researchers see of it."""
        return f"accuracy {self.record:.3f} on dev"


def standing(tx: Transaction) -> Standing | None:
    """The Ladder's state, or None before the baselines are decided."""
    found = standing_table.find(tx)
    return None if found is None else Standing(found.holder, found.record)


def put_standing(tx: Transaction, new: Standing, *, items: int) -> None:
    """Move the Ladder on `items` dev items, with a note in the ledger; within the transaction of the verdict."""
    standing_table.put(tx, standing_table.Standing(new.holder, new.record, items))
    ledger.append(tx, "note", {"ladder": asdict(new), "items": items})


def length(database: Database) -> int:
    """How many entries the ledger has."""
    with database.read() as tx:
        return int(tx.scalar(sa.select(sa.func.coalesce(sa.func.max(ledger_table.c.seq), 0))) or 0)


@dataclass(frozen=True)
class Board:
    """One consistent view of what is handed in, run and decided; `Watch` makes it, and the next one replaces it.

    `first` names, by code, the submission of a researcher or the lab that was first, and neither lost nor withdrawn;
    `runs` are those that ended, by code and split; `audits` those under an intervention, by code; `recomputed` those
    of one code (the first) with the seeds of another; `unfinished` the code and split of whatever waits or is under
    way without an intervention. `account` says what was told about the labels so far.
    """

    submissions: Sequence[Submission]
    by_id: Mapping[str, Submission]
    first: Mapping[str, str]
    runs: Mapping[tuple[str, str], Sequence[Run]]
    audits: Mapping[str, Sequence[Run]]
    recomputed: Mapping[tuple[str, str], Sequence[Run]]
    unfinished: frozenset[tuple[str, str]]
    verdicts: Mapping[tuple[str, str], Verdict]
    standing: Standing | None
    account: ledger.Account

    def of(self, submission: Submission, split: SplitName) -> Sequence[Run]:
        """Ended runs of a submission's code on one split, whoever paid for them."""
        return _that_count(self.runs.get((submission.code_hash, split), ()), submission)

    def waits(self, submission: Submission, split: SplitName) -> bool:
        """Whether a run of a submission's code on one split is queued or under way."""
        return (submission.code_hash, split) in self.unfinished

    def audited(self, submission: Submission) -> Sequence[Run]:
        """Ended runs of a submission's code under interventions."""
        return _that_count(self.audits.get(submission.code_hash, ()), submission)

    def named(self, id: str) -> Submission:
        """The submission with this id."""
        return self.by_id[id]

    def would_be_records(self, submission: Submission) -> Iterator[Submission]:
        """The author's attempts at the record, whatever came of them, but for those it makes good."""
        for one in self.submissions:
            verdict = self.verdicts.get((one.id, "dev"))
            tried = (
                verdict is not None and verdict.status == "pending" and verdict.figures.attempt is not None
            )
            if tried and one.researcher == submission.researcher and not makes_good(submission, one):
                yield one


def makes_good(submission: Submission, lost: Submission) -> bool:
    """Whether a submission is the code of one that the lab lost, handed in again: that one says nothing against it."""
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
    the runs that have ended; it grows with the entries since the last look, and with the codes that wait.
    """

    database: Database
    _seen: int = 0
    _account: ledger.Account = field(default_factory=ledger.Account, repr=False)
    _submissions: dict[str, Submission] = field(default_factory=dict, repr=False)
    _first: dict[str, str] = field(default_factory=dict, repr=False)
    _runs: dict[tuple[str, str], list[Run]] = field(default_factory=dict, repr=False)
    _audits: dict[str, list[Run]] = field(default_factory=dict, repr=False)
    _recomputed: dict[tuple[str, str], list[Run]] = field(default_factory=dict, repr=False)
    _kept: dict[str, list[Run]] = field(default_factory=dict, repr=False)
    _verdicts: dict[tuple[str, str], Verdict] = field(default_factory=dict, repr=False)

    def board(self) -> Board:
        """The lab as it is now."""
        with self.database.read() as tx:
            for entry in ledger.entries(tx, after=self._seen):
                if entry.kind == "run":
                    self._ended(runs.get(tx, str(entry.body["key"])))
                elif entry.kind == "again":
                    self._drop(str(entry.body["key"]))
                elif entry.kind == "submission":
                    self._handed_in(tx, str(entry.body["id"]))
                elif entry.kind == "verdict":
                    self._handed_in(tx, str(entry.body["submission"]))
                    for verdict in verdicts.all(tx, str(entry.body["submission"])):
                        self._verdicts[verdict.submission, verdict.stage] = verdict
                elif "overruled" in entry.body:
                    self._handed_in(tx, str(entry.body["overruled"]))
                self._account.add(entry)
                self._seen = entry.seq
            return Board(
                submissions=list(self._submissions.values()),
                by_id=self._submissions,
                first=self._first,
                runs=self._runs,
                audits=self._audits,
                recomputed=self._recomputed,
                unfinished=waiting.unfinished_codes(tx),
                verdicts=self._verdicts,
                standing=standing(tx),
                account=self._account,
            )

    def _handed_in(self, tx: Transaction, id: str) -> None:
        one = self._submissions[id] = submissions.get(tx, id)  # entries come in the order of their numbers
        if one.researcher in OPERATORS:
            return
        if one.ended in UNDECIDED and self._first.get(one.code_hash) == id:
            del self._first[one.code_hash]
            left = (s for s in self._submissions.values() if s.code_hash == one.code_hash)
            one = next((s for s in left if s.ended not in UNDECIDED and s.researcher not in OPERATORS), one)
        if one.ended not in UNDECIDED:
            self._first.setdefault(one.code_hash, one.id)

    def _ended(self, run: Run) -> None:
        self._drop(run.key)
        if run.state not in ENDED:  # lost, and queued again since
            return
        if run.plain:
            kept = self._runs.setdefault((run.code_hash, run.split), [])
        elif run.seeds_of:
            kept = self._recomputed.setdefault((run.code_hash, run.seeds_of), [])
        else:
            kept = self._audits.setdefault(run.code_hash, [])
        insort(kept, run, key=_order)
        self._kept[run.key] = kept

    def _drop(self, key: str) -> None:
        kept = self._kept.pop(key, [])
        kept[:] = [run for run in kept if run.key != key]
