"""What a method sends is what the contract allows, or it is refused with the rule that it broke.

Two kinds of fault are told apart: a value outside the contract raises the method's own error
(`BadTargets`, `BadTemplate`, ...), which it may catch; a request of the wrong form raises `WireError`,
which ends the run, since our own client never sends one.
"""

from __future__ import annotations

import builtins
import math
import re
import string
import sys
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import numpy as np

from w2s import bounds, errors
from w2s.errors import BadPredictions, BadTargets, BadTemplate, TooMuch, WrongIds
from w2s.records import FloatArray, IntArray
from w2s.wire import Array, Header, WireError

T = TypeVar("T")
_FIELD = re.compile(r"[a-z][a-z_]{0,19}")
_MAX_SCALE = 100.0
_CONSTANT_CHARS = 16


def field(header: Header, name: str, kind: type[T]) -> T:
    """Field `name` of a request, exactly of type `kind` and, if text, UTF-8; `WireError` otherwise."""
    value = header.get(name)
    if type(value) is not kind:
        raise WireError(f"request {header.get('op')!r} needs {name!r} as {kind.__name__}")
    if isinstance(value, str) and not _is_utf8(value):
        raise WireError(f"{name!r} of request {header.get('op')!r} is not UTF-8; leave out lone surrogates")
    return value


def words(header: Header, name: str) -> str:
    """Field `name` of a request as UTF-8 text: an exception's own words may hold anything, and are cleaned."""
    value = header.get(name)
    if type(value) is not str:
        raise WireError(f"request {header.get('op')!r} needs {name!r} as str")
    return value.encode("utf-8", "replace").decode()


def number(header: Header, name: str) -> float:
    """Field `name` of a request as a finite float; `WireError` otherwise."""
    value: Any = header.get(name)
    if type(value) not in (int, float) or not abs(value) < 1e300:
        raise WireError(f"request {header.get('op')!r} needs {name!r} as a number")
    return float(value)


def vector(arrays: Mapping[str, Array], name: str, dtype: str) -> Array:
    """Array `name` of a request, one-dimensional and exactly of `dtype`; `WireError` otherwise."""
    array = arrays.get(name)
    if array is None or array.dtype != np.dtype(dtype) or array.ndim != 1:
        raise WireError(f"the request needs the array {name!r}, one-dimensional, of dtype {dtype}")
    return array


def parallel(n: int, **named: Array) -> None:
    """Every array has length `n`, one entry an item."""
    for name, array in named.items():
        if len(array) != n:
            raise BadTargets(f"{len(array)} {name} for {n} items; give one for each item")


def targets(values: FloatArray) -> FloatArray:
    """Targets in [0, 1]; `BadTargets` otherwise."""
    bad = ~np.isfinite(values) | (values < 0) | (values > 1)
    if bad.any():
        raise BadTargets(
            f"{int(bad.sum())} of {len(values)} targets are NaN or outside [0, 1], the first at index "
            f"{int(np.flatnonzero(bad)[0])}"
        )
    return values


def weights(values: FloatArray) -> FloatArray:
    """Weights that are finite, not negative and not all zero; `BadTargets` otherwise."""
    if not np.isfinite(values).all() or (values < 0).any() or not values.sum() > 0 or (values > 1e6).any():
        raise BadTargets("weights are numbers from 0 to a million, at least one of them above 0")
    return values


def order(values: IntArray, n: int) -> IntArray:
    """An order to train in: a permutation of the `n` items; `BadTargets` otherwise."""
    if len(values) != n or not np.array_equal(np.sort(values), np.arange(n)):
        raise BadTargets(f"order has to name each of the {n} items once, by its index")
    return values


def epochs(value: int) -> int:
    """Passes over the items; `TooMuch` outside the bounds."""
    if not 1 <= value <= bounds.EPOCHS:
        raise TooMuch(f"{value} epochs; a fine-tune call takes 1 to {bounds.EPOCHS}")
    return value


def learning_rate(value: float) -> float:
    """A peak learning rate in (0, 1]; `BadTargets` otherwise."""
    if not 0 < value <= 1:
        raise BadTargets(f"learning rate {value:g} is not between 0 and 1")
    return value


def scale(value: float) -> float:
    """Length of a perturbation; `BadTargets` if it is not a plain number."""
    if not abs(value) <= _MAX_SCALE:
        raise BadTargets(f"scale {value:g} is not between -{_MAX_SCALE:g} and {_MAX_SCALE:g}")
    return value


def seed(value: int) -> int:
    """A seed from 0 to 2**63 - 1; `BadTargets` otherwise."""
    if not 0 <= value < 2**63:
        raise BadTargets(f"seed {value} is not between 0 and 2**63")
    return value


def predictions(ids: Array, probabilities: FloatArray) -> FloatArray:
    """As many probabilities in [0, 1] as ids; `BadPredictions` or `WrongIds` otherwise."""
    if len(ids) != len(probabilities):
        raise WrongIds(f"{len(probabilities)} probabilities for {len(ids)} ids")
    bad = ~np.isfinite(probabilities) | (probabilities < 0) | (probabilities > 1)
    if bad.any():
        raise BadPredictions(
            f"{int(bad.sum())} of {len(probabilities)} probabilities are NaN or outside [0, 1]"
        )
    return probabilities


def template(text: str, *, fields: Collection[str], item_texts: Collection[str]) -> set[str]:
    """Fields that a template names.

    Raises `BadTemplate` if it is too long, names anything but `fields`, formats them, or holds the text of
    an item as a constant.
    """
    if len(text) > bounds.TEMPLATE_CHARS:
        raise BadTemplate(f"template of {len(text)} characters; at most {bounds.TEMPLATE_CHARS} are allowed")
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise BadTemplate(f"template {text!r}: {error}") from None
    named: set[str] = set()
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if name not in fields or spec or conversion:
            raise BadTemplate(
                f"template names {{{name}}}; plain fields of these items are "
                f"{', '.join('{' + known + '}' for known in sorted(fields))}"
            )
        named.add(name)
    constant = _squeezed("\n".join(literal for literal, *_ in parts))
    if any(len(item) >= _CONSTANT_CHARS and item in constant for item in map(_squeezed, item_texts)):
        raise BadTemplate("template holds the text of an item as a constant; name its field instead")
    return named


def labels(values: list[Any]) -> tuple[str, str]:
    """Two different short answer labels; `BadTemplate` otherwise."""
    if len(values) != 2 or not all(isinstance(label, str) for label in values) or values[0] == values[1]:
        raise BadTemplate("labels are two different strings, for class 0 and class 1")
    if not all(0 < len(label) <= bounds.LABEL_CHARS for label in values):
        raise BadTemplate(f"a label has 1 to {bounds.LABEL_CHARS} characters")
    if not all(map(_is_utf8, values)):
        raise BadTemplate(f"labels {values!r} are not UTF-8; leave out lone surrogates")
    return values[0], values[1]


def generated_field(name: str, *, taken: Collection[str]) -> str:
    """A name for a generated field: lower-case letters, not a field of the items; `BadTemplate` otherwise."""
    if not _FIELD.fullmatch(name) or name in taken:
        raise BadTemplate(
            f"{name!r} cannot be generated into; use 1 to 20 lower-case letters, not an item's field"
        )
    return name


def logged(numbers: Mapping[str, Any], *, allowed: Collection[str]) -> dict[str, float | None]:
    """Numbers as they are kept: 3 significant digits, None for what is not finite; `TooMuch` for other names."""
    kept: dict[str, float | None] = {}
    for name, value in numbers.items():
        if name not in allowed:
            raise TooMuch(
                f"{name!r} cannot be logged: only the first {bounds.LOGGED_NAMES} names that stand in the source "
                "as bench.log(name=...)"
            )
        if value is not None and type(value) not in (int, float):
            raise WireError(f"logged {name!r} is not a number")
        kept[name] = None if value is None else _rounded(value)
    return kept


def public_error(name: str) -> str:
    """Name of an error as it may leave the service: Python's own or one of `w2s.errors`, else `Exception`."""
    kind = getattr(builtins, name, None) or getattr(errors, name, None)
    return name if isinstance(kind, type) and issubclass(kind, BaseException) else "Exception"


def public_name(kind: type[BaseException]) -> str:
    """Name of the nearest base of `kind` that may leave the service."""
    return next(base.__name__ for base in kind.__mro__ if public_error(base.__name__) == base.__name__)


def _rounded(value: float) -> float | None:
    if not abs(value) <= sys.float_info.max:  # also an int that float() would raise for
        return None
    rounded = float(f"{float(value):.{bounds.LOGGED_DIGITS}g}")
    return rounded if math.isfinite(rounded) else None  # 1.797e308 is finite, and 1.80e308 is not


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _squeezed(text: str) -> str:
    return " ".join(text.lower().split())
