"""What stands: the Ladder's shared state, and one consistent view of what is run and decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from aar import ledger
from aar.database import Database, Transaction, meta, runs, submissions, verdicts
from aar.database.runs import Run
from aar.database.schema import ledger as ledger_table
from aar.database.submissions import Submission
from aar.database.verdicts import Verdict
from w2s.records import SplitName

FLOOR = "floor"
"""The holder of a Ladder that no submission holds yet: the supervisors themselves."""


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
    found = meta.find(tx, "ladder", None)
    return None if found is None else Standing(**found)


def put_standing(tx: Transaction, new: Standing) -> None:
    """Move the Ladder, with a note in the ledger; within the transaction of the verdict that moves it."""
    meta.put(tx, "ladder", asdict(new))
    meta.put(tx, "champion", None if new.holder == FLOOR else new.holder)
    meta.put(tx, "record_text", new.text)
    ledger.append(tx, "note", {"ladder": asdict(new)})


def length(database: Database) -> int:
    """How many entries the ledger has."""
    with database.read() as tx:
        return int(tx.scalar(sa.select(sa.func.coalesce(sa.func.max(ledger_table.c.seq), 0))) or 0)


@dataclass(frozen=True)
class Board:
    """One consistent view of what is handed in, run and decided."""

    submissions: Sequence[Submission]
    runs: Mapping[tuple[str, str], Sequence[Run]]
    audits: Mapping[str, Sequence[Run]]
    verdicts: Mapping[tuple[str, str], Verdict]
    standing: Standing | None

    @classmethod
    def read(cls, database: Database) -> Board:
        """The lab as it is now; runs with an intervention are apart, in `audits` by code."""
        with database.read() as tx:
            by_code: dict[tuple[str, str], list[Run]] = {}
            audits: dict[str, list[Run]] = {}
            for run in runs.all(tx):
                if run.intervention == "none":
                    by_code.setdefault((run.code_hash, run.split), []).append(run)
                else:
                    audits.setdefault(run.code_hash, []).append(run)
            return cls(
                submissions=submissions.all(tx),
                runs=by_code,
                audits=audits,
                verdicts={(v.submission, v.stage): v for v in verdicts.all(tx)},
                standing=standing(tx),
            )

    def of(self, submission: Submission, split: SplitName) -> Sequence[Run]:
        """Runs of a submission's code on one split, whoever paid for them."""
        return self.runs.get((submission.code_hash, split), ())

    def audited(self, submission: Submission) -> Sequence[Run]:
        """Runs of a submission's code under interventions."""
        return self.audits.get(submission.code_hash, ())

    def named(self, id: str) -> Submission:
        """The submission with this id."""
        return next(one for one in self.submissions if one.id == id)

    def would_be_records(self, researcher: str) -> Iterator[Submission]:
        """Submissions of one author that dev sent on to sealed, whatever came of it."""
        for one in self.submissions:
            verdict = self.verdicts.get((one.id, "dev"))
            if one.researcher == researcher and verdict is not None and verdict.status == "pending":
                yield one
