"""Everything that a report shows, read in one view of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aar import ideas
from aar.broken_rules import words_of
from aar.database import (
    Database,
    Transaction,
    briefs,
    judged,
    meta,
    researchers,
    runs,
    spending,
    submissions,
    troubles,
    verdicts,
)
from aar.database.figures import Figures
from aar.database.researchers import Role
from aar.database.spending import Spending
from aar.errors import BrokenChain
from aar.folder import LabFolder
from aar.forum import Post, all_posts
from aar.ideas import Idea
from aar.ledger import Leak, Ledger
from aar.reports.ending import Ended, Ending, ending, researchers_ended
from aar.reports.people import Person, began, last_event, person
from aar.reports.ranking import best_first
from aar.reports.steered import Word, told
from aar.run_records import RunError
from aar.submissions.snapshots import Snapshots
from w2s.records import Estimate
from w2s.testbeds.measured import load_measured


@dataclass(frozen=True)
class Entry:
    """A submission with what was decided of it.

    Attributes:
        dev: Figures of its verdict on dev; None before it.
        sealed: Figures of its verdict on sealed; None where there is none.
        rank: Place among the verified, from 1; None for the others.
        hours: Since its researcher started.
        rule: Which rule it broke; empty otherwise.
        failure: Where its code failed; empty otherwise.
        overruled: Whether a person gave it another status than its verdict did.
        runs_left: Its runs that wait or are under way.
        ties: Verified submissions that it cannot be told apart from.
    """

    submission: submissions.Submission
    dev: Figures | None
    sealed: Figures | None
    rank: int | None
    hours: float
    rule: str = ""
    failure: str = ""
    overruled: bool = False
    runs_left: int = 0
    ties: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """Place where a method failed, or the rule that it broke; empty otherwise."""
        return self.failure or (f"rule: {self.rule}" if self.rule else "")

    @property
    def audits(self) -> Sequence[Mapping[str, Any]]:
        """Findings of the audits, with figures; empty where there were none."""
        return self.sealed.audits if self.sealed is not None else ()

    @property
    def measured(self) -> bool:
        """True if the submission was scored: measured on dev, with any verdict."""
        return self.dev is not None and self.dev.accuracy is not None

    @property
    def baseline(self) -> bool:
        """Handed in by the lab itself."""
        return self.submission.role is Role.BASELINE

    @property
    def pgr(self) -> Estimate | None:
        """The best founded PGR there is: on sealed items, else on dev, else None."""
        for figures in (self.sealed, self.dev):
            if figures is not None and figures.pgr is not None:
                return figures.pgr
        return None


@dataclass(frozen=True)
class Contents:
    """Content of one report."""

    testbed: str
    settings: dict[str, Any]
    seconds: float
    begun: float
    people: Sequence[Person]
    entries: Sequence[Entry]
    baselines: Sequence[Entry]
    references: Sequence[verdicts.Reference]
    posts: Sequence[Post]
    runs: int
    core_seconds: float
    spent: Spending
    ledger_entries: int
    ledger_head: str
    ledger_problem: str
    leaks: Mapping[str, Leak]
    ending: Ending
    ended: Mapping[str, Ended]
    runs_left: int
    words: Sequence[Word] = ()
    ideas: Sequence[Idea] = ()
    judged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    briefs: Mapping[str, briefs.Given] = field(default_factory=dict)

    @property
    def other_worlds(self) -> int:
        """How many worlds sealed items are known to come from that items used for feedback do not; 0 if not known."""
        measured = (load_measured(self.testbed) or {}).get("splits", {})
        dev, sealed = (set(measured.get(split, {}).get("worlds", ())) for split in ("dev", "sealed"))
        return len(sealed - dev)

    @property
    def researchers(self) -> list[Person]:
        """Researchers that work by themselves: without the names under which a person submits."""
        return [person for person in self.people if person.row.role is Role.RESEARCHER]

    @property
    def feedback(self) -> str:
        """Feedback on dev that researchers got besides words."""
        return str(self.settings.get("feedback", "ladder"))

    @property
    def everything(self) -> list[Entry]:
        """The ranked submissions, then the baselines."""
        return [*self.entries, *self.baselines]

    @property
    def verified(self) -> list[Entry]:
        """Verified submissions, the best on sealed items first."""
        return [entry for entry in self.entries if entry.rank is not None]

    @property
    def scored(self) -> list[Entry]:
        """Submissions that were measured at all."""
        return [entry for entry in self.entries if entry.measured]

    @property
    def best_baseline(self) -> Entry | None:
        """The baseline with the highest PGR, or None where none was measured."""
        measured = [(entry.pgr.mean, entry) for entry in self.baselines if entry.pgr is not None]
        return max(measured, key=lambda pair: pair[0])[1] if measured else None

    def shared(self, rank: int) -> bool:
        """True if several submissions have this rank."""
        return sum(entry.rank == rank for entry in self.entries) > 1

    def called(self, submission: str) -> str:
        """A submission's id, or the name of a baseline."""
        names = {entry.submission.id: entry.submission.title.replace("_", " ") for entry in self.baselines}
        return names.get(submission, submission)

    def colour(self, researcher: str) -> int:
        """Index of the researcher's colour; -1 for the lab."""
        return next((person.colour for person in self.people if person.row.name == researcher), -1)


def read(database: Database, *, mirror: Path) -> Contents:
    """Read everything; the ledger (and its mirror) is verified on the way, and a break is reported, not raised."""
    book = Ledger(database)
    try:
        checked = book.verify(mirror=mirror)
        entries, head, problem = checked.entries, checked.head, ""
        leaks: Mapping[str, Leak] = {str(split): leak for split, leak in checked.leaks.items()}
    except BrokenChain as error:
        entries, head, problem, leaks = 0, "", str(error), {}
    with database.read() as tx:
        submitted = submissions.all(tx)
        team = researchers.all(tx)
        started = {researcher.name: researcher.started or researcher.created for researcher in team}
        everything = [_entry(tx, row, started=started.get(row.researcher, row.created)) for row in submitted]
        written = all_posts(tx)
        ended, wrong = runs.all(tx), troubles.all(tx)
        begun = min(
            [researcher.created for researcher in team] + [row.created for row in submitted], default=0.0
        )
        said, elapsed_s = told(tx), float(meta.find(tx, "elapsed_seconds", 0.0))
        last = max(last_event(tx, submitted, ended, wrong), said.last, begun + elapsed_s)
        people = [
            person(
                tx,
                researcher,
                colour=i,
                submitted=submitted,
                ended=ended,
                written=written,
                troubles=wrong,
                last=last,
                elapsed_s=elapsed_s,
            )
            for i, researcher in enumerate(team)
        ]
        return Contents(
            testbed=str(meta.find(tx, "testbed", "unknown testbed")),
            settings=dict(meta.find(tx, "settings", {})),
            seconds=elapsed_s or last - begun,
            begun=begun,
            people=people,
            entries=_ranked([entry for entry in everything if not entry.baseline]),
            baselines=[entry for entry in everything if entry.baseline],
            references=[
                reference
                for kind in ("floor", "ceiling")
                for reference in verdicts.references(tx)
                if reference.kind == kind
            ],
            posts=written,
            runs=sum(map(began, ended)),
            core_seconds=sum(run.end.core_seconds for run in ended),
            spent=spending.total(tx),
            ledger_entries=entries,
            ledger_head=head,
            ledger_problem=problem,
            leaks=leaks,
            ending=ending(tx, undecided=any(row.status == "pending" for row in submitted)),
            ended=researchers_ended(tx),
            runs_left=sum(run.state not in runs.ENDED and run.split != "practice" for run in ended),
            words=said.words,
            briefs=briefs.told(tx),
            judged=judged.all(tx),
            ideas=_ideas(LabFolder(mirror.parent).snapshots, submitted),
        )


def _ideas(snapshots: Path, submitted: Sequence[submissions.Submission]) -> list[Idea]:
    """None where the code is not at hand, as in a database alone."""
    return ideas.read(Snapshots(snapshots), submitted) if snapshots.is_dir() else []


def _entry(tx: Transaction, row: submissions.Submission, *, started: float) -> Entry:
    by_stage = {verdict.stage: verdict for verdict in verdicts.all(tx, row.id)}
    scored = []
    if row.status in ("pending", "failed"):
        scored = [run for run in runs.all(tx, code_hash=row.code_hash) if run.split != "practice"]
    return Entry(
        submission=row,
        dev=by_stage["dev"].figures if "dev" in by_stage else None,
        sealed=by_stage["sealed"].figures if "sealed" in by_stage else None,
        rank=None,
        hours=max(0.0, row.created - started) / 3600,
        rule=next(
            (
                words_of(verdict.rule)
                for verdict in by_stage.values()
                if verdict.rule and row.status == "violation"
            ),
            "",
        ),
        failure=_failure(scored) or row.reply if row.status == "failed" else "",
        overruled=row.ended is submissions.Ended.OVERRULED,
        runs_left=sum(run.state not in runs.ENDED for run in scored) if row.status == "pending" else 0,
    )


def _failure(scored: Sequence[runs.Run]) -> str:
    """Kind of error, file, line and rule of the first run that failed; what breaks in an audit is not its failure."""
    failed = [run for run in scored if run.state == "failed" and run.plain]
    if not failed:
        return ""
    error = failed[0].end.error or RunError()
    place = f" in {error.file}" if error.file else ""
    place += f", line {error.line}" if place and error.line else ""
    rule = f" ({error.rule})" if error.rule else ""
    return (error.type or "an error") + place + rule


def _ranked(entries: list[Entry]) -> list[Entry]:
    """Verified ones by rank, and within it by sealed PGR; then the measured, then the rest as they came."""

    def worth(entry: Entry) -> float:
        return entry.pgr.mean if entry.pgr is not None else float("-inf")

    verified = {entry.submission.id: entry for entry in entries if entry.submission.status == "verified"}
    ranks = best_first({id: entry.sealed for id, entry in verified.items()})
    placed = [replace(verified[id], rank=rank.place, ties=rank.ties) for id, rank in ranks.items()]
    others = [entry for entry in entries if entry.submission.status != "verified"]
    return placed + sorted(others, key=worth, reverse=True)
