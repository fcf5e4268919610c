"""Numbers and arrays of a call: each function gives the value in its own type, or refuses it.

Covered: wrong types and shapes, NaN and infinity, values outside `w2s.bounds`. Not covered: whether a value makes
sense for the method.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s import bounds
from w2s.errors import BadMethod, BadTargets, BadTemplate, TooMuch
from w2s.records import FloatArray, IntArray


@dataclass(frozen=True)
class Training:
    """The checked arguments of a fine-tune call; what is None is the recipe's.

    Attributes:
        targets: probability of class 1 of each item, [n].
        weights: weight of each item, [n].
        order: index of each item once, in the order of training, [n].
        epochs: passes over the items.
        learning_rate: peak of the schedule.
    """

    targets: FloatArray
    weights: FloatArray | None
    order: IntArray | None
    epochs: int | None
    learning_rate: float | None


def training(
    n: int,
    targets: Any,
    *,
    weights: Any = None,
    epochs: Any = None,
    learning_rate: Any = None,
    order: Any = None,
) -> Training:
    """Check a fine-tune call on `n` items.

    Raises `BadTargets` for what cannot be trained on, `TooMuch` for epochs out of bounds.

    >>> training(2, [0, 1], epochs=3).epochs
    3
    """
    if n == 0:
        raise BadTargets("no items to train on; choose at least one")
    return Training(
        targets=_targets(targets, n),
        weights=None if weights is None else _weights(weights, n),
        epochs=None if epochs is None else _epochs(epochs),
        learning_rate=None if learning_rate is None else _learning_rate(learning_rate),
        order=None if order is None else _order(order, n),
    )


def loss(function: Any) -> Callable[[Any], Any]:
    """A custom loss, which is a function of one batch; `BadTargets` otherwise."""
    if not callable(function):
        raise BadTargets(f"loss is a {type(function).__name__}; give a function of one batch")
    return function  # type: ignore[no-any-return]


def directions(weights: Any) -> dict[int, float]:
    """Scales by seed of the directions of one step.

    Raises `TooMuch` for too many, `BadTargets` for a seed or a scale out of bounds.

    >>> directions({3: 0.5})
    {3: 0.5}
    """
    if not isinstance(weights, Mapping):
        raise BadTargets(f"directions are a {type(weights).__name__}; give a dict of scales by seed")
    if len(weights) > bounds.DIRECTIONS:
        raise TooMuch(f"{len(weights)} directions in one step; at most {bounds.DIRECTIONS} are allowed")
    return {seed(key): scale(weight) for key, weight in weights.items()}


def seed(value: Any) -> int:
    """A direction's seed from 0 to 2**63 - 1; `BadTargets` otherwise."""
    number = whole_number("seed", value)
    if not 0 <= number < bounds.SEEDS:
        raise BadTargets("a seed is not between 0 and 2**63")
    return number


def scale(value: Any) -> float:
    """Length of a move along a direction; `BadTargets` if it is not a number within bounds."""
    number = _number("scale", value)
    if not abs(number) <= bounds.SCALE:
        raise BadTargets(f"scale {number:g} is not between -{bounds.SCALE:g} and {bounds.SCALE:g}")
    return number


def layer(value: Any, *, layers: int) -> int:
    """Number of a block, from 1; `BadTemplate` for one that the model does not have."""
    number = whole_number("layer", value)
    if not 1 <= number <= layers:
        raise BadTemplate(f"this layer is not there: hidden states come after layers 1 to {layers}")
    return number


def states(n: int, *, width: int) -> None:
    """Raise `TooMuch` where the hidden states of `n` items, float32 [n, width], do not fit into one answer.

    >>> states(1000, width=4096)
    """
    if 4 * n * width > bounds.FRAME_BYTES:
        most = bounds.FRAME_BYTES // (4 * width)
        raise TooMuch(f"hidden states of {n} items in one request; at most {most} of this model are allowed")


def whole_number(name: str, value: Any) -> int:
    """A whole number, whatever its type; `BadTargets` otherwise.

    >>> whole_number("epochs", np.float64(3.0))
    3
    """
    try:
        return operator.index(value)
    except TypeError:
        number = _number(name, value)
    if not number.is_integer():  # False for NaN and infinity, too
        raise BadTargets(f"{name} {number:g} is not a whole number")
    return int(number)


def logged(numbers: Mapping[str, Any]) -> dict[str, float | None]:
    """Numbers as they are kept, before they are rounded: None for what is not finite; `BadMethod` for no number."""
    kept: dict[str, float | None] = {}
    for name, value in numbers.items():
        try:
            number = float(value)
        except OverflowError:  # an integer above every float
            number = float("inf")
        except (TypeError, ValueError, RuntimeError):
            raise BadMethod(f"logged {name[:40]!r} is a {type(value).__name__}, not a number") from None
        kept[name] = _rounded(number)
    return kept


def vector(name: str, values: Any, n: int) -> FloatArray:
    """Floats, one for each of `n` items; `BadTargets` otherwise."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise BadTargets(f"{name} are not numbers: {error}") from None
    if array.shape != (n,):
        raise BadTargets(f"{name} of shape {array.shape} for {n} items; give one for each item")
    return array


def _targets(values: Any, n: int) -> FloatArray:
    array = vector("targets", values, n)
    bad = ~np.isfinite(array) | (array < 0) | (array > 1)
    if bad.any():
        raise BadTargets(
            f"{int(bad.sum())} of {n} targets are NaN or outside [0, 1], the first at index "
            f"{int(np.flatnonzero(bad)[0])}; a target is the probability of class 1"
        )
    return array


def _weights(values: Any, n: int) -> FloatArray:
    array = vector("weights", values, n)
    if not ((array >= 0) & (array <= bounds.WEIGHT)).all():  # False for NaN, too
        raise BadTargets(f"weights are numbers from 0 to {bounds.WEIGHT:,.0f}")
    # A mean that underflows to 0 would turn the recorded targets into NaN: a call that hides all others.
    if array.max() < bounds.LEAST_WEIGHT:
        raise BadTargets(f"at least one weight has to be above 0, by {bounds.LEAST_WEIGHT:g} or more")
    return array


def _order(values: Any, n: int) -> IntArray:
    array = vector("order", values, n)
    if not np.array_equal(np.sort(array), np.arange(n)):
        raise BadTargets(f"order has to name each of the {n} items once, by its index")
    return array.astype(np.int64)


def _epochs(value: Any) -> int:
    number = whole_number("epochs", value)
    if not 1 <= number <= bounds.EPOCHS:
        raise TooMuch(f"a fine-tune call takes 1 to {bounds.EPOCHS} epochs, not fewer and not more")
    return number


def _learning_rate(value: Any) -> float:
    number = _number("learning rate", value)
    if not 0 < number <= 1:
        raise BadTargets(f"learning rate {number:g} is not between 0 and 1")
    return number


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        raise BadTargets(f"{name} is too large a number") from None
    except (TypeError, ValueError, RuntimeError):
        raise BadTargets(f"{name} is a {type(value).__name__}, not a number") from None


def _rounded(number: float) -> float | None:
    if not np.isfinite(number):
        return None
    rounded = float(f"{number:.{bounds.LOGGED_DIGITS}g}")
    return rounded if np.isfinite(rounded) else None  # 1.797e308 is finite, and 1.80e308 is not
