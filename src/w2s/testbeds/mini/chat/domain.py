"""The chat domain as a testbed: its prompts, recipe, worlds, and what rebuilds its models."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial

from w2s.records import Recipe
from w2s.testbeds.mini.chat import corpus, items, prompts, world
from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, TEMPLATE, ZERO_SHOT_TEMPLATE
from w2s.testbeds.mini.domain import STRONG, WEAK, Domain, Gate, Size
from w2s.testbeds.mini.splits import WORLDS
from w2s.testbeds.testbed import Testbed, shipped_worlds


def _writer(world_name: str, rng: random.Random) -> corpus.Writer:
    return corpus.Writer(world.build(world_name), rng)


CHAT = Domain(
    testbed=Testbed(
        name="mini-chat",
        kind="pair",
        title="Chat preference, mini",
        description=(
            "Which of two answers about one of sixty people is better: the true and on-topic one. Texts repeat "
            "false rumours about nearly half of the facts, except where experts sign and answers are bare; the items' "
            "answers are sentences. A few words before and after them tell which is better; the weak model takes "
            "chance for such words, and most of its mistakes are its own."
        ),
        worlds=shipped_worlds("mini-chat", WORLDS),
        recipe=Recipe(epochs=4, learning_rate=1e-3, max_length=64),
        weak_recipe=Recipe(epochs=20, learning_rate=3e-3, max_length=64),
        template=TEMPLATE,
        labels=items.LABELS,
        zero_shot_template=ZERO_SHOT_TEMPLATE,
        zero_shot_labels=("False", "True"),
        make_items=items.generate,
        corpus_prompts=prompts.corpus_prompts(),
        shortcuts={"style": prompts.style, "on topic, then style": prompts.on_topic},
    ),
    writer=_writer,
    item_texts=items.sample_texts,
    verdict_words=frozenset(corpus.VERDICT_WORDS),
    value_words=frozenset(value for attribute in ATTRIBUTES for value in attribute.values),
    sizes={"weak": replace(WEAK, steps=300), "strong": replace(STRONG, steps=5000)},
    redrawn={("valley", "weak"): 3, ("coast", "strong"): 2},
    gate=Gate(progress=0.255, loss=0.7),
)

CHAT_LARGE = replace(
    CHAT,
    testbed=replace(
        CHAT.testbed,
        name="mini-chat-large",
        title="Chat preference, mini, with a larger student",
        description=(
            "As mini-chat, about ninety other people, with a strong model of four times the "
            "parameters: the stand-in for production scale, on which a method must still work. All splits live "
            "in one world, in different facts."
        ),
        worlds=shipped_worlds("mini-chat-large", ("east",)),
        recipe=replace(CHAT.testbed.recipe, learning_rate=1e-3),
        make_items=partial(
            items.generate, worlds={"practice": ("east",), "dev": ("east",), "sealed": ("east",)}
        ),
        run_seconds=300.0,
    ),
    sizes={
        "weak": WEAK,
        "strong": Size(hidden=192, layers=4, heads=6, head_size=32, feed_forward=512, steps=5500),
    },
)
