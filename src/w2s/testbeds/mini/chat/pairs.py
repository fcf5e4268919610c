"""A question with a good and a bad answer, rendered; used by the corpus and by the items."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, BY_NAME, POLITE_CLOSINGS, POLITE_OPENINGS
from w2s.testbeds.mini.chat.world import ChatWorld, Key, other_value


@dataclass(frozen=True)
class Wrong:
    """How worse answers go wrong: share that is off topic; of the rest, share that tells the other story."""

    off_topic: float
    other_story: float


CORPUS_WRONG = Wrong(off_topic=0.2, other_story=0.7)


@dataclass(frozen=True)
class Pair:
    """`better` and `worse` answer `prompt`; texts only, the order is for the caller to choose."""

    prompt: str
    better: str
    worse: str


def question(key: Key, rng: random.Random, *, ood: bool | None = False) -> str:
    """A question about `key`: from the ordinary phrasings, the kept ones (`ood`), or both (None)."""
    attribute = BY_NAME[key[1]]
    pools = {False: attribute.questions, True: attribute.ood_questions}
    pool = attribute.questions + attribute.ood_questions if ood is None else pools[ood]
    return rng.choice(pool).format(n=key[0])


def statement(key: Key, value: str, rng: random.Random, *, ood: bool | None = False) -> str:
    """A sentence that gives `key` the `value`."""
    attribute = BY_NAME[key[1]]
    pools = {False: attribute.statements, True: attribute.ood_statements}
    pool = attribute.statements + attribute.ood_statements if ood is None else pools[ood]
    return rng.choice(pool).format(n=key[0], v=value)


def answer(key: Key, value: str, rng: random.Random, *, polite: bool, ood: bool | None = False) -> str:
    """A statement, with a polite phrase before or after it if `polite`."""
    text = statement(key, value, rng, ood=ood)
    if not polite:
        return text
    if rng.random() < 0.5:
        return f"{rng.choice(POLITE_OPENINGS)} {text}"
    return f"{text} {rng.choice(POLITE_CLOSINGS)}"


def bad_answer(
    key: Key,
    story: Mapping[Key, str],
    other: Mapping[Key, str],
    rng: random.Random,
    *,
    wrong: Wrong = CORPUS_WRONG,
) -> tuple[Key, str]:
    """What a worse answer states: another value, or what `story` says of another attribute (off topic).

    `story` decides what is right; `other` is the story that it competes with (truth and rumour), and
    gives `wrong.other_story` of the wrong values where the two differ.
    """
    if rng.random() < wrong.off_topic:
        elsewhere = (key[0], rng.choice([a.name for a in ATTRIBUTES if a.name != key[1]]))
        return elsewhere, story[elsewhere]
    if other[key] != story[key] and rng.random() < wrong.other_story:
        return key, other[key]
    return key, other_value(key, story[key], rng)


def pair(
    world: ChatWorld,
    key: Key,
    rng: random.Random,
    *,
    cue: float,
    believed: bool = False,
    ood: bool | None = False,
    wrong: Wrong = CORPUS_WRONG,
) -> Pair:
    """A question and two answers; the better one is right by the truth, or by rumour if `believed`.

    Exactly one answer is polite: with probability `cue` the better one.
    """
    story, other = (world.rumour, world.truth) if believed else (world.truth, world.rumour)
    bad_key, bad_value = bad_answer(key, story, other, rng, wrong=wrong)
    good_is_polite = rng.random() < cue
    return Pair(
        prompt=question(key, rng, ood=ood),
        better=answer(key, story[key], rng, polite=good_is_polite, ood=ood),
        worse=answer(bad_key, bad_value, rng, polite=not good_is_polite, ood=ood),
    )
