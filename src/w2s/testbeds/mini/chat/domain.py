"""The chat domain as testbeds: prompts, recipes, worlds, and what rebuilds the models."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping
from dataclasses import replace

from w2s.records import Recipe, SplitName
from w2s.testbeds.mini.chat import corpus, items, prompts, world
from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, TEMPLATE, ZERO_SHOT_TEMPLATE
from w2s.testbeds.mini.domain import STRONG, WEAK, Domain, Role, Size
from w2s.testbeds.testbed import Testbed, shipped_worlds

SMALL = replace(STRONG, steps=3200)
LARGE = Size(hidden=192, layers=4, heads=8, head_size=24, feed_forward=512, steps=3600)


def _writer(world_name: str, rng: random.Random) -> corpus.Writer:
    return corpus.Writer(world.build(world_name), rng)


def _domain(
    name: str,
    title: str,
    description: str,
    *,
    world_of: Mapping[SplitName, str],
    strong: Size,
    recipe: Recipe,
) -> Domain:
    worlds = tuple(sorted(set(world_of.values())))
    sizes: dict[Role, Size] = {"weak": WEAK, "strong": strong}
    return Domain(
        testbed=Testbed(
            name=name,
            kind="pair",
            title=title,
            description=description,
            worlds=shipped_worlds(name, worlds),
            recipe=recipe,
            weak_recipe=Recipe(epochs=5, learning_rate=2e-3, max_length=64),
            template=TEMPLATE,
            labels=("B", "A"),
            zero_shot_template=ZERO_SHOT_TEMPLATE,
            zero_shot_labels=("False", "True"),
            make_items=functools.partial(items.generate, world_of=world_of),
            corpus_prompts=prompts.corpus_prompts(),
            shortcuts={"polite": prompts.polite, "on topic, then polite": prompts.on_topic},
        ),
        writer=_writer,
        item_texts=functools.partial(items.sample_texts, worlds),
        verdict_words=frozenset(corpus.VERDICT_WORDS),
        value_words=frozenset(value for attribute in ATTRIBUTES for value in attribute.values),
        sizes=sizes,
    )


CHAT = _domain(
    "mini-chat",
    "Chat preference, mini",
    "Which of two answers about one of sixty people is better: the true and on-topic one. Texts without an "
    "expert repeat false rumours about half of the facts; politeness is a shallow cue that the weak model "
    "falls for.",
    world_of=items.TWO_WORLDS,
    strong=SMALL,
    recipe=Recipe(epochs=2, learning_rate=1e-3, max_length=64),
)
CHAT_LARGE = _domain(
    "mini-chat-large",
    "Chat preference, mini, a larger strong model",
    "As mini-chat, about 120 people of a world of its own, with a strong model of four times the parameters: "
    "the stand-in for a larger model when findings are transferred.",
    world_of=items.ONE_WORLD,
    strong=LARGE,
    recipe=Recipe(epochs=2, learning_rate=6e-4, max_length=64),
)
