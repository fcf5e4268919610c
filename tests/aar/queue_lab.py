"""A lab with a real database, queue and ledger on an engine that only pretends to compute."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aar import database
from aar.database import researchers, run_turns, runs, schema, trainings, waiting
from aar.database.researchers import OPERATOR
from aar.database.trainings import Place
from aar.engines import Job, Outcome
from aar.folder import LabFolder
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.lab.references import planned, wanted
from aar.lab.slots import Slots
from aar.run_records import RunEnd, RunError
from aar.settings import Settings

METHOD = "def run(bench):\n    return bench.strong().predict(bench.test)\n"
PREDICTIONS = np.full(8, 0.75)


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder in memory where the system has one: what a power cut would lose is not the question here."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def trivial(job: Job) -> Outcome:
    """What a method that works amounts to."""
    return Outcome(
        "ok", RunEnd(nominal=10_000.0, seconds=0.5, core_seconds=0.5), arrays={"predictions": PREDICTIONS}
    )


def broken(job: Job) -> Outcome:
    """What a method that fails amounts to."""
    return Outcome(
        "method_failed", RunEnd(error=RunError("ValueError", file="method.py", line=2), nominal=100.0)
    )


def lost(job: Job) -> Outcome:
    """What an engine that has no working sandbox gives."""
    return Outcome("lost", RunEnd(error=RunError(rule="no sandbox started")))


@dataclass
class PretendedEngine:
    """Answers by a function of the job, after `seconds`; `started` holds the comment of each method, in order."""

    answer: Callable[[Job], Outcome] = trivial
    seconds: float = 0.0
    capacity: int = -1
    """How many runs it takes at once; `work` sets it to the number of slots where it is left out."""
    started: list[str] = field(default_factory=list)
    killed: int = 0
    stopping: bool = False

    async def start(self) -> None:
        return

    async def run(self, job: Job) -> Outcome:
        self.started.append(job.code["method.py"].rsplit("# ", 1)[1].strip())
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.killed += 1
            raise
        return Outcome("lost", RunEnd(error=RunError(rule="stopped"))) if self.stopping else self.answer(job)

    async def stop(self) -> None:
        self.stopping = True


@dataclass
class PretendedTrainer:
    """Has trained everything that is `done`, and trains the rest in no time; `asked` is what it was told to."""

    done: list[Place] = field(default_factory=list)
    asked: list[Place] = field(default_factory=list)

    async def there(self) -> list[Place]:
        return self.done

    async def train(self, place: Place) -> tuple[float, float]:
        self.asked.append(place)
        return (0.1, 0.1)

    async def stop(self) -> None:
        return


def open_lab(path: Path, *names: str, **changes: object) -> Lab:
    """The lab in `path`, made at the first call; a later one finds what the first left, as after a crash."""
    folder = LabFolder(path)
    settings = Settings(**{"dev_seeds": 2, "submissions": 10_000, **changes})  # type: ignore[arg-type]
    if not folder.description.exists():
        folder.describe({"settings": settings.as_json(), "testbed": settings.testbed})
        folder.practice.mkdir()
        (folder.practice / "items.jsonl").write_text("")
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        runs.requeue_running(tx)
        for name in (researchers.LAB, OPERATOR, *names):
            researchers.add(tx, name, token=f"token of {name}")
        trainings.keep(tx, planned(settings))
    return Lab(folder, settings, store, elapsed=0.0)


def files(text: str) -> Mapping[str, str]:
    """A method that differs from every other one in a comment."""
    return {"method.py": f"{METHOD}# {text}\n"}


def submit(lab: Lab, researcher: str, text: str) -> str:
    """Hand a method in; its id."""
    return lab.submit(
        researcher, files=files(text), title=text, summary="", parents=(), claim="", request=None
    ).id


def queue(
    lab: Lab, researcher: str, count: int, *, priority: runs.Priority = "dev", known: bool = False
) -> None:
    """Put runs straight into the queue, without a submission: the first as the lab does, the others in bulk.

    `known` makes the researcher where there is none of this name.
    """
    if known:
        with lab.database.write() as tx:
            researchers.add(tx, researcher)
    method = lab.snapshots.put(files(researcher), researcher=researcher, message="queued", parents=[])
    row = {
        "researcher": researcher,
        "commit": method.commit,
        "split": priority if priority in ("sealed", "practice") else "dev",
        "supervisor_seed": 0,
        "student_seed": "00",
        "nominal_cost": 1.0,
    }

    def named(k: int) -> dict[str, object]:
        key = hashlib.sha256(f"{researcher} {priority} {k}".encode()).hexdigest()
        return {**row, "key": key, "code_hash": f"code of {researcher} {k}", "pair_index": k}

    with lab.database.write() as tx:
        runs.queue(tx, priority=priority, **named(0))  # type: ignore[arg-type]
        first = tx.execute(schema.runs.select().where(schema.runs.c.key == named(0)["key"])).one()._mapping
        more = [{**first, **named(k)} for k in range(1, count)]
        if more:
            tx.execute(schema.runs.insert(), more)


def claim_all(lab: Lab, most: int = 10**9) -> list[str]:
    """Whose runs are taken, in order."""
    order = []
    with lab.database.write() as tx:
        while len(order) < most and (run := run_turns.claim(tx)) is not None:
            order.append(run.researcher)
    return order


def work(
    lab: Lab,
    engine: PretendedEngine,
    *,
    slots: int = 2,
    until: Callable[[], bool] | None = None,
    trained: list[Place] | None = None,
) -> None:
    """Let the engine work until nothing waits or is under way, or until the condition holds.

    `trained` are the references that are there at the start; all of them where it is left out.
    """

    def done() -> bool:
        with lab.database.read() as tx:
            found = waiting.counts(tx)
            untrained = wanted(tx, lab.planned)
        return not found.get("queued") and not found.get("running") and not untrained

    engine.stopping = False
    engine.capacity = slots if engine.capacity < 0 else engine.capacity
    with lab.database.write() as tx:
        runs.requeue_running(tx)  # as at every start of a lab

    async def whole() -> None:
        news, stopping = News(lab.database), asyncio.Event()
        there = list(lab.planned) if trained is None else trained
        trainers = [PretendedTrainer(there) for _ in range(slots)]
        watching = asyncio.create_task(news.watch(stopping))
        working = asyncio.create_task(Slots(lab, engine, news, trainers).work(stopping))
        while not (until or done)():
            assert not working.done(), working.exception()
            await asyncio.sleep(0.02)
        stopping.set()
        await engine.stop()
        news.tell()
        await asyncio.gather(working, watching)

    asyncio.run(whole())
