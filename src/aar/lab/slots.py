"""The lab's cores at work: a free slot takes the next run or trains the next reference; each ends once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from aar.database import meta, run_turns, runs, trainings
from aar.database.trainings import Place
from aar.engines import Engine, Job, Outcome
from aar.errors import BadSnapshot, EngineError
from aar.lab import capacity, references
from aar.lab.intake import Lab, printable
from aar.lab.jobs import draw_missing_salts, job_of
from aar.lab.news import News
from aar.lab.run_end import finish
from aar.lab.trainer import Trains
from aar.run_records import RunEnd, RunError

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
MOST_PAUSE_SECONDS = 60.0
CAPACITY_SECONDS = 5.0
"""Interval between questions to the engine about its capacity."""


@dataclass
class Losses:
    """Runs that the engine lost one after the other, and how long it is given nothing because of that.

    A loss is nobody's fault, but what loses every run (a full disk, a broken sandbox) is better asked
    rarely. The pause grows with the number of different codes that were lost: one code that is lost again
    and again may have brought it about, and does not hold up the others for long. One run that comes back
    ends it.
    """

    in_a_row: int = 0
    codes: set[str] = field(default_factory=set)
    until: float = 0.0

    def note(self, outcome: Outcome, code_hash: str) -> bool:
        """Count how a run ended; whether anything changed."""
        if outcome.status != "lost":
            changed, self.in_a_row, self.until = self.in_a_row > 0, 0, 0.0
            self.codes.clear()
            return changed
        self.in_a_row += 1
        self.codes.add(code_hash)
        if self.in_a_row > 1:
            pause = FIRST_PAUSE_SECONDS * 2.0 ** min(len(self.codes) - 1, 30)
            self.until = time.monotonic() + min(MOST_PAUSE_SECONDS, pause)
        return True

    def seconds_left(self) -> float:
        """Seconds for which nothing is started."""
        return max(0.0, self.until - time.monotonic())


@dataclass(frozen=True)
class Taken:
    """A run that a slot has taken from the queue."""

    run: runs.Run
    job: Job


@dataclass(frozen=True)
class Wanted:
    """A reference that a slot is to have trained."""

    place: Place


class Slots:
    """As many runs at a time as the engine has room for; trainings of references in between, on this machine.

    There is a loop for each place of the engine and for each trainer. The first loops have a trainer each and do
    either: on the local engine both take the same core. Further loops only hand over runs.
    """

    def __init__(self, lab: Lab, engine: Engine, news: News, trainers: Sequence[Trains]) -> None:
        self._lab, self._engine, self._news, self._trainers = lab, engine, news, trainers
        self._under_way: dict[str, asyncio.Task[Outcome]] = {}
        self._training: set[Place] = set()
        self._practising: set[str] = set()
        self._handed_over: set[str] = set()
        self._practised_last = False
        self._all_trained = False
        self._losses = Losses()

    async def work(self, stopping: asyncio.Event) -> None:
        """Take runs and trainings until `stopping` is set; an error that none of them explains ends it."""
        tasks: list[asyncio.Task[None]] = []
        try:
            await asyncio.to_thread(self._tell, "")
            await self._take_stock()
            tasks.append(asyncio.create_task(self._end_cancelled(stopping)))
            known = 0
            while not stopping.is_set():
                if known != (known := self._engine.capacity):
                    await asyncio.to_thread(self._note_capacity, known)
                    self._news.tell()  # loops that were too many may be wanted again
                for number in range(len(tasks) - 1, max(known, len(self._trainers))):
                    tasks.append(asyncio.create_task(self._slot(number, stopping)))
                ended, _ = await asyncio.wait(
                    tasks, timeout=CAPACITY_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                for task in ended:
                    task.result()
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for trainer in self._trainers:
                await trainer.stop()

    async def _take_stock(self) -> None:
        """Ask which references are there: files count, notes of them do not."""
        there = await self._trainers[0].there()

        def keep() -> None:
            with self._lab.database.write() as tx:
                trainings.keep(tx, there)
                draw_missing_salts(self._lab, tx)

        await asyncio.to_thread(keep)

    async def _slot(self, number: int, stopping: asyncio.Event) -> None:
        name = f"slot {number + 1}"
        trainer = self._trainers[number] if number < len(self._trainers) else None
        while not stopping.is_set():
            version, pause = self._news.version, self._losses.seconds_left()
            work = await asyncio.to_thread(self._next, name, runs_too=pause <= 0, trains=trainer is not None)
            if isinstance(work, Taken):
                await self._run(work, stopping)
            elif isinstance(work, Wanted):
                assert trainer is not None
                await self._train(trainer, work.place)
            else:
                if self._all_trained and trainer is not None:
                    await trainer.stop()  # its memory is of more use to runs
                await self._news.after(version, pause or None)

    async def _run(self, taken: Taken, stopping: asyncio.Event) -> None:
        try:
            outcome = await self._outcome(taken.run, taken.job)
        finally:
            self._practising.discard(taken.run.key)
            self._handed_over.discard(taken.run.key)
        if outcome is None:
            logger.info("run %s was cancelled", taken.run.key[:12])
            return  # its end is written
        why = outcome.end.error.rule if outcome.status == "lost" and outcome.end.error else None
        words = f"{outcome.status}, {printable(why)[:200]}" if why else outcome.status
        logger.info("run %s on %s ended: %s", taken.run.key[:12], taken.run.split, words)
        if stopping.is_set() and outcome.status == "lost":
            return  # we ended it ourselves: it is queued again at the next start
        await asyncio.to_thread(self._finish, taken.run, outcome)

    async def _train(self, trainer: Trains, place: Place) -> None:
        def note(seconds: float, core_seconds: float) -> None:
            with self._lab.database.write() as tx:
                trainings.add(tx, *place, seconds=seconds, core_seconds=core_seconds)

        logger.info("training %s of %s, seed %d", *place)
        try:
            await asyncio.to_thread(note, *await trainer.train(place))
        finally:
            self._training.discard(place)  # not sooner: another slot would have it trained once more

    async def _outcome(self, run: runs.Run, job: Job) -> Outcome | None:
        """Outcome of a run on the engine, or None if the run was cancelled.

        An engine may be anybody's: whatever it raises is a run that it lost, and `lab.log` has where.
        """
        task = self._under_way[run.key] = asyncio.ensure_future(self._engine.run(job))
        try:
            return await task
        except EngineError as error:
            return Outcome("lost", RunEnd(error=RunError(rule=str(error))))
        except BadSnapshot as error:
            return Outcome("method_failed", RunEnd(error=RunError("BadMethod", rule=str(error))))
        except asyncio.CancelledError:
            ours = asyncio.current_task()
            if ours is not None and ours.cancelling():
                raise
            return None
        except Exception as error:
            logger.exception("the engine broke on run %s", run.key[:12])
            return Outcome(
                "lost", RunEnd(error=RunError(rule=f"the engine raised {type(error).__name__}: {error}"))
            )
        finally:
            if self._under_way.get(run.key) is task:  # a practice run taken back may have been started anew
                del self._under_way[run.key]

    async def _end_cancelled(self, stopping: asyncio.Event) -> None:
        """End the cancelled runs that the engine still has."""
        while not stopping.is_set():
            version = self._news.version
            if keys := list(self._under_way):
                for key in await asyncio.to_thread(self._cancelled, keys):
                    if task := self._under_way.get(key):
                        task.cancel()
            await self._news.after(version, None)

    def _next(self, name: str, *, runs_too: bool, trains: bool) -> Taken | Wanted | None:
        """The next run if the engine has room, or the reference that something more urgent waits for."""
        with (
            self._lab.database.write() as tx
        ):  # one thread at a time: what is counted here holds until it is taken
            runs_too = runs_too and len(self._handed_over) < self._engine.capacity
            left = references.wanted(tx, self._lab.planned)
            self._all_trained = not left
            mine = next(
                (candidate for candidate in left if trains and candidate[1] not in self._training), None
            )
            without, priority = self._passed_over, None
            if runs_too:
                priority = run_turns.next_priority(tx, without=without)
                if priority is None and mine is None:  # nobody is held up by it
                    without, priority = None, run_turns.next_priority(tx)
            if mine is not None and (priority is None or mine[0] < priority):
                self._training.add(mine[1])
                self._practised_last = False
                return Wanted(mine[1])
            run = run_turns.claim(tx, place=name, without=without) if priority is not None else None
            if run is None:
                return None
            self._handed_over.add(run.key)
        self._practised_last = run.split == "practice"
        if self._practised_last:
            self._practising.add(run.key)
        return Taken(run, job_of(self._lab, run))

    @property
    def _passed_over(self) -> runs.Priority | None:
        """Practice goes first, on half of the engine's places at most; where there is one place, every second turn.

        Otherwise methods that take as long as they may would hold up what everybody waits for.
        """
        slots = self._engine.capacity
        crowded = self._practised_last if slots <= 1 else len(self._practising) >= slots // 2
        return "practice" if crowded else None

    def _cancelled(self, keys: list[str]) -> list[str]:
        with self._lab.database.read() as tx:
            return runs.cancelled(tx, keys)

    def _finish(self, run: runs.Run, outcome: Outcome) -> None:
        try:
            finish(self._lab, run, outcome)
        except (UnicodeError, ValueError, TypeError) as error:
            # a method found words or numbers that cannot be stored: its run must not stop everybody's queue
            unstorable = Outcome(
                "method_failed", RunEnd(error=RunError("BadMethod", rule=type(error).__name__))
            )
            finish(self._lab, run, unstorable)
        if self._losses.note(outcome, run.code_hash):
            self._tell((outcome.end.error or RunError()).rule or "")

    def _note_capacity(self, places: int) -> None:
        with self._lab.database.write() as tx:
            capacity.note(tx, places)

    def _tell(self, why: str) -> None:
        """Note for the status how the engine does; times as the clock of all rows has them."""
        resumes = time.time() + self._losses.seconds_left()
        lost = self._losses.in_a_row
        with self._lab.database.write() as tx:
            meta.put(
                tx,
                "engine",
                {"lost_in_a_row": lost, "resumes": resumes, "why": printable(why)[:200] if lost else ""},
            )
