"""The types of what tools give: objects of the lab, of which a researcher relies on the fields named here."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class Status(TypedDict, total=False):
    """A researcher's own budget and submissions, as `GET /v1/me` answers them."""

    researcher: str
    direction: str
    testbed: str
    minutes_left: float | None
    submissions_left: int | None
    stop: bool
    spending: dict[str, Any]
    forum: bool
    feedback: str
    queue: dict[str, Any]
    submissions: list[dict[str, Any]]
    version: str


class Posts(TypedDict):
    """The newest posts, and how many older ones were left out."""

    posts: list[dict[str, Any]]
    older_not_shown: int


class Posted(TypedDict, total=False):
    """The id of a post or of a comment."""

    id: int


class Voted(TypedDict):
    """Nothing: the vote counts."""


class Ranks(TypedDict, total=False):
    """The record in words, and the submissions by rank."""

    record: Any
    entries: list[dict[str, Any]]


class Practised(TypedDict, total=False):
    """End of a practice run; `error` has type, file, line and message."""

    run: str
    state: str
    status: str
    error: dict[str, Any] | None
    agreement_with_weak: float | None
    class1_share: float | None
    trained_on_share: float | None
    logged: dict[str, float | None]
    nominal_minutes: float | None


class Standing(TypedDict, total=False):
    """A submission as its author sees it; `score` only where the study's feedback tells one."""

    id: str
    submission: str
    title: str
    researcher: str
    status: str
    reply: str
    parents: list[str]
    score: float


class Verdict(Standing, total=False):
    """A submission after waiting; `stop`: the lab has stopped taking submissions."""

    stop: bool


class Fetched(Standing, total=False):
    """A submission whose files were written into the workspace."""

    written: list[str]
