"""The lab behind the door, and who stands before it: what every route may ask for as a dependency."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Header, Request

from aar.database.researchers import Researcher
from aar.errors import NotAllowed
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


def _door(request: Request) -> Door:
    return cast(Door, request.app.state.door)


Here = Annotated[Door, Depends(_door)]


def token_of(authorization: Annotated[str, Header()] = "") -> str:
    """The token in a request's header; empty without one."""
    return authorization.removeprefix("Bearer ")


Token = Annotated[str, Depends(token_of)]


def _researcher(door: Here, token: Token) -> Researcher:
    return for_researchers.with_token(door.lab, token)


Me = Annotated[Researcher, Depends(_researcher)]
"""The researcher whose token came with the request."""


def _member(me: Me) -> Researcher:
    for_researchers.refuse_outside_forum(me)
    return me


Member = Annotated[Researcher, Depends(_member)]
"""The same, in a study with a forum."""


def operator(door: Here, token: Token) -> None:
    """`NotAllowed` unless the token is that of the person who runs the lab."""
    if not secrets.compare_digest(token.encode("utf-8", "replace"), door.operator_token.encode()):
        raise NotAllowed("this is for the person who runs the lab")
