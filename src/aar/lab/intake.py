"""The lab: takes submissions and posts, draws seeds, queues runs, and answers in words.

It never opens the vault: figures come from the scorer through the database.

Covered: budgets, a request sent twice, identical code, requests after the end, a full queue. Not covered:
two researchers who share one token (give each its own).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence

from aar import ledger
from aar.database import (
    Database,
    Transaction,
    researchers,
    runs,
    standing,
    submissions,
    trainings,
    verdicts,
    waiting,
)
from aar.database.researchers import Role
from aar.database.runs import Priority
from aar.engines import names_companions
from aar.errors import BadRequest, NotNow, OverBudget
from aar.folder import LabFolder
from aar.forum import Forum
from aar.lab import budgets, coming_back, estimate, stopped
from aar.lab.admission import refuse_late_guest, refuse_used_up
from aar.lab.cooldown import refuse_while_waiting
from aar.lab.draw import draw, lab_secret
from aar.lab.needs import Conducted
from aar.lab.queueing import Queueing, pairs
from aar.lab.references import planned
from aar.lab.resubmission import is_answered, refuse_ended
from aar.prices import Prices
from aar.settings import Settings
from aar.submissions.snapshots import Snapshots, tree_of
from w2s.files import write_whole

RESERVE = 0.22
"""Part of a bounded run's time that is kept for confirmations after the last submission."""

MOST_TITLE = 120
"""Characters of a title."""
MOST_TEXT = 8000
"""Characters of a summary, a claim or a post."""


class Lab:
    """One lab while it runs; `elapsed` are the seconds of its time that were used before.

    With `to_the_end` what was handed in is judged however long it takes, though the time for research is over. One that
    `stays_open` takes methods in until that time, whoever has none left to hand in: others may come.
    `refused` are the codes whose confirmations need no more runs.
    """

    def __init__(
        self,
        folder: LabFolder,
        settings: Settings,
        database: Database,
        *,
        elapsed: float,
        to_the_end: bool = False,
        stays_open: bool = False,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.database = database
        self.prices = Prices(settings.prices)
        self.planned = planned(settings)
        self.load = estimate.load()
        self.snapshots = Snapshots(folder.snapshots)
        self.forum = Forum(database, folder.forum)
        self.secret = lab_secret(folder.lab_secret)
        self._elapsed_before = elapsed
        self._started = time.monotonic()
        self._to_the_end = to_the_end
        self.stays_open = stays_open
        self._lock = threading.Lock()
        self.conducted = Conducted()
        self.queue = Queueing(settings.testbed, self.secret, self.snapshots)

    def scores(self, tx: Transaction) -> Mapping[str, float]:
        """Scores that authors were given, by submission; nothing under the Ladder."""
        return {} if self.settings.feedback == "ladder" else verdicts.scores(tx)

    def elapsed(self) -> float:
        """Seconds of the run's time that are used."""
        return self._elapsed_before + time.monotonic() - self._started

    def seconds_left(self) -> float | None:
        """Seconds until the run is broken off, None without a bound."""
        if self.settings.minutes is None or self._to_the_end:
            return None
        return self.settings.minutes * 60 - self.elapsed()

    def research_seconds_left(self) -> float | None:
        """Seconds until no further submission is taken, None without a bound."""
        if self.settings.minutes is None:
            return None
        return self.settings.minutes * 60 * (1 - RESERVE) - self.elapsed()

    @property
    def research_is_over(self) -> bool:
        """True if the time for research is used up."""
        left = self.research_seconds_left()
        return left is not None and left <= 0

    @property
    def time_is_over(self) -> bool:
        """True if the run is to be stopped now."""
        left = self.seconds_left()
        return left is not None and left <= 0

    def submit(
        self,
        researcher: str,
        *,
        files: Mapping[str, str],
        title: str,
        summary: str,
        parents: Sequence[str],
        claim: str,
        request: str | None,
    ) -> submissions.Submission:
        """Freeze the code, enter it into the ledger and queue its dev runs; all of it or nothing.

        Code that was handed in before is taken and charged like any other, and answered from what was decided of
        it; nothing is queued. Raises `BadSnapshot`, `BadRequest`, `OverBudget`, `NotNow`. A request that was
        answered before gets the same answer, and is not charged again.
        """
        title = _line(title, what="title", most=MOST_TITLE)
        with self.database.read() as tx:
            if request and (earlier := submissions.by_request(tx, researcher=researcher, request=request)):
                return earlier
            built_on = [submissions.get(tx, parent) for parent in dict.fromkeys(parents)]
            self._refuse(tx, researchers.get(tx, researcher), "submissions")
        with self._lock:
            snapshot = self.snapshots.put(
                files, researcher=researcher, message=title, parents=[parent.commit for parent in built_on]
            )
            with self.database.write() as tx:
                if request and (
                    earlier := submissions.by_request(tx, researcher=researcher, request=request)
                ):
                    return earlier
                who = researchers.get(tx, researcher)
                counted, baseline = who.role is Role.RESEARCHER, who.role is Role.BASELINE
                self._refuse(tx, who, "submissions")
                if counted:
                    coming_back.goes_on(tx, who, self.elapsed())
                same = submissions.all(tx, code_hash=snapshot.tree)
                refuse_ended(tx, same, decisive=("dev",) if counted else ("dev", "sealed"))
                seeds = self.settings.baseline_seeds if baseline else self.settings.dev_seeds
                numbers = pairs(seeds, students=1)
                self._admit(tx, who, new=0 if is_answered(same) else len(numbers))
                submission = ledger.record_submission(
                    tx,
                    code_hash=snapshot.tree,
                    commit=snapshot.commit,
                    researcher=researcher,
                    title=title,
                    summary=summary[:MOST_TEXT],
                    parents=[parent.id for parent in built_on],
                    claim=claim[:MOST_TEXT],
                    request=request,
                )
                # until the Ladder stands nothing is judged: everybody waits for the baselines on dev
                opening = baseline and standing.find(tx) is None
                priority: Priority = "opening" if opening else "baseline" if baseline else "dev"
                named = names_companions(files)
                self.queue.runs_of(tx, submission, "dev", numbers, priority=priority, companions=named)
        return submission

    def show_code(self, submission: submissions.Submission) -> None:
        """Lay out the code of a submission for the scorer, once."""
        path = self.folder.code(submission.code_hash)
        if not path.exists():
            write_whole(path, json.dumps(self.snapshots.get(submission.commit)))

    def practice(self, researcher: str, files: Mapping[str, str]) -> str:
        """Queue a run on the practice bench; its key. The same code is run once for all researchers.

        One at a time for each researcher, so that nobody's practice holds up the others' verdicts. What one has
        withdrawn is run for another who asks for it. Raises `OverBudget` when the budget or the time is used up,
        `NotNow` when the queue is full, another one is under way or the researcher has to wait, `BadRequest` for
        code whose practice run a person cancelled, or the researcher itself withdrew.
        """
        with self._lock:
            tree = tree_of(files)
            drawn = draw(self.secret, code_hash=tree, split="practice", k=0)
            key = self.queue.key(tree, "practice", 0, drawn)
            with self.database.read() as tx:
                own = runs.all(tx, split="practice", researcher=researcher)
                if not any(run.key == key for run in own):
                    self._refuse(tx, researchers.get(tx, researcher), "practice")
            # what was asked for before is no further run: the answer to the first request may have been lost
            asked_before = any(run.key == key for run in own)
            if len(own) >= self.settings.practices and not asked_before:
                raise OverBudget(f"all {self.settings.practices} practice runs of {researcher} are used")
            waiting = [run for run in own if run.state in ("queued", "running") and run.key != key]
            if waiting:
                raise NotNow("a practice run of yours is not finished yet; wait for it before the next")
            companions = names_companions(files)
            # only now: what is refused is not stored
            snapshot = self.snapshots.put(
                files, researcher=f"{researcher}-practice", message="practice", draft=True
            )
            with self.database.write() as tx:
                who = researchers.get(tx, researcher)
                if not asked_before:
                    self._refuse(tx, who, "practice")
                    coming_back.goes_on(tx, who, self.elapsed())
                known = runs.find(tx, key)
                again = known is not None and known.may_run_again
                if known is not None and known.state == "cancelled" and (asked_before or not again):
                    raise BadRequest(f"the practice run of this very code was {_why(known)}; change it")
                if known is None or again:
                    self._admit(tx, who, new=1)
                if known is not None and again:
                    # what was lost stays with who asked first, what was given up passes to who asks now
                    whose = known.researcher if known.state == "lost" else researcher
                    ledger.record_again(tx, key, submission=None, researcher=whose, priority="practice")
                runs.queue(
                    tx,
                    key,
                    researcher=researcher,
                    code_hash=snapshot.tree,
                    commit=snapshot.commit,
                    split="practice",
                    pair_index=0,
                    supervisor_seed=drawn.supervisor,
                    student_seed=drawn.student_seed_hex,
                    salt=drawn.salt.hex(),
                    nominal_cost=0.1,
                    priority="practice",
                    companions=companions,
                    ready=trainings.supervisors(tx, "practice").issuperset(
                        trainings.asked_by(drawn.supervisor, companions=companions)
                    ),
                )
        return key

    def practised(self, researcher: str, run: runs.Run) -> bool:
        """Whether a researcher has asked for this practice run: it has handed in the code itself."""
        return run.researcher == researcher or self.snapshots.holds(
            run.code_hash, researcher=f"{researcher}-practice", message="practice"
        )

    def _refuse(self, tx: Transaction, who: researchers.Researcher, what: str) -> None:
        """`OverBudget` once its time or its submissions are used, `NotNow` if a person halts it or the run ends."""
        if what == "submissions":
            refuse_used_up(tx, self.settings, who)
        if who.role is not Role.RESEARCHER:
            return
        if self.research_is_over:
            raise OverBudget(f"the time for {what} is over; post what you found and stop")
        clock_s = self.elapsed()
        worked = coming_back.counted(tx, who, clock_s).worked_at(clock_s)
        budgets.refuse_late(self.settings, budgets.Used(seconds=worked), what)
        stopped.refuse_method(who, what)
        refuse_late_guest(tx, who, stays_open=self.stays_open)

    def _admit(self, tx: Transaction, who: researchers.Researcher, *, new: int) -> None:
        """`NotNow` for a researcher that has to wait, or where `new` more runs would not fit into the queue."""
        if who.role is Role.BASELINE:
            return  # how many baselines there are is the settings' choice
        refuse_while_waiting(who)
        own, everybody = waiting.queued(tx, researcher=who.name), waiting.queued(tx)
        if own + new > self.settings.queued:
            raise NotNow(
                f"{own} runs of {who.name} wait already and {self.settings.queued} may; wait for some to end, or "
                "withdraw one of your submissions"
            )
        if everybody + new > self.settings.queued_in_all:
            raise NotNow(
                f"the queue is full ({self.settings.queued_in_all} runs); come back when some have ended"
            )


def _why(run: runs.Run) -> str:
    """Reason for a run's cancellation, in words."""
    return (run.end.error.rule if run.end.error is not None else None) or "cancelled"


def _line(text: str, *, what: str, most: int) -> str:
    line = printable(text)
    if not line or len(line) > most:
        raise BadRequest(f"a {what} of 1 to {most} characters is needed, this one has {len(line)}")
    return line


def printable(text: str) -> str:
    """One line of `text` without control characters: what it says may reach somebody's terminal.

    >>> printable("a\\x1b[31m\\nb")
    'a[31m b'
    """
    return " ".join(
        "".join(character for character in text if character.isprintable() or character.isspace()).split()
    )
