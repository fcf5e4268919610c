"""What one hostile run does to the honest one beside it, over every sandbox but the first that works: nothing.

Over that one the conformance suite of engines asks it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_jobs import HOSTILE, VANILLA, Folders, beside_an_honest_one, check_hostile, job
from student_lab import fill

from aar.engines import Outcome
from aar.engines.local import LocalEngine
from aar.errors import NoSandbox
from aar.sandboxes import choose, providers

pytestmark = pytest.mark.slow


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
    if provider.name == first.name:
        pytest.skip("tests/conformance/test_engine.py has it")
    folders = Folders(Path(tmp_path_factory.mktemp("limits")))
    fill(folders.service)
    made = LocalEngine(provider, folders, slots=2, testbed="mini-chat")
    loop.run(made.start())
    yield made
    loop.run(made.stop())


@pytest.fixture(scope="module")
def alone(engine: LocalEngine, loop: asyncio.Runner) -> Outcome:
    return loop.run(engine.run(job(VANILLA)))


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_run_ends_by_itself_and_the_one_beside_it_is_as_alone(
    what: str, engine: LocalEngine, loop: asyncio.Runner, alone: Outcome
) -> None:
    honest, hostile = loop.run(beside_an_honest_one(engine, what))
    check_hostile(what, hostile)
    assert honest.status == alone.status == "ok", (honest, alone)
    assert honest.arrays["predictions"].tobytes() == alone.arrays["predictions"].tobytes()
