"""The calls, budgets, troubles and states of a made-up lab, for tests of researchers alone."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aar.database.progress import EndReason, ProviderTrouble

Count = Annotated[int, Field(ge=0)]
Detail = Annotated[str, Field(max_length=300)]
Prices = tuple[float, float, float, float]
"""US dollars a million tokens: input, output, cache read, cache write."""


class OpenCall(BaseModel):
    model_config = ConfigDict(extra="forbid")
    call: Annotated[str, Field(min_length=1, max_length=100)]
    model: str
    input_tokens: Count
    output_tokens: Count


class SettleCall(BaseModel):
    model_config = ConfigDict(extra="forbid")
    lost: bool = False
    input_tokens: Count = 0
    cache_read_tokens: Count = 0
    cache_write_tokens: Count = 0
    output_tokens: Count = 0
    reasoning_tokens: Count = 0
    context_tokens: Count = 0


class Trouble(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: ProviderTrouble | None
    detail: Detail = ""
    permanent: bool = False
    next_try_seconds: Annotated[float, Field(ge=0)] = 0.0


class State(BaseModel):
    model_config = ConfigDict(extra="forbid")
    state: Literal["working", "resting", "finished", "stopped"]
    reason: EndReason | None = None
    detail: Detail = ""


@dataclass
class Call:
    """A call: what was estimated, and what was used once that is known."""

    researcher: str
    opened: OpenCall
    used: SettleCall | None = None


@dataclass
class Calls:
    """Calls by id, in order, and what they cost.

    Attributes:
        prices: Prices by model; others cost nothing.
        usd: Budget of all together; None for no bound.
        by_id: The calls.
        troubles: What was told of providers, and when: seconds of a monotonic clock.
        states: What was told of researchers' states.
    """

    prices: dict[str, Prices] = field(default_factory=dict)
    usd: float | None = None
    by_id: dict[str, Call] = field(default_factory=dict)
    troubles: list[tuple[str, Trouble, float]] = field(default_factory=list)
    states: list[tuple[str, State]] = field(default_factory=list)

    def taken(self, who: str, path: str, body: dict[str, Any]) -> bool:
        """Take what is posted in; False where a call would go beyond the budget."""
        if path == "/v1/calls":
            if self.spent_out:
                return False
            opened = OpenCall(**body)
            self.by_id.setdefault(opened.call, Call(who, opened))
        elif path == "/v1/trouble":
            self.troubles.append((who, Trouble(**body), time.monotonic()))
        elif path == "/v1/state":
            self.states.append((who, State(**body)))
        else:
            call = self.by_id[path.rpartition("/")[2]]
            call.used = call.used or SettleCall(**body)
        return True

    @property
    def spent_out(self) -> bool:
        """True once what is settled has reached the budget."""
        return self.usd is not None and self.cost() >= self.usd

    def cost(self) -> float:
        """US dollars of the calls that are settled; one that was cut off at its estimate."""
        total = 0.0
        for call in self.by_id.values():
            price = self.prices.get(call.opened.model, (0.0,) * 4)
            used = call.used
            if used is not None and used.lost:
                total += call.opened.input_tokens * price[0] + call.opened.output_tokens * price[1]
            elif used is not None:
                tokens = (
                    used.input_tokens,
                    used.output_tokens,
                    used.cache_read_tokens,
                    used.cache_write_tokens,
                )
                total += sum(number * each for number, each in zip(tokens, price, strict=True))
        return total / 1e6

    def spending(self) -> dict[str, Any]:
        """What a researcher is told of it."""
        usd = self.cost()
        left = None if self.usd is None else max(0.0, self.usd - usd)
        return {"usd": usd, "usd_left": left, "tokens": 0, "tokens_left": None}

    def used(self) -> list[SettleCall]:
        """What was told of each settled call that was answered."""
        return [
            call.used for call in self.by_id.values() if call.used is not None and call.used.context_tokens
        ]

    def ends(self) -> list[EndReason]:
        """Reasons that were told, in order."""
        return [state.reason for _, state in self.states if state.reason is not None]
