"""The code domain as a testbed: its prompts, recipe, worlds, shortcuts, and what rebuilds its models."""

from __future__ import annotations

import random
from dataclasses import replace

from w2s.records import Recipe
from w2s.testbeds.mini.code import corpus, items, shortcuts, world
from w2s.testbeds.mini.code.phrasing import REVIEWERS, TEMPLATE, ZERO_SHOT_TEMPLATE
from w2s.testbeds.mini.domain import WEAK, Domain, Size
from w2s.testbeds.testbed import CorpusPrompt, Testbed, shipped_worlds

_RIGHT = ("wrong", "right")
_TRUE = ("False", "True")
_ALL = " ".join(REVIEWERS.values())


def _writer(world_name: str, rng: random.Random) -> corpus.Writer:
    return corpus.Writer(world.build(world_name), rng)


def _prompts() -> tuple[CorpusPrompt, ...]:
    """Every form of document that ends in a verdict, from nobody, from each reviewer and from several."""
    verdict, check = corpus.VERDICT_TEMPLATE, corpus.CHECK_TEMPLATE
    reverse = " ".join(reversed(REVIEWERS.values()))
    two = " ".join(list(REVIEWERS.values())[:2])
    prompts = [
        CorpusPrompt("verdict", verdict, _RIGHT),
        CorpusPrompt("verdict, as a claim", verdict, _TRUE),
        CorpusPrompt("check", check, _RIGHT),
        CorpusPrompt("verdict, all reviewers", f"{_ALL} {verdict}", _RIGHT),
        CorpusPrompt("verdict, all reviewers in reverse", f"{reverse} {verdict}", _RIGHT),
        CorpusPrompt("verdict, two reviewers", f"{two} {verdict}", _RIGHT),
        CorpusPrompt("check, all reviewers", f"{_ALL} {check}", _RIGHT),
        CorpusPrompt("claim, all reviewers", f"{_ALL} {ZERO_SHOT_TEMPLATE}", _TRUE),
        CorpusPrompt("verdict, reviewers last", verdict.replace("Verdict:", f"{_ALL} Verdict:"), _RIGHT),
    ]
    for shape, reviewer in REVIEWERS.items():
        prompts.append(CorpusPrompt(f"verdict, reviewer of {shape}", f"{reviewer} {verdict}", _RIGHT))
    for shape in ("chain", "both"):
        prompts.append(
            CorpusPrompt(f"claim, reviewer of {shape}", f"{REVIEWERS[shape]} {ZERO_SHOT_TEMPLATE}", _TRUE)
        )
        prompts.append(CorpusPrompt(f"check, reviewer of {shape}", f"{REVIEWERS[shape]} {check}", _RIGHT))
    return tuple(prompts)


CODE = Domain(
    testbed=Testbed(
        name="mini-code",
        kind="verification",
        title="Code review, mini",
        description=(
            "Does a program of two or three lines print what somebody claims? Ordinary text misreads a third "
            "of the programs; authors differ in style and in how often they are right, which the weak model "
            "falls for."
        ),
        worlds=shipped_worlds("mini-code", ("north", "south")),
        recipe=Recipe(epochs=2, learning_rate=2e-3, max_length=64),
        weak_recipe=Recipe(epochs=16, learning_rate=2e-3, max_length=64),
        template=TEMPLATE,
        labels=("No", "Yes"),
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
        "strong": Size(hidden=64, layers=4, heads=4, head_size=16, feed_forward=192, steps=2700),
    },
    steps={("south", "strong"): 4500},
)
