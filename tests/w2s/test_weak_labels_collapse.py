"""What counts as a training that collapsed."""

from __future__ import annotations

import numpy as np
import pytest

from w2s.weak_labels.collapse import Collapse, collapse_of

LABELS = np.arange(800) % 2.0


def noisy(accuracy: float, n: int = 800) -> np.ndarray:  # type: ignore[type-arg]
    """Probabilities that are right with this chance."""
    rng = np.random.default_rng(0)
    right = rng.random(n) < accuracy
    return np.where(right, np.arange(n) % 2.0, 1 - np.arange(n) % 2.0)


def test_a_weak_supervisor_has_not_collapsed() -> None:
    assert collapse_of(noisy(0.6), LABELS, noisy(0.53)) is None


@pytest.mark.parametrize("answer", [0.0, 0.2, 0.5, 0.51, 1.0])
def test_one_answer_to_everything_has_collapsed(answer: float) -> None:
    assert collapse_of(np.full(800, answer), LABELS, np.full(1080, answer)) is Collapse.ONE_CLASS


def test_one_class_in_all_but_one_item_in_a_hundred_has_collapsed() -> None:
    others = np.zeros(1000)
    others[:10] = 1.0
    assert collapse_of(noisy(0.9), LABELS, others) is Collapse.ONE_CLASS


def test_chance_on_what_was_taught_has_collapsed() -> None:
    assert collapse_of(noisy(0.5), LABELS, noisy(0.5)) is Collapse.NOT_LEARNT


def test_answers_that_are_no_numbers_have_collapsed() -> None:
    others = noisy(0.6)
    others[3] = np.nan
    assert collapse_of(noisy(0.6), LABELS, others) is Collapse.NOT_FINITE
