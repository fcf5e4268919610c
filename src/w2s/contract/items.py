"""Checks of the items of a call (form, number, membership in the run) and of the predictions at its end.

Covered: ids of the wrong type or shape, none or too many, ids of another run, test items as training data, proposed
answers in another order, predictions that are missing, doubled, or of unlabelled items. Not covered: an id of this
run that a method holds under a false name, for ids are all that it has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s import bounds
from w2s.errors import BadPredictions, TooMuch, WrongIds
from w2s.records import BoolArray, FloatArray, IdArray, IntArray, Items, Predictions


def item_ids(items: Any) -> tuple[IdArray, BoolArray]:
    """Ids and orders of the items that a call names, [n] each; `WrongIds` or `TooMuch` for what is no such choice."""
    if not isinstance(items, Items):
        raise WrongIds(
            f"items is a {type(items).__name__}; give bench.unlabelled, bench.test or a part of them"
        )
    ids, flipped = np.asarray(items.ids), np.asarray(items.flipped)
    if ids.ndim != 1 or flipped.shape != ids.shape:
        raise WrongIds(f"ids of shape {ids.shape}; choose items by a mask, a slice or a list of indices")
    _check_count(len(ids))
    if ids.dtype.kind not in "iu" or flipped.dtype != np.bool_ or bool((ids < 0).any()):
        raise WrongIds("ids are not those of a bench; choose parts of bench.unlabelled and bench.test")
    return ids.astype(np.uint64), flipped


def handed_in(predictions: Any) -> tuple[IdArray, FloatArray]:
    """Ids and probabilities of class 1 of a method's predictions, swapped pairs turned back, [n] each.

    Raises `BadPredictions` for anything that is no `Predictions`, `WrongIds` for ids of the wrong form.
    """
    if not isinstance(predictions, Predictions):
        raise BadPredictions(
            f"run(bench) returned {type(predictions).__name__}, not w2s.Predictions; "
            "return student.predict(bench.test) or w2s.Predictions(bench.test, probabilities)"
        )
    if not len(predictions.items):
        raise WrongIds("no predictions; predict all of bench.test")
    ids, flipped = item_ids(predictions.items)
    return ids, np.where(flipped, 1.0 - predictions.probabilities, predictions.probabilities)


def probabilities(values: FloatArray) -> FloatArray:
    """Numbers in [0, 1]; `BadPredictions` otherwise."""
    bad = ~np.isfinite(values) | (values < 0) | (values > 1)
    if bad.any():
        raise BadPredictions(f"{int(bad.sum())} of {len(values)} probabilities are NaN or outside [0, 1]")
    return values


class RunIds:
    """The ids of one run. A place is an index into the unlabelled items followed by the test items."""

    def __init__(self, unlabelled: IdArray, test: IdArray, *, pairs: bool) -> None:
        ids = np.concatenate([unlabelled, test]).astype(np.uint64)
        self._n_unlabelled, self._n_test, self._pairs = len(unlabelled), len(test), pairs
        self._order: IntArray = np.argsort(ids, kind="stable")
        self._sorted = ids[self._order]

    def places(self, ids: IdArray, flipped: BoolArray, *, trained_on: bool = False) -> IntArray:
        """Place of each of `ids`, which may repeat, [n].

        Raises `WrongIds` for ids outside the run, for test items where they would be `trained_on`, and for
        a swap of what is not a pair; `TooMuch` for more items than one request may name.
        """
        _check_count(len(ids))
        if flipped.any() and not self._pairs:
            raise WrongIds("proposed answers have no other order; swapped() is for pairs")
        near = np.minimum(np.searchsorted(self._sorted, ids), len(self._sorted) - 1)
        unknown = self._sorted[near] != ids
        if unknown.any():
            raise WrongIds(
                f"{int(unknown.sum())} of {len(ids)} items are not of this run, e.g. {int(ids[unknown][0])}; "
                "use bench.unlabelled and bench.test"
            )
        places = self._order[near]
        if trained_on and (places >= self._n_unlabelled).any():
            raise WrongIds("test items cannot be trained on; fine-tune on bench.unlabelled or a part of it")
        return places

    def predicted(self, ids: IdArray, values: FloatArray) -> FloatArray:
        """Probabilities in the order of the test items, [n_test]; `WrongIds` unless each is there exactly once."""
        if len(ids) != len(values):
            raise WrongIds(f"{len(values)} probabilities for {len(ids)} ids")
        probabilities(values)
        places = self.places(ids, np.zeros(len(ids), dtype=np.bool_)) - self._n_unlabelled
        if (places < 0).any():
            raise WrongIds(
                f"{int((places < 0).sum())} predictions are for unlabelled items; predict bench.test"
            )
        counts = np.bincount(places, minlength=self._n_test)
        if (counts > 1).any():
            raise WrongIds(f"{int((counts > 1).sum())} test items are predicted more than once")
        missing = self._n_test - len(ids)
        if missing:
            raise WrongIds(f"{missing} of {self._n_test} predictions missing; predict all of bench.test")
        ordered = np.empty(self._n_test)
        ordered[places] = values
        return ordered


def _check_count(n: int) -> None:
    if n > bounds.ITEMS_PER_CALL:
        raise TooMuch(f"{n} items in one request; at most {bounds.ITEMS_PER_CALL} are allowed")
    if n == 0:
        raise WrongIds("no items in the request; choose at least one")
