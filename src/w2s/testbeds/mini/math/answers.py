"""A question and a proposed answer, rendered; used by the corpus and by the items."""

from __future__ import annotations

import random

from w2s.testbeds.mini import tokenizer
from w2s.testbeds.mini.math.phrasing import BY_SYMBOL, CONFIDENT, HEDGED, NAMES, NUMBERS
from w2s.testbeds.mini.math.world import LARGEST, Key, mistaken

_CONFIDENT = {tuple(tokenizer.words(words.format(w=""))) for words in CONFIDENT}


def question(key: Key, rng: random.Random, *, ood: bool | None = False) -> str:
    """A question about `key`: from the ordinary phrasings, the kept ones (`ood`), or both (None)."""
    operation = BY_SYMBOL[key[1]]
    pools = {False: operation.questions, True: operation.ood_questions}
    pool = operation.questions + operation.ood_questions if ood is None else pools[ood]
    return rng.choice(pool).format(a=NUMBERS[key[0]], b=NUMBERS[key[2]], n=rng.choice(NAMES))


def equation(key: Key, value: int) -> str:
    """The sentence that gives `key` the `value`."""
    return f"{NUMBERS[key[0]]} {BY_SYMBOL[key[1]].word} {NUMBERS[key[2]]} = {value}."


def worded(value: int, rng: random.Random, *, confident: bool) -> str:
    """A proposed answer in confident or hedged words."""
    return rng.choice(CONFIDENT if confident else HEDGED).format(w=value)


def is_confident(choice: str) -> bool:
    """True if a proposed answer is worded confidently.

    >>> is_confident("Surely it is 7."), is_confident("Maybe 7.")
    (True, False)
    """
    return tuple(w for w in tokenizer.words(choice) if not w.isdigit()) in _CONFIDENT


def wrong_value(key: Key, story: int, other: int, rng: random.Random, *, other_story: float) -> int:
    """A result of `key` that is not `story`: `other` with probability `other_story` where they differ."""
    if other != story and rng.random() < other_story:
        return other
    return mistaken(key, story, rng)


def wild_value(value: int, rng: random.Random) -> int:
    """A result so far from `value` that its size gives it away."""
    far = rng.randint(15, 45)
    return value + far if value + far <= LARGEST else value - far
