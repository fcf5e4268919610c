"""Near duplicates: exact where it reports, rarely blind, the same in any order."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s.testbeds.duplicates import near_duplicates, normalised, phrases

WORDS = ("red", "blue", "sky", "a", "+", "7", "Straße")
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), max_size=12
)  # few words: many near pairs


def brute_force(texts, threshold):
    pairs = []
    for (i, a), (j, b) in itertools.combinations(enumerate(texts), 2):
        a, b = phrases(a), phrases(b)
        if (similarity := len(a & b) / len(a | b)) >= threshold:
            pairs.append((i, j, similarity))
    return sorted(pairs)


@settings(max_examples=200)
@given(texts=TEXTS, threshold=st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_what_is_reported_is_true_and_equal_texts_are_always_found(texts, threshold):
    found, true = near_duplicates(texts, threshold=threshold), brute_force(texts, threshold)
    assert found == sorted(found)
    assert set(found) <= set(true)
    assert {pair for pair in true if pair[2] == 1.0} <= set(found)


@settings(max_examples=100)
@given(texts=TEXTS, rng=st.randoms(use_true_random=False))
def test_the_order_of_the_texts_changes_nothing(texts, rng):
    order = list(range(len(texts)))
    rng.shuffle(order)
    shuffled = near_duplicates([texts[i] for i in order])
    there = sorted((*sorted((order[i], order[j])), similarity) for i, j, similarity in shuffled)
    assert there == near_duplicates(texts)


@settings(max_examples=100)
@given(text=st.text(max_size=60), space=st.sampled_from([" ", "\n\t", "\u00a0"]))
def test_case_and_spacing_hide_no_copy(text, space):
    shouted = space + "".join(c + space if c.isspace() else c for c in text)
    assert near_duplicates([text, "something quite different", shouted])[0] == (0, 2, 1.0)


def pairs_near(threshold, *, count, rng):
    """Pairs of texts whose similarity is in [threshold, threshold + .02], each with words of its own."""
    made = 0
    while made < count:
        words = [f"w{rng.randrange(10**9)}" for _ in range(rng.randint(40, 80))]
        other = words[: len(words) - rng.randint(0, 4)]
        other[rng.randrange(len(other))] = "changed"
        a, b = " ".join(words), " ".join(other)
        similarity = len(phrases(a) & phrases(b)) / len(phrases(a) | phrases(b))
        if threshold <= similarity <= threshold + 0.02:
            made += 1
            yield a, b


def test_pairs_at_the_threshold_are_found_ninety_nine_times_in_a_hundred():
    pairs = list(pairs_near(0.8, count=1500, rng=random.Random(5)))
    found = near_duplicates([text for pair in pairs for text in pair])
    assert all(j == i + 1 and i % 2 == 0 for i, j, _ in found), "only the pairs that were made"
    assert len(found) >= 0.99 * len(pairs)


def test_an_operator_is_a_word_and_no_text_is_a_text():
    assert normalised("2+3") != normalised("2-3")
    assert near_duplicates(["", " ", "2 + 3", "2 - 3"]) == [(0, 1, 1.0)]
    assert near_duplicates([]) == []


def test_a_threshold_that_no_hashing_can_hold_is_refused():
    with pytest.raises(ValueError, match="between"):
        near_duplicates(["a"], threshold=0.01)
