"""The state of the run, for people, and the version of the interface, for everybody."""

import asyncio
from importlib.metadata import version as distribution_version
from typing import Any

from fastapi import APIRouter, Depends

from aar.api.door import Here, operator
from aar.lab.status import status as state_of
from aar.lab.waiters import MOST_WAIT_SECONDS

API = 1
"""The number of the interface: it grows when something that a client relies on changes its meaning or goes."""
DISTRIBUTION = "automated-alignment-researchers"

router = APIRouter(tags=["status"])


@router.get("/version")
def version() -> dict[str, Any]:
    """What answers here: no token is needed, and nothing of the lab is told."""
    return {"name": DISTRIBUTION, "api": API, "version": distribution_version(DISTRIBUTION)}


@router.get("/status", dependencies=[Depends(operator)])
async def status(door: Here, wait: float = 0.0, after: int = -1) -> dict[str, Any]:
    """The state of the run; with `after` a version that is still the present one, that version alone."""
    present = await door.news.after(after, max(0.0, min(MOST_WAIT_SECONDS, wait)))
    if present == after:
        return {"version": present}
    return {**await asyncio.to_thread(state_of, door.lab, door.phase()), "version": present}
