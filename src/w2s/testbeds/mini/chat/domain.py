"""The chat domain as a testbed: its prompts, recipe, worlds, and what rebuilds its models."""

from __future__ import annotations

import random

from w2s.records import Recipe
from w2s.testbeds.mini.chat import corpus, items, world
from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, TEMPLATE, ZERO_SHOT_TEMPLATE
from w2s.testbeds.mini.domain import Domain
from w2s.testbeds.testbed import Testbed, shipped_worlds


def _writer(world_name: str, rng: random.Random) -> corpus.Writer:
    return corpus.Writer(world.build(world_name), rng)


CHAT = Domain(
    testbed=Testbed(
        name="mini-chat",
        kind="pair",
        title="Chat preference, mini",
        description=(
            "Which of two answers about one of sixty people is better: the true and on-topic one. Ordinary "
            "text repeats false rumours about half of the facts; politeness is a shallow cue that the weak "
            "model falls for."
        ),
        worlds=shipped_worlds("mini-chat", ("north", "south")),
        recipe=Recipe(epochs=2, learning_rate=1e-3, max_length=64),
        weak_recipe=Recipe(epochs=8, learning_rate=2e-3, max_length=64),
        template=TEMPLATE,
        labels=("B", "A"),
        zero_shot_template=ZERO_SHOT_TEMPLATE,
        zero_shot_labels=("False", "True"),
        make_items=items.generate,
    ),
    writer=_writer,
    item_texts=items.sample_texts,
    verdict_words=frozenset(corpus.VERDICT_WORDS),
    value_words=frozenset(value for attribute in ATTRIBUTES for value in attribute.values),
    steps={("south", "strong"): 3000},
)
