"""What one hostile run does to the honest one beside it: nothing; each ends with a result of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from student_lab import fill
from test_engines import VANILLA, Folders, job

from aar.engines import Outcome
from aar.engines.local import LocalEngine
from aar.errors import NoSandbox
from aar.sandboxes import choose, providers

HOSTILE = {
    "fork bomb": (
        """
        import os
        def run(bench):
            while True:
                try: os.fork()
                except OSError: pass
        """,
        ("TimeoutError", "took longer than 2.5 s"),
    ),
    "one allocation of 100 GB": (
        "def run(bench): bytearray(100 << 30)",
        ("MemoryError", "used more than 400 MB of memory"),
    ),
    "processes that fill the memory together": (
        """
        import os, time
        def run(bench):
            os.fork(); os.fork()
            held = []
            while len(held) < 200: held.append(bytearray(b"x") * (1 << 20))
            time.sleep(60)
        """,
        ("MemoryError", "used more than 400 MB of memory"),
    ),
    "endless writer": (
        """
        import tempfile
        def run(bench):
            n = 0
            while True:
                with open(f"{tempfile.gettempdir()}/filler {n % 2}", "ab") as file: file.write(bytes(1 << 20))
                n += 1
        """,
        ("OSError", None),
    ),
    "endless writer that minds no refusal": (
        """
        import tempfile
        def run(bench):
            n = 0
            while True:
                n += 1
                try:
                    with open(f"{tempfile.gettempdir()}/filler {n}", "wb") as file: file.write(bytes(1 << 16))
                except OSError: pass
        """,
        ("TimeoutError", "took longer than 2.5 s"),
    ),
    "endless printer": (
        """
        import os
        def run(bench):
            while True:
                print("x" * 10_000)
                os.write(2, b"y" * 10_000)
        """,
        ("TimeoutError", "took longer than 2.5 s"),
    ),
}


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module", params=[provider.name for provider in providers()])
def engine(
    request: pytest.FixtureRequest, loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalEngine]:
    try:
        provider, first = choose(request.param), choose()
    except NoSandbox as error:
        pytest.skip(str(error))
    if provider.name != first.name and not request.config.getoption("--slow"):
        pytest.skip(f"over {provider.name} it takes a minute more: run with --slow")
    folders = Folders(Path(tmp_path_factory.mktemp("limits")))
    fill(folders.service)
    made = LocalEngine(provider, folders, slots=2, testbed="mini-chat")
    loop.run(made.start())
    yield made
    loop.run(made.stop())


@pytest.fixture(scope="module")
def alone(engine: LocalEngine, loop: asyncio.Runner) -> np.ndarray:
    done = loop.run(engine.run(job(VANILLA)))
    assert done.status == "ok", done
    return done.arrays["predictions"]


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_run_ends_by_itself_and_the_one_beside_it_is_as_alone(
    what: str, engine: LocalEngine, loop: asyncio.Runner, alone: np.ndarray
) -> None:
    source, (error, rule) = HOSTILE[what]
    seconds = 2.5 if error == "TimeoutError" else 300

    async def both() -> tuple[Outcome, Outcome]:
        hostile = asyncio.create_task(engine.run(job(source, wall_seconds=seconds, memory_mb=400)))
        await asyncio.sleep(0.5)
        return await engine.run(job(VANILLA, wall_seconds=300)), await hostile

    honest, hostile = loop.run(both())
    assert (hostile.status, hostile.end.error.type) == ("method_failed", error), hostile
    assert rule is None or hostile.end.error.rule == rule
    assert honest.status == "ok", honest
    assert honest.arrays["predictions"].tobytes() == alone.tobytes()
