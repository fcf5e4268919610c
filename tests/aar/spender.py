"""A researcher that does nothing but call a model that is not there, for tests of money: a runtime as a package has it.

Each call reads 1,000 tokens and writes 100; at $100 and $1,000 a million tokens that is 20 cents. It goes on until the
lab declines a call. The first process of r1 kills itself within a call.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from aar.errors import OverBudget
from aar.researchers import Assignment, ModelOptions
from aar.researchers.lab_client import LabClient

PRICE = "100,1000"
USED = {"input_tokens": 1000, "output_tokens": 100, "context_tokens": 1000}


class Spender:
    """The runtime."""

    def check(self, models: Sequence[str], options: ModelOptions | None = None) -> None:
        """Take any models."""

    def command(self, assignment: Assignment) -> Sequence[str]:
        """The command of the process."""
        begun = assignment.folder / "workspaces" / assignment.name
        return [sys.executable, "-P", "-m", "spender", assignment.url, assignment.model, str(begun)]


async def research(url: str, token: str, model: str, begun: Path) -> None:
    client = LabClient(url, token)
    try:
        await client.me()
        number = 0
        while True:
            id = f"{os.getpid()}-{number}"
            try:
                await client.open_call(id, model=model, input_tokens=1000, output_tokens=1000)
            except OverBudget:
                break
            if begun.name == "r1" and not begun.exists():
                begun.mkdir(parents=True)
                os.kill(os.getpid(), signal.SIGKILL)
            await client.settle_call(id, USED)
            number += 1
            await asyncio.sleep(0.05)
        await client._http.post("/v1/state", json={"state": "finished", "reason": "budget"})
    finally:
        await client.close()


if __name__ == "__main__":
    asyncio.run(research(sys.argv[1], sys.stdin.readline().strip(), sys.argv[2], Path(sys.argv[3])))
