"""What a person says about models: names and how many of each, options, prices; as settings keep it and as it is typed.

Covered: a password in a URL and an option that is named like a secret are refused, since settings are shown and kept.
Not covered: a secret under an innocent name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from aar.errors import SettingsError
from aar.prices import MOST_PRICE

EMBEDDED = "aar/evolution"
RESEARCHERS = 3
"""Researchers of a run where nobody says how many."""
MOST_RESEARCHERS = 64

Argument = str | int | float | bool
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""Words for how much a model reasons, as Inspect knows them; which of them a model takes, its provider says."""

_COUNTED = re.compile(r"([1-9][0-9]{0,5})\*([^*\s]+)")
_SECRET = re.compile(r"(key|token|secret|password|credentials?)$", re.IGNORECASE)


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise ValueError("an address such as https://models.example/v1")
    if parts.username is not None or parts.password is not None or parts.query:
        raise ValueError(
            "an address without a user, a password or a query: keys are read from the environment"
        )
    return url


def _no_secret(name: str) -> str:
    if _SECRET.search(name):
        raise ValueError("no secret: keys are read from the environment, since settings are kept and shown")
    return name


Name = Annotated[str, Field(min_length=1, max_length=500)]
Models = Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=10_000)]
Arguments = Annotated[dict[Annotated[Name, AfterValidator(_no_secret)], Argument], Field(max_length=100)]
BaseUrl = Annotated[Name, AfterValidator(_without_password)]
_Number = Annotated[float, Field(ge=0, le=MOST_PRICE)]
GivenPrices = Annotated[
    dict[Name, Annotated[tuple[_Number, _Number, _Number, _Number], Field(strict=False)]],
    Field(max_length=1000),
]


def base_url(text: str | None) -> str | None:
    """The address after --base-url, or None where none was given; `SettingsError` for what settings would refuse."""
    if text is not None:
        try:
            _without_password(text)
        except ValueError as error:
            raise SettingsError(f"--base-url is not what it can be; it should be {error}") from None
    return text


def counted(text: str) -> tuple[int | None, str]:
    """How many researchers, and with which model; None where no number stands before it.

    `SettingsError` for a count that is none. No model has an asterisk in its name.

    >>> counted("3*a/x"), counted("a/x")
    ((3, 'a/x'), (None, 'a/x'))
    """
    if not text.strip():
        raise SettingsError(f"--model '{text}': no name; give one such as {EMBEDDED}")
    if "*" not in text:
        return None, text
    found = _COUNTED.fullmatch(text)
    if found is None:
        raise SettingsError(
            f"--model '{text}': the count is wrong; write a number from 1 to {MOST_RESEARCHERS}, an asterisk and the "
            f"name, without spaces, such as 3*{EMBEDDED}"
        )
    return int(found[1]), found[2]


def allotted(given: Sequence[str], researchers: int | None) -> tuple[tuple[str, ...], int]:
    """The model of each researcher, and how many researchers there are.

    "3*a" is three researchers with a. Without such a count models go round; `researchers` is None where nobody said how
    many, and then there are as many as were counted, or as many as models, or `RESEARCHERS`. `SettingsError` where the
    numbers do not fit.

    >>> allotted(["3*a/x", "b/y"], None)
    (('a/x', 'a/x', 'a/x', 'b/y'), 4)
    >>> allotted(["a/x", "b/y"], 3)
    (('a/x', 'b/y', 'a/x'), 3)
    """
    read = [counted(text) for text in given]
    names = [name for count, name in read for _ in range(min(count or 1, MOST_RESEARCHERS + 1))]
    exact = any(count is not None for count, _ in read)
    if researchers is None:
        researchers = len(names) if exact else max(len(names), RESEARCHERS)
    elif len(names) > researchers or (exact and len(names) != researchers):
        raise SettingsError(
            f"the models are for {len(names)} researchers and --researchers says {researchers}; leave --researchers "
            "out, or give as many models"
        )
    if researchers > MOST_RESEARCHERS:
        raise SettingsError(f"{researchers} researchers are too many; a run has {MOST_RESEARCHERS} at most")
    return tuple(names[number % len(names)] for number in range(researchers)), researchers


def argument(text: str) -> tuple[str, Argument]:
    """An option of models, "NAME=VALUE"; numbers, true and false are what they look like.

    >>> argument("max_connections=4"), argument("region=us-east-1")
    (('max_connections', 4), ('region', 'us-east-1'))
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise SettingsError(f"--model-arg {text}: write it as NAME=VALUE")
    try:
        read = json.loads(value)
    except ValueError:
        read = value
    return name, read if isinstance(read, (int, float)) and math.isfinite(read) else value


def prices(given: Iterable[str], models: Sequence[str]) -> dict[str, tuple[float, float, float, float]]:
    """Prices by model from "[MODEL=]IN,OUT[,CACHE_READ,CACHE_WRITE]", in US dollars a million tokens.

    Cached input costs what input does where nothing is said of it.

    >>> prices(["a/x=3,15,0.3,3.75"], ["a/x"]), prices(["1,2"], ["b/y"])
    ({'a/x': (3.0, 15.0, 0.3, 3.75)}, {'b/y': (1.0, 2.0, 1.0, 1.0)})
    """
    found = {}
    for text in given:
        name, equals, numbers = text.rpartition("=")
        if not equals and len(set(models)) > 1:
            raise SettingsError(f"--price {text}: this run has several models; write it as MODEL={text}")
        model = name if equals else models[0]
        if model not in models:
            raise SettingsError(
                f"--price {text}: no researcher of this run uses {model}; there are {', '.join(sorted(set(models)))}"
            )
        if model in found:
            raise SettingsError(f"--price {text}: {model} has two prices; give one")
        found[model] = _price(text, numbers.split(","))
    return found


def _price(text: str, parts: Sequence[str]) -> tuple[float, float, float, float]:
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3, 4) or not all(0 <= number <= MOST_PRICE for number in numbers):
        raise SettingsError(
            f"--price {text}: give input and output, and if you know them cache reads and writes, in US dollars a "
            f"million tokens from 0 to {MOST_PRICE:,.0f}, such as 3,15,0.3,3.75"
        )
    read, written, *cached = numbers
    cache_read, cache_write = (*cached, *[read] * (2 - len(cached)))
    return read, written, cache_read, cache_write
