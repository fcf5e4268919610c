"""The state of the run, for people, and the version of the interface, for everybody."""

import asyncio
from importlib.metadata import version as distribution_version

from fastapi import APIRouter, Depends

from aar.api.door import Here, Somebody, watcher
from aar.database.tokens import Access
from aar.lab.status import Status
from aar.lab.status import status as state_of
from aar.lab.view import View
from aar.lab.waiters import MOST_WAIT_SECONDS

API = 2
"""The number of the interface: it grows when something that a client relies on changes its meaning or goes."""
DISTRIBUTION = "automated-alignment-researchers"

router = APIRouter(tags=["status"])


class Version(View):
    """Version of the lab that answers."""

    name: str
    api: int
    """Grows when something that a client relies on changes its meaning or goes."""
    version: str


class Unchanged(View):
    """The number of the present state, which is that of the state that was told before."""

    version: int


class StatusAt(Status):
    """The state of a lab, and its number: the next question may wait for a later one."""

    version: int


class Who(View):
    """The holder of a token."""

    name: str
    access: Access


@router.get("/who")
def who(caller: Somebody) -> Who:
    """Whose token this is, and what it opens."""
    return Who(name=caller.name, access=caller.access)


@router.get("/version")
def version() -> Version:
    """Version of the lab that answers: needs no token, and reveals nothing of the lab."""
    return Version(name=DISTRIBUTION, api=API, version=distribution_version(DISTRIBUTION))


@router.get("/status", dependencies=[Depends(watcher)])
async def status(door: Here, caller: Somebody, wait: float = 0.0, after: int = -1) -> StatusAt | Unchanged:
    """The state of the run; with `after` a version that is still the present one, that version alone."""
    async with door.waiters.hanging(caller.token or caller.name) as may_hang:
        seconds = max(0.0, min(MOST_WAIT_SECONDS, wait)) if may_hang else 0.0
        present = await door.news.after(after, seconds)
    if present == after:
        return Unchanged(version=present)

    def find() -> Status:
        return state_of(door.lab, door.phase())

    # all who waited for this version share one answer; who asks at once has its own
    told = await (door.status.at(present, find) if seconds else asyncio.to_thread(find))
    return StatusAt(**vars(told), version=present)
