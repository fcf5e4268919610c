"""Requests that the lab accepts: bodies of requests, bounded field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from aar.database.progress import Activity

Text = Annotated[str, Field(max_length=8000)]
ShortText = Annotated[str, Field(max_length=200)]
Id = Annotated[str, Field(max_length=100)]
Number = Annotated[int, Field(ge=0, lt=2**63)]
"""Whatever is looked up by number: more bits than the database stores are refused here."""
RequestId = Annotated[str | None, Field(default=None, max_length=100)]


class Practice(BaseModel):
    """Files of a method to run on the practice bench."""

    files: Annotated[dict[str, str], Field(max_length=32)]
    request_id: RequestId


class Submit(BaseModel):
    """Files of a method to be scored, and what its author says of them."""

    files: Annotated[dict[str, str], Field(max_length=32)]
    title: ShortText
    summary: Text = ""
    parents: Annotated[list[Id], Field(max_length=16)] = []
    claim: Text = ""
    request_id: RequestId


class OperatorSubmit(Submit):
    """The same from the person who runs the lab; `fresh` asks for vanilla instead of the record to compare with."""

    fresh: bool = False


class Cancel(BaseModel):
    """Cancellation by a person: a submission, a practice run, or all of a researcher."""

    what: Annotated[str, Field(min_length=1, max_length=100)]
    reason: ShortText = ""


class Finding(BaseModel):
    """A post on the forum."""

    kind: Literal["result", "hypothesis", "insight", "error"]
    title: ShortText
    body: Text
    submissions: Annotated[list[Id], Field(max_length=32)] = []
    request_id: RequestId


class Remark(BaseModel):
    """A comment under a post."""

    body: Text
    request_id: RequestId


class Vote(BaseModel):
    """+1 or -1."""

    value: Literal[-1, 1]


class Doing(BaseModel):
    """Activity of a researcher, for the display; `text` is a detail."""

    activity: Activity
    text: ShortText = ""


class Usage(BaseModel):
    """Tokens that a researcher's model used since the last report."""

    model: ShortText
    input_tokens: Annotated[int, Field(ge=0, le=2**31)]
    output_tokens: Annotated[int, Field(ge=0, le=2**31)]
    request_id: Annotated[str, Field(max_length=100)]


class State(BaseModel):
    """A researcher's own word that it works or has finished."""

    state: Literal["working", "finished"]
