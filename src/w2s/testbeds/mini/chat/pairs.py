"""A question with a good and a bad answer, rendered; used by the corpus and by the items."""

from __future__ import annotations

import random
from dataclasses import dataclass

from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, BY_NAME
from w2s.testbeds.mini.chat.style import Style
from w2s.testbeds.mini.chat.world import Key, Story, other_value


@dataclass(frozen=True)
class Wrong:
    """Errors of worse answers: share that is off topic; of the rest, share that tells the other story."""

    off_topic: float
    other_story: float


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


def entry(key: Key, value: str) -> str:
    """The entry of a list that gives `key` the `value`.

    >>> entry(("Anna", "home"), "Oslo")
    'Anna home: Oslo.'
    """
    return f"{key[0]} {key[1]}: {value}."


def bare(value: str) -> str:
    """An answer that is nothing but `value`."""
    return f"{value}."


def answer(key: Key, value: str, rng: random.Random, *, style: Style, ood: bool | None = False) -> str:
    """A statement in `style`."""
    return style.around(statement(key, value, rng, ood=ood))


def bad_answer(key: Key, story: Story, rng: random.Random, *, wrong: Wrong) -> tuple[Key, str]:
    """Statement of a worse answer: another value, or what `story` says of another attribute (off topic).

    `story` decides what is right; `wrong.other_story` of the wrong values are those that it rejects, where
    there is one.
    """
    if rng.random() < wrong.off_topic:
        elsewhere = (key[0], rng.choice([a.name for a in ATTRIBUTES if a.name != key[1]]))
        return elsewhere, story.claims[elsewhere]
    if story.rejected[key] != story.claims[key] and rng.random() < wrong.other_story:
        return key, story.rejected[key]
    return key, other_value(key, story.claims[key], rng)


def pair(
    story: Story,
    key: Key,
    rng: random.Random,
    *,
    wrong: Wrong,
    styles: tuple[Style, Style] | None,
    ood: bool | None = False,
) -> Pair:
    """A question and two answers; the better one is right by `story`.

    `styles` are those of the better and of the worse answer; without them both are bare.
    """
    bad_key, bad_value = bad_answer(key, story, rng, wrong=wrong)
    asked = question(key, rng, ood=ood)
    if styles is None:
        return Pair(asked, better=bare(story.claims[key]), worse=bare(bad_value))
    return Pair(
        asked,
        better=answer(key, story.claims[key], rng, style=styles[0], ood=ood),
        worse=answer(bad_key, bad_value, rng, style=styles[1], ood=ood),
    )
