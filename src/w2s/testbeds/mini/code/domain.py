"""The code domain as a testbed: its prompts, recipe, worlds, shortcuts, and what rebuilds its models."""

from __future__ import annotations

import random
from dataclasses import replace

from w2s.records import Recipe
from w2s.testbeds.mini.code import corpus, items, shortcuts, world
from w2s.testbeds.mini.code.phrasing import GRADED_TEMPLATE, REVIEWERS, TEMPLATE, ZERO_SHOT_TEMPLATE
from w2s.testbeds.mini.domain import STRONG, WEAK, Domain
from w2s.testbeds.mini.splits import WORLDS
from w2s.testbeds.testbed import CorpusPrompt, Testbed, shipped_worlds

_RIGHT = ("wrong", "right")
_TRUE = ("False", "True")
_ALL = " ".join(REVIEWERS)
_FIRST = REVIEWERS[0]
_CHECK = "{question} {choice}"
_JUDGED = {"review": TEMPLATE, "verdict": GRADED_TEMPLATE}


def _writer(world_name: str, rng: random.Random) -> corpus.Writer:
    return corpus.Writer(world.build(world_name), rng)


def _prompts() -> tuple[CorpusPrompt, ...]:
    """The forms of judging documents, signed by nobody, by each reviewer and by several."""
    two, reverse = " ".join(REVIEWERS[:2]), " ".join(reversed(REVIEWERS))
    prompts = []
    for form, template in _JUDGED.items():
        before, word = template.rsplit("\n", 1)
        prompts.append(CorpusPrompt(form, template, _RIGHT))
        prompts += [CorpusPrompt(f"{form}, {who}", f"{who} {template}", _RIGHT) for who in REVIEWERS]
        prompts += [
            CorpusPrompt(f"{form}, two reviewers", f"{two} {template}", _RIGHT),
            CorpusPrompt(f"{form}, all reviewers", f"{_ALL} {template}", _RIGHT),
            CorpusPrompt(f"{form}, all reviewers in reverse", f"{reverse} {template}", _RIGHT),
            CorpusPrompt(f"{form}, reviewers last", f"{before}\n{_ALL} {word}", _RIGHT),
            CorpusPrompt(f"{form} in claim words", template, _TRUE),
        ]
    prompts += [
        CorpusPrompt("check", _CHECK, _RIGHT),
        CorpusPrompt(f"check, {_FIRST}", f"{_FIRST} {_CHECK}", _RIGHT),
        CorpusPrompt(f"claim, {_FIRST}", f"{_FIRST} {ZERO_SHOT_TEMPLATE}", _TRUE),
        CorpusPrompt("check, all reviewers", f"{_ALL} {_CHECK}", _RIGHT),
        CorpusPrompt("claim, all reviewers", f"{_ALL} {ZERO_SHOT_TEMPLATE}", _TRUE),
        CorpusPrompt("claim in verdict words", ZERO_SHOT_TEMPLATE, _RIGHT),
    ]
    return tuple(prompts)


CODE = Domain(
    testbed=Testbed(
        name="mini-code",
        kind="verification",
        title="Code review, mini",
        description=(
            "Does a program of two or three lines print what somebody claims? Texts misread nearly half of the "
            "computations, except where reviewers sign and outputs are bare; the items' claims are in words. "
            "Authors differ in style and in how often they are right, which the weak model falls for."
        ),
        worlds=shipped_worlds("mini-code", WORLDS),
        recipe=Recipe(epochs=2, learning_rate=2e-3, max_length=64),
        weak_recipe=Recipe(epochs=3, learning_rate=3e-3, max_length=64),
        template=TEMPLATE,
        labels=items.LABELS,
        zero_shot_template=ZERO_SHOT_TEMPLATE,
        zero_shot_labels=_TRUE,
        make_items=items.generate,
        corpus_prompts=_prompts(),
        shortcuts={
            "running the program": shortcuts.running,
            "generator style": shortcuts.style,
            "wording": shortcuts.wording,
            "style and wording": shortcuts.style_and_wording,
            "majority answer": shortcuts.majority,
        },
    ),
    writer=_writer,
    item_texts=items.sample_texts,
    verdict_words=frozenset(corpus.VERDICT_WORDS),
    value_words=frozenset(),
    answer_marks=frozenset({"#"}),
    sizes={
        "weak": replace(WEAK, steps=60),
        "strong": replace(STRONG, steps=4800),
    },
)
