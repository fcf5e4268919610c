"""A process that trains references for the lab, one job after the other; the lab learns that it is done, no more.

Started when its slot first needs it and ended when nothing is left to train, so that it costs nothing afterwards.

Covered: a process that dies in a job (a fresh one gets it again, three times in all). Not covered: a machine whose
memory does not hold the models beside the runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any, Protocol

from aar.database.trainings import Place
from aar.errors import EngineError
from aar.processes import die_with_parent, environment, last_line, python

TRIES = 3
MOST_LINE_BYTES = 2**20
ENDING_SECONDS = 10.0
"""A process that closed its pipes has this long to end by itself, so that its own exit code is told."""


class Trains(Protocol):
    """Trainer of references."""

    async def there(self) -> list[Place]:
        """Places of the references that are done."""
        ...

    async def train(self, place: Place) -> tuple[float, float]:
        """Have one trained; its seconds by the clock and of processor time."""
        ...

    async def stop(self) -> None:
        """End whatever was started."""
        ...


class TrainerDied(EngineError):
    """The process ended before it had answered."""


class Trainer:
    """One such process of the lab in `folder`; what it prints besides its answers goes to `log`."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._folder, self._log = folder, log
        self._process: asyncio.subprocess.Process | None = None

    async def there(self) -> list[Place]:
        """Start afresh; which references are done already. Raises `TrainerDied` with its last words."""
        await self.stop()
        self._log.parent.mkdir(exist_ok=True)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *python("aar.scoring", "references", str(self._folder)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=dict(environment()),
                cwd="/",
                limit=MOST_LINE_BYTES,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        return [(role, split, k) for role, split, k in (await self._answer())["there"]]

    async def train(self, place: Place) -> tuple[float, float]:
        """Have one reference trained; its seconds by the clock and of processor time. Raises `TrainerDied`."""
        for attempt in range(TRIES):
            try:
                if self._process is None:
                    await self.there()
                process = self._process
                assert process is not None
                assert process.stdin is not None
                try:
                    process.stdin.write(json.dumps(place).encode() + b"\n")
                    await process.stdin.drain()
                except OSError as error:
                    raise await self._death(process) from error
                answer = await self._answer()
                return float(answer["seconds"]), float(answer["core_seconds"])
            except TrainerDied:
                await self.stop()
                if attempt == TRIES - 1:
                    raise
        raise AssertionError("unreachable: every try returns or raises")

    async def stop(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _answer(self) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        line = await process.stdout.readline()
        try:
            return dict(json.loads(line))
        except ValueError as error:
            if line:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            raise await self._death(process) from error

    async def _death(self, process: asyncio.subprocess.Process) -> TrainerDied:
        """The error for a process that ends: its exit code and its last words.

        It is waited for before it is killed: `kill` looks whether the process has ended, and may then take the exit
        code away from the event loop, which makes up 255 instead.
        """
        try:
            await asyncio.wait_for(process.wait(), ENDING_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        return TrainerDied(
            f"training of references ended with code {process.returncode}: {last_line(self._log)} (see {self._log})"
        )
