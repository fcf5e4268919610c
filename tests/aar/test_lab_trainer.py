"""The process that trains references may die; who started it gets its answer nevertheless, or its last words."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aar.lab import trainer as module
from aar.lab.trainer import Trainer, TrainerDied
from aar.processes import python

SCRIPTED = """
import json, os, sys, time
from pathlib import Path

folder = Path(sys.argv[1])
print(json.dumps({"there": [["ceiling", "dev", 3]]}), flush=True)
if (folder / "deaf").exists():
    os.close(0)
    (folder / "deaf").unlink()
    print("Killed: before it was given a job", file=sys.stderr, flush=True)
    while not (folder / "written").exists():
        time.sleep(0.01)
    os._exit(8)
for line in sys.stdin:
    deaths = int((folder / "deaths").read_text())
    if deaths:
        (folder / "deaths").write_text(str(deaths - 1))
        print("Killed: no memory was left", file=sys.stderr, flush=True)
        os._exit(9)
    if (folder / "garbled").exists():
        print("not JSON", flush=True)
        continue
    print(json.dumps({"done": json.loads(line), "seconds": 1.5, "core_seconds": 1.25}), flush=True)
"""


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """One whose process is a script that dies as often as the file `deaths` says."""
    (tmp_path / "scripted.py").write_text(SCRIPTED)
    (tmp_path / "deaths").write_text("0")

    def scripted(module: str, *arguments: str) -> list[str]:
        command = python(module, *arguments)
        return [command[0], str(tmp_path / "scripted.py"), arguments[-1]]

    monkeypatch.setattr(module, "python", scripted)
    return Trainer(tmp_path, tmp_path / "logs" / "references.log")


def test_it_says_what_is_there_and_what_a_training_took(trainer: Trainer) -> None:
    async def whole() -> None:
        assert await trainer.there() == [("ceiling", "dev", 3)]
        assert await trainer.train(("supervisor", "dev", 0)) == (1.5, 1.25)
        await trainer.stop()
        assert await trainer.train(("supervisor", "dev", 1)) == (1.5, 1.25)  # started again by itself
        await trainer.stop()
        await trainer.stop()

    asyncio.run(whole())


def test_a_job_whose_process_died_is_given_to_a_fresh_one(trainer: Trainer, tmp_path: Path) -> None:
    (tmp_path / "deaths").write_text("2")

    async def whole() -> None:
        assert await trainer.train(("ceiling", "sealed", 0)) == (1.5, 1.25)
        await trainer.stop()

    asyncio.run(whole())


def test_one_that_dies_each_time_is_an_error_with_its_last_words(trainer: Trainer, tmp_path: Path) -> None:
    (tmp_path / "deaths").write_text("9")

    async def whole() -> None:
        with pytest.raises(TrainerDied, match=r"code 9: Killed: no memory was left \(see .*references.log\)"):
            await trainer.train(("ceiling", "sealed", 0))

    asyncio.run(whole())


def test_one_that_dies_before_it_is_given_a_job_is_the_same_error(
    trainer: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRIES", 1)
    (tmp_path / "deaf").touch()

    async def whole() -> None:
        await trainer.there()
        while (tmp_path / "deaf").exists():
            await asyncio.sleep(0.01)
        job = asyncio.create_task(trainer.train(("ceiling", "sealed", 0)))
        await asyncio.sleep(0)
        (tmp_path / "written").touch()
        with pytest.raises(TrainerDied, match="code 8: Killed: before it was given a job"):
            await job

    asyncio.run(whole())


def test_one_that_prints_something_else_is_ended(trainer: Trainer, tmp_path: Path) -> None:
    (tmp_path / "garbled").touch()

    async def whole() -> None:
        with pytest.raises(TrainerDied):
            await trainer.train(("ceiling", "sealed", 0))

    asyncio.run(whole())
