"""Small testbeds with a shortcut planted in them, or none, for the hackability report."""

import dataclasses
import random

from w2s.records import Example, Recipe, Split
from w2s.testbeds import Testbed

WORDS = [f"word{i}" for i in range(400)]


def testbed(kind, **shortcuts):
    fields = "{prompt} {first} {second}" if kind == "pair" else "{question} {choice}"
    return Testbed(
        name="planted",
        kind=kind,
        title="Planted",
        description="For tests.",
        worlds={},
        recipe=Recipe(),
        weak_recipe=Recipe(),
        template=f"{fields} Label:",
        labels=("B", "A"),
        zero_shot_template=f"{fields}?",
        zero_shot_labels=("False", "True"),
        make_items=lambda seed: ({}, {}),
        shortcuts=shortcuts,
    )


def sentence(rng, n=8):
    return " ".join(rng.choices(WORDS, k=n))


def examples(kind, n, rng, *, role, plant=None, size=2):
    """`n` examples in groups of `size` with truth by chance; `plant(example, label, rng)` adds a shortcut."""
    made, truth = [], {}
    for i in range(n):
        label = int(rng.random() < 0.5)
        names = ("prompt", "first", "second") if kind == "pair" else ("question", "choice")
        example = Example(
            id=f"{rng.getrandbits(64):016x}",
            kind=kind,
            fields={name: sentence(rng) for name in names},
            group=f"{'xyz'[i // size % 3]}/{role}{i // size}",
            answer=None if kind == "pair" else f"answer {rng.getrandbits(32)}",
        )
        made.append(plant(example, label, rng) if plant else example)
        truth[example.id] = label
    return tuple(made), truth


def splits(kind="pair", *, plant=None, labelled=300, test=300, seed=0, size=2):
    """(the one part of dev, by split; truth)."""
    rng = random.Random(seed)
    truth = {}
    parts = []
    for role, n in (("labelled", labelled), ("unlabelled", 20), ("test", test)):
        made, known = examples(kind, n, rng, role=role, plant=plant, size=size)
        parts.append(made)
        truth |= known
    return {"dev": (Split("dev", "here", *parts),)}, truth


def with_fields(example, **fields):
    return dataclasses.replace(example, fields={**example.fields, **fields})
