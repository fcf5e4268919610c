"""The lab's process: engine, queue, forum and API, until the run is over or its parent is gone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aar import database, ledger
from aar.allotment import Allotment
from aar.database import meta, researchers, runs
from aar.errors import SettingsError
from aar.folder import LabFolder
from aar.protocols import method_of
from aar.server import state
from aar.server.lab import Lab
from aar.server.work import Slots
from aar.settings import Settings
from w2s import methods

TICK_SECONDS = 0.3
MIRROR_SECONDS = 2.0


@dataclass(frozen=True)
class Start:
    """What the launcher tells the lab over its standard input, since arguments and environment can be seen."""

    port: int
    operator_token: str
    tokens: dict[str, str]
    directions: dict[str, str]
    elapsed: float

    @classmethod
    def read(cls) -> Start:
        """From one line of JSON on standard input."""
        line = sys.stdin.readline()
        if not line.strip():
            raise SettingsError("the lab is started by `aar run`; there is nothing on its standard input")
        return cls(**json.loads(line))


def serve(folder: LabFolder, start: Start) -> None:
    """Run the lab until the process is ended."""
    settings = Settings.from_json(folder.read_description()["settings"])
    store = database.open(folder.database, create=True, group=_scorer_group(folder))
    lab = Lab(folder, settings, store, elapsed=start.elapsed)
    _enrol(lab, start)
    asyncio.run(_serve(lab, start))


def _scorer_group(folder: LabFolder) -> int | None:
    from aar.sandboxes import lab_user

    return lab_user(folder.path, "scorer")


def _enrol(lab: Lab, start: Start) -> None:
    """Researchers with their tokens, and the baselines as the lab's own submissions; idempotent."""
    with lab.database.write() as tx:
        runs.requeue_running(tx)
        if meta.find(tx, "testbed", None) is None:
            meta.put(tx, "testbed", lab.settings.testbed)
            meta.put(tx, "settings", lab.settings.as_json())
            ledger.append(tx, "lab", {"testbed": lab.settings.testbed, "settings": lab.settings.as_json()})
        researchers.add(tx, researchers.LAB)
        for name, token in start.tokens.items():
            researchers.add(
                tx,
                name,
                direction=start.directions[name],
                model=lab.settings.model,
                token=token,
                submissions=lab.settings.submissions,
                forum=lab.settings.forum,
            )
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
    import uvicorn

    from aar.engines.local import LocalEngine
    from aar.sandboxes import choose
    from aar.server.api import create_app

    slots = lab.settings.slots
    engine = LocalEngine(
        choose(),
        lab.folder,
        slots=slots,
        testbed=lab.settings.testbed,
        cores=Allotment(lab.folder.cores, slots),
    )
    await engine.start()
    current: list[state.Phase] = ["baselines"]
    app = create_app(lab, operator_token=start.operator_token, phase=lambda: current[0])
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=start.port, log_level="warning", access_log=False)
    )
    stopping = asyncio.Event()
    tasks: list[asyncio.Task[Any]] = [
        asyncio.create_task(Slots(lab, engine, count=slots).work(stopping)),
        asyncio.create_task(_tick(lab, current, stopping)),
    ]
    serving = asyncio.create_task(server.serve())
    try:
        done, _ = await asyncio.wait([serving, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # a loop that ended by itself ended by an error: the launcher starts us again
    finally:
        stopping.set()
        server.should_exit = True
        await engine.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, serving, return_exceptions=True)
        ledger.Ledger(lab.database).export_jsonl(lab.folder.ledger)


async def _tick(lab: Lab, current: list[state.Phase], stopping: asyncio.Event) -> None:
    mirrored = -MIRROR_SECONDS
    book = ledger.Ledger(lab.database)
    while not stopping.is_set():
        current[0] = await asyncio.to_thread(state.advance, lab)
        lab.changed.set()
        if lab.elapsed() - mirrored > MIRROR_SECONDS:
            mirrored = lab.elapsed()
            await asyncio.to_thread(book.export_jsonl, lab.folder.ledger)
            await asyncio.to_thread(lab.forum.refresh)
        await asyncio.sleep(TICK_SECONDS)


def main() -> None:
    """`python -m aar.server LAB`, started by the launcher."""
    from aar.server.children import die_with_parent

    die_with_parent()
    serve(LabFolder(Path(sys.argv[1])), Start.read())
