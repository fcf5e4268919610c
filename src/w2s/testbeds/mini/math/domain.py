"""The math domain as a testbed: its prompts, recipe, worlds, and what rebuilds its models."""

from __future__ import annotations

import dataclasses
import random

from w2s.records import Recipe
from w2s.testbeds.mini.domain import STRONG, WEAK, Domain, Gate
from w2s.testbeds.mini.math import corpus, items, shortcuts, world
from w2s.testbeds.mini.math.phrasing import GRADED_TEMPLATE, TEACHERS, TEMPLATE, ZERO_SHOT_TEMPLATE
from w2s.testbeds.mini.splits import WORLDS
from w2s.testbeds.testbed import CorpusPrompt, Testbed, shipped_worlds

_ALL = " ".join(TEACHERS)
_WORDS = ("wrong", "right")
_CLAIM_WORDS = ("False", "True")
_JUDGED = {"mark": TEMPLATE, "verdict": GRADED_TEMPLATE}


def _writer(world_name: str, rng: random.Random) -> corpus.Writer:
    return corpus.Writer(world.build(world_name), rng)


def _corpus_prompts() -> tuple[CorpusPrompt, ...]:
    """The forms of judging documents, signed by nobody, by each teacher and by all of them."""
    prompts = []
    for form, template in _JUDGED.items():
        prompts.append(CorpusPrompt(form, template, _WORDS))
        for who in TEACHERS:
            name = who.rstrip(":")
            prompts.append(CorpusPrompt(f"{form}, {name}", f"{who} {template}", _WORDS))
        again = template.split("\n", 1)[1]
        prompts += [
            CorpusPrompt(f"{form}, all teachers", f"{_ALL} {template}", _WORDS),
            CorpusPrompt(f"{form} in claim words", template, _CLAIM_WORDS),
            *(
                CorpusPrompt(f"{form} after {known}", f"{template} {known}\n{again}", _WORDS)
                for known in _WORDS
            ),
        ]
    prompts += [
        CorpusPrompt("check", "{question} {choice}", _WORDS),
        CorpusPrompt("check, Adams", "Adams: {question} {choice}", _WORDS),
        CorpusPrompt("check, all teachers", f"{_ALL} {{question}} {{choice}}", _WORDS),
        CorpusPrompt("claim, Adams", f"Adams: {ZERO_SHOT_TEMPLATE}", _CLAIM_WORDS),
        CorpusPrompt("claim, all teachers", f"{_ALL} {ZERO_SHOT_TEMPLATE}", _CLAIM_WORDS),
        CorpusPrompt("claim in verdict words", ZERO_SHOT_TEMPLATE, _WORDS),
    ]
    return tuple(prompts)


MATH = Domain(
    testbed=Testbed(
        name="mini-math",
        kind="verification",
        title="Arithmetic verification, mini",
        description=(
            "Is a proposed answer to a small sum, difference or product right? For about half of the facts texts "
            "repeat a false result, except where teachers write and answers are bare numbers; the items' answers "
            "are in words. Confident wording is a shallow cue that the weak model falls for, and of six answers "
            "to a question the most frequent is usually right, but not on sealed, where two are proposed equally often."
        ),
        worlds=shipped_worlds("mini-math", WORLDS),
        recipe=Recipe(epochs=2, learning_rate=2.2e-3, max_length=64),
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
    sizes={"weak": dataclasses.replace(WEAK, steps=60), "strong": dataclasses.replace(STRONG, steps=4800)},
    gate=Gate(progress=0.445, loss=0.68),
    without_gate=frozenset(
        {"harbour"}
    ),  # its ceiling was good before there was a gate, at which it would wait 14 steps
    longer={"west": 6400, "coast": 7200, "valley": 7200, "river": 6400, "meadow": 7200},
    redrawn={("west", "strong"): 1},
)
