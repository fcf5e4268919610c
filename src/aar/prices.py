"""The price of a call to a language model: US dollars by genai-prices or as given, and tokens weighted by their prices.

Amounts are whole nano-dollars, so that sums are exact; one call is rounded once.

Covered: cached input, cache writes, output, and reasoning where it has a price of its own; prices that rise with the
length of the input, change with the date, or count each request; providers that Inspect and genai-prices call
differently. An unknown price is `NoPrice`, never zero. Not covered: cache writes that are kept for an hour (counted as
those of five minutes), searches and other tools that a provider runs, discounts of batches and contracts.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from aar.errors import NoPrice

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

NANO = 10**9
"""Nano-dollars of a dollar."""
MILLION = 1_000_000
FREE = frozenset({"aar", "mockllm"})
"""Providers that nobody bills."""
MOST_PRICE = 10_000.0
"""US dollars a million tokens; more is a slip of the pen."""

PROVIDERS: Mapping[str, str] = {
    "anthropic": "anthropic",
    "azureai": "azure",
    "bedrock": "aws",
    "cloudflare": "cloudflare",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "google": "google",
    "grok": "x-ai",
    "groq": "groq",
    "meta": "meta",
    "mistral": "mistral",
    "moonshot": "moonshotai",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
}
"""Ids of genai-prices by Inspect's name of a provider; Inspect's others have no price list and need a price."""

SERVICES: Mapping[str, str] = {"azure": "azure", "bedrock": "aws", "vertex": "google"}
"""Ids of genai-prices by the service through which a provider's model is reached ("anthropic/bedrock/...")."""


@dataclass(frozen=True)
class Tokens:
    """Tokens of one call; all that was read is the sum of the first three.

    Attributes:
        input_tokens: Read, and not from a cache.
        cache_read_tokens: Read from a cache.
        cache_write_tokens: Read, and written into a cache.
        output_tokens: Written, reasoning included.
        reasoning_tokens: The part of the output that is reasoning.
    """

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def read(self) -> int:
        """Everything that was read."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def total(self) -> int:
        """Everything that was read and written."""
        return self.read + self.output_tokens


@dataclass(frozen=True)
class Cost:
    """Cost of one call: `nano_usd` in billionths of a US dollar, and `weighted_tokens` (docs/definitions.md)."""

    nano_usd: int
    weighted_tokens: int


@dataclass(frozen=True)
class Price:
    """A price that a person gave: US dollars for a million tokens of each kind."""

    input: float
    output: float
    cache_read: float
    cache_write: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Price:
        """The price in `[input, output, cache_read, cache_write]`; the last two are as input where left out.

        >>> Price.of([3, 15])
        Price(input=3, output=15, cache_read=3, cache_write=3)
        """
        read, written, *cached = numbers
        return cls(read, written, *(*cached, *[read] * (2 - len(cached))))

    def cost(self, tokens: Tokens) -> Cost:
        """Cost of one call."""
        usd = (
            _exact(self.input) * tokens.input_tokens
            + _exact(self.cache_read) * tokens.cache_read_tokens
            + _exact(self.cache_write) * tokens.cache_write_tokens
            + _exact(self.output) * tokens.output_tokens
        ) / MILLION
        return _cost(usd, tokens, of_input=_exact(self.input))


class Prices:
    """The prices of a run's models: those that were given first, then genai-prices' own.

    >>> given = Prices({"openai-api/local/m": [2, 10, 0.2]})
    >>> given.cost("openai-api/local/m", Tokens(input_tokens=1000, cache_read_tokens=10_000, output_tokens=100))
    Cost(nano_usd=5000000, weighted_tokens=2500)
    >>> given.cost("aar/evolution", Tokens(output_tokens=7))
    Cost(nano_usd=0, weighted_tokens=7)
    """

    def __init__(self, given: Mapping[str, Sequence[float]] | None = None) -> None:
        self._given = {model: Price.of(numbers) for model, numbers in (given or {}).items()}

    def check(self, model: str) -> None:
        """`NoPrice`, with what to do, where a call of `model` could not be priced."""
        self.cost(model, Tokens())

    def cost(self, model: str, tokens: Tokens, *, at: float | None = None) -> Cost:
        """Cost of a call of `model` ("provider/model") at a time in seconds since 1970, or now; raises `NoPrice`."""
        if model in self._given:
            return self._given[model].cost(tokens)
        if is_free(model):
            return _cost(Decimal(0), tokens, of_input=Decimal(0))
        return _listed(model, tokens, at=at)


def is_free(model: str) -> bool:
    """True for a model that nobody bills, by the name of its provider.

    >>> is_free("mockllm/model"), is_free("openai/gpt-5")
    (True, False)
    """
    return model.partition("/")[0] in FREE


def dollars(nano_usd: int) -> float:
    """Nano-dollars in US dollars.

    >>> dollars(1_234_500_000)
    1.2345
    """
    return nano_usd / NANO


def nano(usd: float) -> int:
    """US dollars in nano-dollars.

    >>> nano(0.1)
    100000000
    """
    return int((_exact(usd) * NANO).to_integral_value())


def provider_and_name(model: str) -> tuple[str | None, str]:
    """The id of genai-prices and the model's name there; None for a provider without a price list.

    >>> provider_and_name("grok/grok-4"), provider_and_name("anthropic/vertex/claude-opus-4-5")
    (('x-ai', 'grok-4'), ('google', 'claude-opus-4-5'))
    >>> provider_and_name("ollama/llama3")
    (None, 'llama3')
    """
    provider, _, name = model.partition("/")
    service, slash, rest = name.partition("/")
    if provider == "openai-api" and slash:
        return PROVIDERS.get(service), rest
    if provider in ("anthropic", "google", "mistral", "openai") and slash and service in SERVICES:
        return SERVICES[service], rest
    return PROVIDERS.get(provider), name


def _listed(model: str, tokens: Tokens, *, at: float | None) -> Cost:
    from genai_prices import Usage

    when = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    info = listed(model)
    price = info.get_prices(when)
    if price.input_mtok is None or price.output_mtok is None:
        raise NoPrice(f"the price of {model} is not known; {_remedy(model)}")
    usage = Usage(
        input_tokens=tokens.read,
        cache_read_tokens=tokens.cache_read_tokens,
        cache_write_tokens=tokens.cache_write_tokens,
        output_tokens=tokens.output_tokens,
        output_reasoning_tokens=tokens.reasoning_tokens,
    )
    return _cost(price.calc_price(usage)["total_price"], tokens, of_input=_base(price))


def listed(model: str) -> ModelInfo:
    """genai-prices' entry of a model; `NoPrice` names the nearest."""
    from genai_prices.data_snapshot import get_snapshot

    id, name = provider_and_name(model)
    if id is None:
        provider = model.partition("/")[0]
        others = [
            f"{other}/{model.partition('/')[2]}"
            for other in difflib.get_close_matches(provider, PROVIDERS, n=1, cutoff=0.75)
        ]
        # one that is not there either is no advice
        meant = "".join(f"did you mean {other}? Else " for other in others if _is_listed(other))
        raise NoPrice(f"the price of {model} is not known; {meant}{_remedy(model)}")
    snapshot = get_snapshot()
    try:
        return snapshot.find_provider_model(name, None, id, None)[1]
    except LookupError:
        known = [
            entry.id for provider in snapshot.providers if provider.id == id for entry in provider.models
        ]
        prefix = model.removesuffix(name)
        nearest = ", ".join(
            f"{prefix}{other}" for other in difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        )
        meant = f"did you mean {nearest}? Else " if nearest else ""
        raise NoPrice(f"unknown model {model}, or its price is not known; {meant}{_remedy(model)}") from None


def _is_listed(model: str) -> bool:
    try:
        listed(model)
    except NoPrice:
        return False
    return True


def _remedy(model: str) -> str:
    return (
        f"give it in US dollars a million tokens: --price {model}=IN,OUT[,CACHE_READ,CACHE_WRITE] "
        "(0,0 for a model that nobody bills)"
    )


def _base(price: ModelPrice) -> Decimal:
    from genai_prices.types import TieredPrices

    read = price.input_mtok
    return Decimal(read.base if isinstance(read, TieredPrices) else read or 0)


def _cost(usd: Decimal, tokens: Tokens, *, of_input: Decimal) -> Cost:
    """A call for `usd`; `of_input` is the price of a million tokens of uncached input."""
    weighted = usd * MILLION / of_input if of_input else Decimal(tokens.total)
    return Cost(
        nano_usd=int((usd * NANO).to_integral_value(ROUND_HALF_EVEN)),
        weighted_tokens=math.ceil(weighted),
    )


def _exact(number: float) -> Decimal:
    """The number that a person wrote: 0.1 is a tenth."""
    return Decimal(str(number))
