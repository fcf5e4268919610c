"""Beliefs of the frozen strong model, read without any label.

The questions go through a `Student`; an `Ask` is any function from items to one number an item (for
instance `student.zero_shot`, `student.likelihood`) that is odd under swapping a pair.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2s.blocks import targets
from w2s.errors import BadTargets
from w2s.records import BoolArray, FloatArray, IntArray, Items

if TYPE_CHECKING:
    from w2s.bench import Student

Ask = Callable[[Items], npt.NDArray[np.floating]]


def both_orders(ask: Ask, items: Items) -> FloatArray:
    """Half the difference of the answers to a pair and to its swap: what does not depend on the order.

    `ask` gives [n] log-odds or [n, h] hidden states. For proposed answers there is only one order, and
    the answer is passed on. Costs twice `ask` for pairs.
    """
    shown = np.asarray(ask(items), dtype=np.float64)
    if not are_pairs(items):
        return shown
    return (shown - np.asarray(ask(items.swapped()), dtype=np.float64)) / 2.0


def consistent(ask: Ask, items: Items) -> BoolArray:
    """True where the answer names the same winner in both orders, [n]; true everywhere for proposed answers.

    `ask` gives log-odds; A > B and B > A cannot both hold, so a sign that stays is a contradiction.
    """
    shown = np.asarray(ask(items))
    if not are_pairs(items):
        return np.ones(len(items), dtype=np.bool_)
    return np.asarray((shown > 0) != (np.asarray(ask(items.swapped())) > 0))


def zero_shot(
    student: Student,
    items: Items,
    *,
    templates: Sequence[str | None] = (None,),
    labels: Sequence[tuple[str, str] | None] | None = None,
) -> FloatArray:
    """Zero-shot log-odds of class 1, both orders, averaged over `templates` after centring each, [n].

    A template of None is the testbed's own; `labels` gives the two label words (class 0, class 1) of
    each template. Centring (median to zero) takes out each prompt's taste for one label. Cost: one
    forward pass an item, template and order. Source: 2506.10139, without its annealing.
    """
    words = [None] * len(templates) if labels is None else list(labels)
    if not templates or len(words) != len(templates):
        raise BadTargets(
            f"{len(templates)} templates with {len(words)} pairs of labels; give as many of each"
        )
    margins = np.zeros(len(items))
    for template, pair in zip(templates, words, strict=True):
        ask = functools.partial(student.zero_shot, template=template, labels=pair)
        margins += targets.center(both_orders(ask, items))
    return margins / len(templates)


def likelihood(student: Student, items: Items) -> FloatArray:
    """Likelihood of the proposed answer, centred with its median at zero, [n].

    For pairs it is the first answer's minus the second's, so the other order would only say it again.
    """
    return targets.center(student.likelihood(items))


def states(student: Student, items: Items, layer: int) -> FloatArray:
    """Hidden states of each item after block `layer`, [n, h]; for pairs half the difference of both orders.

    Half the difference is odd under swapping, so that everything that does not depend on the order is gone.
    Cost: one forward pass an item and order.
    """
    return both_orders(lambda shown: student.hidden_states(shown, layer), items)


def claims(items: Items) -> tuple[IntArray, IntArray]:
    """The distinct claims that the items make: (claim of each item [n], group of each claim [claims]).

    Equal answers to one question are one claim and are true or false together. Of a pair each order is a claim
    of its own, and so is each item without an answer.
    """
    if items.answer is None:
        return np.arange(len(items)), np.asarray(items.group)
    keys, place = np.unique(np.stack([items.group, items.answer]), axis=1, return_inverse=True)
    return place.reshape(-1).astype(np.int64), keys[0]


def rival_margin(margin: FloatArray, items: Items) -> FloatArray:
    """Each distinct answer's mean margin minus that of its best rival to the same question, [n].

    One right answer a question: an answer is believed as far as it beats the others. Every distinct
    answer counts once, however often it was proposed, so this never becomes a majority vote. Answers
    without a rival keep their own mean, and pairs (which have no answers) their margin.
    """
    values = np.asarray(margin, dtype=np.float64)
    if items.answer is None:
        return values
    place, groups = claims(items)
    pooled = np.bincount(place, weights=values) / np.bincount(place)
    result = pooled.copy()
    for group in np.unique(groups):
        among = np.flatnonzero(groups == group)
        if len(among) < 2:
            continue
        best = among[np.argmax(pooled[among])]
        second = np.max(pooled[among[among != best]])
        result[among] = pooled[among] - pooled[best]
        result[best] = pooled[best] - second
    return np.asarray(result[place])


def scaled(margin: FloatArray) -> FloatArray:
    """Margin divided by its median absolute value, so that margins of different origin can be added.

    >>> scaled(np.array([2.0, -4.0, 8.0])).tolist()
    [0.5, -1.0, 2.0]
    """
    values = np.asarray(margin, dtype=np.float64)
    size = float(np.median(np.abs(values)))
    return values / size if size > 0 else values


def are_pairs(items: Items) -> bool:
    """True if the items are pairs (two answers to a prompt) and not single proposed answers."""
    return items.answer is None
