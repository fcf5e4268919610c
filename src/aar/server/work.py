"""The lab's queue at work: each free slot takes the next run, and its end is written once."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import cast

from aar.database import meta, runs
from aar.database.recomputing import recomputed_of
from aar.engines import Engine, Job, Outcome
from aar.errors import BadSnapshot, EngineError
from aar.server.ending import finish
from aar.server.lab import Lab, printable
from aar.server.seeds import draw
from aar.students.interventions import intervention
from w2s.records import SplitName

IDLE_SECONDS = 0.5
SWEEP_SECONDS = 0.3
FIRST_PAUSE_SECONDS = 1.0
MOST_PAUSE_SECONDS = 60.0


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
        """How long nothing is started."""
        return max(0.0, self.until - time.monotonic())


class Slots:
    """`count` runs of the lab's queue at a time on one engine, whichever engine it is."""

    def __init__(self, lab: Lab, engine: Engine, *, count: int) -> None:
        self._lab, self._engine, self._count = lab, engine, count
        self._under_way: dict[str, asyncio.Task[Outcome]] = {}
        self._losses = Losses()

    async def work(self, stopping: asyncio.Event) -> None:
        """Take runs until `stopping` is set; an error that no run explains ends it."""
        await asyncio.to_thread(self._tell, "")
        loops = [self._slot(f"slot {number + 1}", stopping) for number in range(self._count)]
        await asyncio.gather(*loops, self._end_cancelled(stopping))

    async def _slot(self, name: str, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            if (pause := self._losses.seconds_left()) > 0:
                await _set_within(stopping, pause)
                continue
            claimed = await asyncio.to_thread(self._claim, name)
            if claimed is None:
                self._lab.changed.clear()
                await _set_within(self._lab.changed, IDLE_SECONDS)
                continue
            run, job = claimed
            outcome = await self._outcome(run, job)
            if outcome is None:
                continue  # cancelled: its end is written
            if stopping.is_set() and outcome.status == "lost":
                return  # we ended it ourselves: it is queued again at the next start
            await asyncio.to_thread(self._finish, run, outcome)
            self._lab.changed.set()

    async def _outcome(self, run: runs.Run, job: Job) -> Outcome | None:
        """How the engine ended a run, or None if it was told to end it."""
        task = self._under_way[run.key] = asyncio.ensure_future(self._engine.run(job))
        try:
            return await task
        except EngineError as error:
            return Outcome("lost", error_rule=str(error))
        except BadSnapshot as error:
            return Outcome("method_failed", error_type="BadMethod", error_rule=str(error))
        except asyncio.CancelledError:
            ours = asyncio.current_task()
            if ours is not None and ours.cancelling():
                raise
            return None
        finally:
            del self._under_way[run.key]

    async def _end_cancelled(self, stopping: asyncio.Event) -> None:
        """Whatever was cancelled while the engine has it is killed there."""
        while not stopping.is_set():
            if keys := list(self._under_way):
                for key in await asyncio.to_thread(self._cancelled, keys):
                    if task := self._under_way.get(key):
                        task.cancel()
            await _set_within(stopping, SWEEP_SECONDS)

    def _claim(self, name: str) -> tuple[runs.Run, Job] | None:
        with self._lab.database.write() as tx:
            run = runs.claim(tx, place=name)
        return None if run is None else (run, job_of(self._lab, run))

    def _cancelled(self, keys: list[str]) -> list[str]:
        with self._lab.database.read() as tx:
            return runs.cancelled(tx, keys)

    def _finish(self, run: runs.Run, outcome: Outcome) -> None:
        try:
            finish(self._lab, run, outcome)
        except (UnicodeError, ValueError, TypeError) as error:
            # a method found words or numbers that cannot be stored: its run must not stop everybody's queue
            unstorable = Outcome("method_failed", error_type="BadMethod", error_rule=type(error).__name__)
            finish(self._lab, run, unstorable)
        if self._losses.note(outcome, run.code_hash):
            self._tell(outcome.error_rule or "")

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


def job_of(lab: Lab, run: runs.Run) -> Job:
    """What the engine needs to know of a queued run."""
    other = recomputed_of(run.intervention)
    split = cast(SplitName, run.split)
    drawn = draw(lab.secret, code_hash=other or run.code_hash, split=split, k=run.pair_index)
    return Job(
        code=lab.snapshots.get(run.commit),
        testbed=lab.settings.testbed,
        split=split,
        supervisor_seeds=drawn.supervisors,
        student_seed=drawn.student_seed,
        salt=drawn.salt,
        practice=run.split == "practice",
        intervention="none" if other else intervention(run.intervention),
        wall_seconds=lab.settings.run_seconds,
        memory_mb=lab.settings.run_memory_mb,
    )


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
