"""The lab behind the door, and who stands before it: what every route may ask for as a dependency.

A dependency that asks no database is a coroutine: a plain function would cost a change of threads at each request.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Header, Request

from aar.api.rates import Rates
from aar.api.shared import SharedStatus
from aar.database import clock, researchers, tokens
from aar.database.researchers import Researcher
from aar.database.tokens import Access
from aar.errors import NotAllowed, TooOften
from aar.lab import for_researchers
from aar.lab.conductor import Phase
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.lab.waiters import Waiters


@dataclass(frozen=True)
class Door:
    """One lab and what its routes need beside it; `phase` tells where the run stands."""

    lab: Lab
    news: News
    waiters: Waiters
    operator_token: str
    phase: Callable[[], Phase]
    rates: Rates = field(default_factory=Rates)
    status: SharedStatus = field(default_factory=SharedStatus)


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        name: Name in the study; an author of posts.
        access: What the token opens.
        researcher: The researcher that it is, if it is one.
        token: Id of the token; empty for one that the launcher made.
    """

    name: str
    access: Access
    researcher: Researcher | None = None
    token: str = ""


async def _door(request: Request) -> Door:
    return cast(Door, request.app.state.door)


Here = Annotated[Door, Depends(_door)]


def token_in(authorization: str) -> str:
    """The token in the header of that name; empty without one."""
    return authorization.removeprefix("Bearer ")


async def _token(authorization: Annotated[str, Header()] = "") -> str:
    return token_in(authorization)


Token = Annotated[str, Depends(_token)]


def known(door: Door, token: str) -> Caller:
    """Who has this token; `NotAllowed` if nobody has, `TooOften` for a guest that asks in a loop.

    The run's own processes ask as often as they have to.
    """
    if secrets.compare_digest(token.encode("utf-8", "replace"), door.operator_token.encode()):
        return Caller(researchers.OPERATOR, Access.OPERATOR)
    guest = _guest(door, token)
    if guest is None:
        return _of_the_run(door, token)
    seconds = door.rates.wait(guest.token)
    if seconds > 0:
        raise TooOften("too many requests; ask again a little later", seconds=seconds)
    return guest


def _guest(door: Door, token: str) -> Caller | None:
    if not token.startswith(tokens.PREFIX):
        return None
    with door.lab.database.read() as tx:
        row = tokens.find(tx, token)
        if row is None:
            return None
        who = researchers.get(tx, row.holder) if row.access is Access.RESEARCHER else None
    if row.used is None or clock.now() - row.used > tokens.USED_SECONDS:
        with door.lab.database.write() as tx:
            tokens.note_use(tx, row.id)
    return Caller(row.holder, row.access, who, row.id)


def _of_the_run(door: Door, token: str) -> Caller:
    who = for_researchers.with_token(door.lab, token)
    return Caller(who.name, Access.RESEARCHER, who)


def _caller(request: Request, door: Here, token: Token) -> Caller:
    request.state.caller = caller = known(door, token)
    return caller


Somebody = Annotated[Caller, Depends(_caller)]
"""Whoever has a token of this study."""


async def _researcher(caller: Somebody) -> Researcher:
    if caller.researcher is None:
        raise NotAllowed(f"this is for researchers, and {caller.name} is here as a {caller.access.value}")
    return caller.researcher


Me = Annotated[Researcher, Depends(_researcher)]
"""The researcher whose token came with the request."""


async def _own(me: Me) -> Researcher:
    if me.outside:
        raise NotAllowed(
            f"{me.name} is a guest: what drives it, and what that costs, is not the lab's affair"
        )
    return me


Own = Annotated[Researcher, Depends(_own)]
"""The same, a process of the run, whose calls to its model the lab pays and counts."""


async def _member(me: Me) -> Researcher:
    for_researchers.refuse_outside_forum(me)
    return me


Member = Annotated[Researcher, Depends(_member)]
"""The same, in a study with a forum."""


async def _reader(caller: Somebody) -> Caller:
    if caller.researcher is not None:
        for_researchers.refuse_outside_forum(caller.researcher)
    return caller


Reader = Annotated[Caller, Depends(_reader)]
"""Whoever reads the forum: a researcher in a study that has one, and people."""


async def _writer(reader: Reader) -> Caller:
    if reader.access is Access.VIEWER:
        raise NotAllowed(f"{reader.name} is here as a viewer: who views does not write")
    return reader


Writer = Annotated[Caller, Depends(_writer)]
"""Whoever writes on the forum."""


async def watcher(caller: Somebody) -> None:
    """`NotAllowed` unless a person asks: what people see holds figures."""
    if caller.access is Access.RESEARCHER:
        raise NotAllowed("this is for people: it holds figures that researchers are not told")


async def _steerer(caller: Somebody) -> Caller:
    if caller.access not in (Access.PERSON, Access.OPERATOR):
        raise NotAllowed(f"{caller.name} is here as a {caller.access.value}, and steers nobody")
    return caller


Steerer = Annotated[Caller, Depends(_steerer)]
"""A person who may tell researchers what to do."""


async def operator(caller: Somebody) -> None:
    """`NotAllowed` unless the token is that of the person who runs the lab."""
    if caller.access is not Access.OPERATOR:
        raise NotAllowed("this is for the person who runs the lab")
