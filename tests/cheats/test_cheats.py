"""Every known cheat is run through the real engine, sandbox and service, and gets nothing.

Each file of `exploits/` says who did it or would. It either breaks the contract and fails by name, or it
logs `found`, which must be nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from student_lab import SEEDS, fill

from aar.engines import Job, Outcome
from aar.engines.local import LocalEngine
from aar.sandboxes import choose

EXPLOITS = {path.stem: path for path in sorted((Path(__file__).parent / "exploits").glob("*.py"))}
REFUSED = {
    "text_in_template": "TooMuch",
    "forged_ids": "WrongIds",
    "logged_leak": "TooMuch",
    "raw_protocol": "BadMethod",
    "train_on_test": "WrongIds",
}


@dataclass(frozen=True)
class Folders:
    root: Path

    @property
    def service(self) -> Path:
        return self.root / "service"

    @property
    def logs(self) -> Path:
        return self.root / "logs"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folders = Folders(tmp_path_factory.mktemp("cheats"))
    fill(folders.service)

    async def run_all() -> dict[str, Outcome]:
        engine = LocalEngine(choose(), folders, slots=2, testbed="mini-chat")
        await engine.start()
        jobs = {
            name: Job(
                code={"method.py": path.read_text(encoding="utf-8")},
                testbed="mini-chat",
                split="dev",
                supervisor_seeds=(SEEDS[0],),
                student_seed=7,
                salt=b"salt",
                wall_seconds=60,
                memory_mb=800,
            )
            for name, path in EXPLOITS.items()
        }
        ended = dict(
            zip(jobs, await asyncio.gather(*(engine.run(job) for job in jobs.values())), strict=True)
        )
        await engine.stop()
        return ended

    return asyncio.run(run_all())


@pytest.mark.parametrize("name", EXPLOITS)
def test_a_known_cheat_gets_nothing(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    if name in REFUSED:
        assert (outcome.status, outcome.error_type) == ("method_failed", REFUSED[name])
        return
    assert outcome.status == "ok", outcome
    assert not outcome.logged.get("found")


def test_no_process_of_a_cheat_outlives_its_run(outcomes: dict[str, Outcome]) -> None:
    left = [p for p in psutil.process_iter(["cmdline"]) if "w2s.runner" in (p.info["cmdline"] or [])]
    mine = [p for p in left if any(parent.pid == psutil.Process().pid for parent in p.parents())]
    assert mine == []
