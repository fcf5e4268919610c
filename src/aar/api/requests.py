"""Requests that the lab accepts: bodies of requests, bounded field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from aar.database.progress import Activity, EndReason, ProviderTrouble
from aar.lab.steering import Steer

MOST_TOKENS = 100_000_000
"""Of one call, of one kind: far beyond what any model reads."""
MOST_DETAIL = 300
MOST_WAIT = 366 * 24 * 3600.0

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


CallId = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")]
TokenCount = Annotated[int, Field(ge=0, le=MOST_TOKENS)]


class Call(BaseModel):
    """A call to a language model that is about to begin; `call` names it among the researcher's.

    `input_tokens` are an estimate, `output_tokens` the most that it may write.
    """

    call: CallId
    model: Annotated[str, Field(min_length=1, max_length=500)]
    input_tokens: TokenCount
    output_tokens: TokenCount


class Used(BaseModel):
    """What a call has used, as its provider counts it; or that it was cut off, and nobody told."""

    lost: bool = False
    """The call is charged at its estimate, and nothing else is given."""
    input_tokens: TokenCount = 0
    """Neither read from a cache nor written into one."""
    cache_read_tokens: TokenCount = 0
    cache_write_tokens: TokenCount = 0
    output_tokens: TokenCount = 0
    """With reasoning."""
    reasoning_tokens: TokenCount = 0
    context_tokens: TokenCount = 0
    """Everything that the call read."""

    @model_validator(mode="after")
    def _says_what_was_used(self) -> Used:
        given = self.model_fields_set
        if self.lost and given != {"lost"}:
            raise ValueError("a call that is lost has no counts")
        if not self.lost and not given.issuperset(("input_tokens", "output_tokens", "context_tokens")):
            raise ValueError("input_tokens, output_tokens and context_tokens are needed, or lost")
        # a part of the output; some providers' is an estimate made elsewhere, and may be a little more
        self.reasoning_tokens = min(self.reasoning_tokens, self.output_tokens)
        return self


class Trouble(BaseModel):
    """Failure of a model's provider; without a kind it answers again."""

    kind: ProviderTrouble | None
    detail: Annotated[str, Field(max_length=MOST_DETAIL)] = ""
    permanent: bool = False
    """Whether somebody has to act before it can end."""
    next_try_seconds: Annotated[float, Field(ge=0, le=MOST_WAIT, allow_inf_nan=False)] = 0.0


class Read(BaseModel):
    """Messages that were read, up to this id."""

    up_to: Annotated[int, Field(ge=0, lt=2**63)]


class Word(BaseModel):
    """What a person wants of a researcher, or tells it."""

    what: Steer
    text: Text = ""


class State(BaseModel):
    """A researcher's own word that it works, rests, has finished or stops, and why."""

    state: Literal["working", "resting", "finished", "stopped"]
    reason: EndReason | None = None
    detail: Annotated[str, Field(max_length=MOST_DETAIL)] = ""
