"""The lab's process: engine, queue, forum and API, until the run is over or its parent is gone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aar import database, ledger, logs
from aar.api.connections import bounded
from aar.baseline_sets import method_of
from aar.database import meta, researchers, runs
from aar.errors import SettingsError
from aar.folder import LabFolder
from aar.lab import calls, coming_back, working_time
from aar.lab.conductor import Phase, advance
from aar.lab.going_on import note_settings
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.lab.slots import Slots
from aar.lab.study_end import note_running
from aar.lab.trainer import Trainer
from aar.researchers import answered
from aar.settings import settings_of
from w2s import methods
from w2s.errors import W2SError

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from aar.engines import Engine

logger = logging.getLogger(__name__)

LEAST_SECONDS = 0.3
"""Between two looks at what verdicts ask for, however much happens."""
MIRROR_SECONDS = 2.0
CLOCK_SECONDS = 30.0
"""Interval between notes of the used time, so that a run that is killed goes on with little of it lost. That is a
commit, so waiters look as often at what a time alone changes."""
GOODBYE_SECONDS = 1
"""Time for waiting requests to end when the lab is asked to stop."""


@dataclass(frozen=True)
class Guests:
    """The door for guests: a listening socket's descriptor, and the files of a TLS certificate and its key, or none."""

    socket: int
    certificate: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Start:
    """Start message from the launcher on the lab's standard input, since arguments and environment can be seen.

    Attributes:
        socket: Descriptor of the listening socket that the lab inherits: nobody else can answer in its place.
        operator_token: Token of the person who runs the lab.
        tokens: Token of each researcher, by name.
        directions: Direction of each researcher, by name.
        models: Model of each researcher, by name.
        elapsed: Time of the run that was used before, in seconds.
        to_the_end: True if the run's time is over, and what was submitted is judged nevertheless.
        again: True if only the lab was started again, within a run that goes on.
        guests: Where those come in who are no processes of the run; None where nobody is let in but over `socket`.
        stays_open: True if the lab does not end by itself.
    """

    socket: int
    operator_token: str = field(repr=False)
    tokens: dict[str, str] = field(repr=False)
    directions: dict[str, str]
    models: dict[str, str]
    elapsed: float
    to_the_end: bool
    again: bool
    guests: Guests | None = None
    stays_open: bool = False

    @classmethod
    def read(cls) -> Start:
        """From one line of JSON on standard input."""
        line = sys.stdin.readline()
        if not line.strip():
            raise SettingsError("the lab is started by `aar run`; there is nothing on its standard input")
        told = json.loads(line)
        guests = told.pop("guests", None)
        return cls(**told, guests=None if guests is None else Guests(**guests))


def serve(folder: LabFolder, start: Start) -> None:
    """Run the lab until the process is ended."""
    settings = settings_of(folder)
    store = database.open(folder.storage, create=True, group=_scorer_group(folder))
    lab = Lab(
        folder,
        settings,
        store,
        elapsed=start.elapsed,
        to_the_end=start.to_the_end,
        stays_open=start.stays_open,
    )
    _enrol(lab, start)
    asyncio.run(_serve(lab, start))


def _scorer_group(folder: LabFolder) -> int | None:
    from aar.sandboxes import lab_user

    return lab_user(folder.path, "scorer")


def _enrol(lab: Lab, start: Start) -> None:
    """Researchers with their tokens, and the baselines as the lab's own submissions; idempotent."""
    with lab.database.write() as tx:
        runs.requeue_running(tx)
        if not start.again:
            calls.lose(tx, lab.folder, lab.prices)  # whoever was in a call is gone since
            working_time.settle_all(tx)
            coming_back.begin(tx)
        note_running(tx)
        note_settings(tx, lab.settings)
        researchers.add(tx, researchers.LAB)
        known = {researcher.name for researcher in researchers.own(tx)}
        for name in known - start.tokens.keys() if not start.again else ():
            # it is not started again: nothing is left for it to do
            researchers.set_state(tx, name, "stopped")
        for name, token in start.tokens.items():
            submissions = lab.settings.submissions
            researchers.add(
                tx,
                name,
                direction=start.directions[name],
                model=start.models[name],
                token=token,
                submissions=submissions,
                forum=lab.settings.forum,
            )
            if not start.again:
                researchers.begin_again(tx, name, submissions=submissions, model=start.models[name])
    if not start.again:
        answered.forget_all(lab.folder.inspect_logs)
    for name in lab.settings.baselines:
        lab.submit(
            researchers.LAB,
            files={"method.py": methods.source(name)},
            title=name,
            summary=methods.summary(method_of(name)),
            parents=(),
            claim="",
            request=f"baseline:{name}",
        )


async def _serve(lab: Lab, start: Start) -> None:
    from aar.api.app import create_app
    from aar.engines import ENGINES, Setup

    settings = lab.settings
    news = News(lab.database)
    setup = Setup(lab.folder, settings.testbed, slots=settings.slots, sandbox=settings.sandbox)
    engine = ENGINES.make(settings.engine, setup)
    current: list[Phase] = ["baselines"]
    app = create_app(lab, news, operator_token=start.operator_token, phase=lambda: current[0])
    stopping = asyncio.Event()
    # it answers before the engine is up: researchers start meanwhile
    doors = [opened(app, Guests(start.socket))]
    if start.guests is not None:
        doors.append(opened(app, start.guests, protocol=bounded()))
    serving = [asyncio.create_task(door.serve(sockets=[listening])) for door, listening in doors]
    tasks: list[asyncio.Task[Any]] = [
        asyncio.create_task(news.watch(stopping)),
        asyncio.create_task(_compute(lab, engine, news, stopping)),
        asyncio.create_task(_tick(lab, current, news, stopping)),
    ]
    try:
        done, _ = await asyncio.wait([*serving, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # a loop that ended by itself ended by an error: the launcher starts us again
    finally:
        logger.info("the lab ends")
        stopping.set()
        news.tell()
        for door, _ in doors:
            door.should_exit = True
        await engine.stop()
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, *serving, return_exceptions=True)
        ledger.Ledger(lab.database).export_jsonl(lab.folder.ledger)


def opened(
    app: FastAPI, door: Guests, *, protocol: type[asyncio.Protocol] | None = None
) -> tuple[uvicorn.Server, socket.socket]:
    """A server for one door, and the socket that it listens on; `protocol` is the class of its connections."""
    import uvicorn

    config = uvicorn.Config(
        app,
        http=protocol or "auto",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
        lifespan="off",
        ssl_certfile=door.certificate,
        ssl_keyfile=door.key,
    )
    return uvicorn.Server(config), socket.socket(fileno=door.socket)


async def _compute(lab: Lab, engine: Engine, news: News, stopping: asyncio.Event) -> None:
    await engine.start()
    logger.info("the engine is up, with room for %d runs", engine.capacity)
    trainers = [
        Trainer(lab.folder.path, lab.folder.logs / f"references-{number}.log")
        for number in range(lab.settings.slots)
    ]
    await Slots(lab, engine, news, trainers).work(stopping)


async def _tick(lab: Lab, current: list[Phase], news: News, stopping: asyncio.Event) -> None:
    """Act on what has changed, and now and then note the time."""
    mirrored = noted = -1e9
    mirrored_version = -1
    book = ledger.Ledger(lab.database)
    over: frozenset[str] = frozenset()
    while not stopping.is_set():
        version = news.version
        before, current[0] = current[0], await asyncio.to_thread(advance, lab)
        if current[0] != before:
            logger.info("the phase is %s now", current[0])
        hours = await asyncio.to_thread(working_time.look, lab)
        if hours.over - over:
            news.tell(hours.over - over)  # no commit says so
        over = hours.over
        if lab.elapsed() - noted > CLOCK_SECONDS:
            noted = lab.elapsed()
            await asyncio.to_thread(_note_time, lab)
        if mirrored_version != version and lab.elapsed() - mirrored > MIRROR_SECONDS:
            mirrored, mirrored_version = lab.elapsed(), version
            await asyncio.to_thread(book.export_jsonl, lab.folder.ledger)
            await asyncio.to_thread(lab.forum.refresh)
        await asyncio.sleep(LEAST_SECONDS)
        waits = [
            left
            for left in (lab.research_seconds_left(), lab.seconds_left(), hours.seconds_left)
            if left is not None and left > 0
        ]
        if mirrored_version != version:
            waits.append(MIRROR_SECONDS)
        await news.after(version, min([CLOCK_SECONDS, *waits]))


def _note_time(lab: Lab) -> None:
    with lab.database.write() as tx:
        meta.put(tx, "elapsed_seconds", lab.elapsed())


def main() -> None:
    """`python -m aar.api LAB`, started by the launcher."""
    from aar.processes import die_with_parent

    die_with_parent()
    logs.set_up()
    folder = LabFolder(Path(sys.argv[1]))
    logger.info("the lab in %s begins", folder.path)
    try:
        serve(folder, Start.read())
    except W2SError as error:
        logger.exception("the lab ends by an error")
        sys.exit(f"{type(error).__name__}: {error}")  # the last line is what the launcher tells people
