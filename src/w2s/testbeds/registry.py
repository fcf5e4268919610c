"""The testbeds that ship with the package: a weak and a strong model by world, items, and a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from w2s.errors import NotFound, Unavailable
from w2s.records import ItemKind, Recipe, Split, SplitName
from w2s.testbeds.mini.chat import items as chat_items
from w2s.testbeds.mini.chat import phrasing as chat_phrasing


@dataclass(frozen=True)
class World:
    """The two checkpoints of one world: folders that `transformers` loads."""

    name: str
    weak: Path
    strong: Path


@dataclass(frozen=True)
class Testbed:
    """A weak-to-strong problem: models by world, how they are fine-tuned, how an item becomes text.

    `template` ends where the label is written; `labels` and `zero_shot_labels` are (class 0, class 1).
    `recipe` fine-tunes the strong model, `weak_recipe` the weak one.
    """

    __test__ = False  # the name starts with Test; pytest must not collect it

    name: str
    kind: ItemKind
    title: str
    description: str
    worlds: Mapping[str, World]
    recipe: Recipe
    weak_recipe: Recipe
    template: str
    labels: tuple[str, str]
    zero_shot_template: str
    zero_shot_labels: tuple[str, str]
    make_items: Callable[[bytes], tuple[dict[SplitName, Split], dict[str, int]]]


def _mini_chat() -> Testbed:
    return Testbed(
        name="mini-chat",
        kind="pair",
        title="Chat preference, mini",
        description=(
            "Which of two answers about one of sixty people is better: the true and on-topic one. Ordinary "
            "text repeats false rumours about half of the facts; politeness is a shallow cue that the weak "
            "model falls for."
        ),
        worlds=_worlds("mini-chat", ("north", "south")),
        recipe=Recipe(epochs=2, learning_rate=1e-3, max_length=64),
        weak_recipe=Recipe(epochs=8, learning_rate=2e-3, max_length=64),
        template=chat_phrasing.TEMPLATE,
        labels=("B", "A"),
        zero_shot_template=chat_phrasing.ZERO_SHOT_TEMPLATE,
        zero_shot_labels=("False", "True"),
        make_items=chat_items.generate,
    )


TESTBEDS: Mapping[str, Callable[[], Testbed]] = {"mini-chat": _mini_chat}


def _worlds(testbed: str, names: tuple[str, ...]) -> dict[str, World]:
    data = Path(str(files("w2s.testbeds"))) / "data" / testbed
    return {name: World(name, weak=data / name / "weak", strong=data / name / "strong") for name in names}


def names() -> list[str]:
    """Names of the testbeds that ship with the package, sorted.

    >>> names()
    ['mini-chat']
    """
    return sorted(TESTBEDS)


def load(name: str) -> Testbed:
    """The testbed called `name`; `NotFound` names the nearest, `Unavailable` a checkpoint that is missing.

    >>> load("mini-chat").kind
    'pair'
    """
    if name not in TESTBEDS:
        raise NotFound.among("testbed", name, names())
    testbed = TESTBEDS[name]()
    for world in testbed.worlds.values():
        for role, folder in (("weak", world.weak), ("strong", world.strong)):
            if not (folder / "model.safetensors").is_file():
                raise Unavailable(
                    f"the {role} checkpoint of {name}, world {world.name}, is not in this copy of the "
                    f"package; rebuild it: python -m w2s.testbeds.mini.pretrain --world {world.name} "
                    f"--role {role} --out {folder}"
                )
    return testbed


def generate(testbed: Testbed, *, item_seed: bytes) -> tuple[dict[SplitName, Split], dict[str, int]]:
    """Splits, and the truth (0 or 1) by example id, from `item_seed` alone: the same seed, the same items.

    The truth is for the scorer only. Use a secret seed of at least 16 bytes where scores matter.

    >>> splits, truth = generate(load("mini-chat"), item_seed=bytes(16))
    >>> {name: (len(s.labelled), len(s.unlabelled), len(s.test)) for name, s in splits.items()}
    {'practice': (0, 200, 100), 'dev': (800, 1080, 1000), 'sealed': (800, 1080, 1000)}
    """
    return testbed.make_items(item_seed)
