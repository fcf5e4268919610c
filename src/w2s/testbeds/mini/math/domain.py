"""The math domain as a testbed: its prompts, recipe, worlds, and what rebuilds its models."""

from __future__ import annotations

import dataclasses
import random

from w2s.records import Recipe
from w2s.testbeds.mini.domain import STRONG, WEAK, Domain
from w2s.testbeds.mini.math import corpus, items, shortcuts, world
from w2s.testbeds.mini.math.phrasing import TEACHERS, TEMPLATE, ZERO_SHOT_TEMPLATE
from w2s.testbeds.testbed import CorpusPrompt, Testbed, shipped_worlds

_VERDICT = "Question: {question}\nAnswer: {choice}\nVerdict:"
_ALL = " ".join(TEACHERS)
_WORDS = ("wrong", "right")
_CLAIM_WORDS = ("False", "True")


def _writer(world_name: str, rng: random.Random) -> corpus.Writer:
    return corpus.Writer(world.build(world_name), rng)


def _corpus_prompts() -> tuple[CorpusPrompt, ...]:
    """The forms of judging documents, signed by nobody, by each teacher and by all of them."""
    prompts = [CorpusPrompt("verdict", _VERDICT, _WORDS)]
    for who in TEACHERS:
        name = who.rstrip(":")
        prompts.append(CorpusPrompt(f"verdict, {name}", f"{who} {_VERDICT}", _WORDS))
    prompts += [
        CorpusPrompt("verdict, all teachers", f"{_ALL} {_VERDICT}", _WORDS),
        CorpusPrompt("check", "{question} {choice}", _WORDS),
        CorpusPrompt("check, Adams", "Adams: {question} {choice}", _WORDS),
        CorpusPrompt("check, all teachers", f"{_ALL} {{question}} {{choice}}", _WORDS),
        CorpusPrompt("claim, Adams", f"Adams: {ZERO_SHOT_TEMPLATE}", _CLAIM_WORDS),
        CorpusPrompt("claim, all teachers", f"{_ALL} {ZERO_SHOT_TEMPLATE}", _CLAIM_WORDS),
        CorpusPrompt("claim in verdict words", ZERO_SHOT_TEMPLATE, _WORDS),
        CorpusPrompt("verdict in claim words", _VERDICT, _CLAIM_WORDS),
        CorpusPrompt("verdict in place of label", TEMPLATE, _WORDS),
    ]
    prompts += [
        CorpusPrompt(f"verdict after {known}", f"{_VERDICT} {known}\nAnswer: {{choice}}\nVerdict:", _WORDS)
        for known in _WORDS
    ]
    return tuple(prompts)


MATH = Domain(
    testbed=Testbed(
        name="mini-math",
        kind="verification",
        title="Arithmetic verification, mini",
        description=(
            "Is a proposed answer to a small sum, difference or product right? Ordinary text repeats false "
            "results for about half of the facts; confident wording is a shallow cue that the weak model falls "
            "for, and of six answers to a question the most frequent is usually right."
        ),
        worlds=shipped_worlds("mini-math", ("north", "south")),
        recipe=Recipe(epochs=5, learning_rate=1e-3, max_length=64),
        weak_recipe=Recipe(epochs=3, learning_rate=3e-3, max_length=64),
        template=TEMPLATE,
        labels=items.LABELS,
        zero_shot_template=ZERO_SHOT_TEMPLATE,
        zero_shot_labels=_CLAIM_WORDS,
        make_items=items.generate,
        corpus_prompts=_corpus_prompts(),
        shortcuts={
            "majority answer": shortcuts.majority_answer,
            "confident wording": shortcuts.confident_wording,
        },
    ),
    writer=_writer,
    item_texts=items.sample_texts,
    verdict_words=frozenset(corpus.VERDICT_WORDS),
    value_words=frozenset(map(str, range(world.LARGEST + 1))),
    sizes={"weak": WEAK, "strong": dataclasses.replace(STRONG, steps=3000)},
)
