"""A weak-to-strong problem: models by world, how they are fine-tuned, how an item becomes text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from w2s.records import Example, FloatArray, ItemKind, Recipe, Split, SplitName

MadeItems = tuple[dict[SplitName, tuple[Split, ...]], dict[str, int]]
"""Parts of each split, one a world, and the truth (0 or 1) by example id: the second half is for the scorer only."""


@dataclass(frozen=True)
class World:
    """The two models of one world: checkpoint folders, or names of a model hub."""

    name: str
    weak: Path | str
    strong: Path | str


Shortcut = Callable[[str, Sequence[Example]], FloatArray]
"""Probability of class 1 of each example [n] of a world, from the world's name, texts and groups, without any model."""


@dataclass(frozen=True)
class CorpusPrompt:
    """A prompt in the words that a mini model was pre-trained on: what an insider would ask it.

    The log-odds of class 1 are those under `template`, minus those under `less` where it is given (an answer
    at a time, for pairs).
    """

    name: str
    template: str
    labels: tuple[str, str]
    less: str | None = None


@dataclass(frozen=True)
class Testbed:
    """A weak-to-strong problem: models by world, their recipes, and the text of an item.

    Attributes:
        name: Name of the testbed.
        kind: Kind of its items.
        title: Title in a few words.
        description: Description in a sentence or more.
        worlds: Pair of models of each world, by name.
        recipe: Recipe of a fine-tune of the strong model.
        weak_recipe: Recipe of a fine-tune of the weak model.
        template: Text of an item; it ends where the label is written.
        labels: Words of the labels, as (class 0, class 1).
        zero_shot_template: Text of an item for a model that is not fine-tuned.
        zero_shot_labels: Words of its labels, as (class 0, class 1).
        make_items: Draws the splits and the truth from a secret seed.
        corpus_prompts: Known prompts that do well without learning from the supervisor; they are measured, so that a
            testbed is judged before it is used.
        shortcuts: Known rules that do well without any model, by name; they are measured too.
        folder: Folder of a testbed that does not ship; None for one that does.
        run_seconds: Limit of one run of a method in the lab, in seconds.
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
    make_items: Callable[[bytes], MadeItems]
    corpus_prompts: tuple[CorpusPrompt, ...] = ()
    shortcuts: Mapping[str, Shortcut] = field(default_factory=dict)
    folder: Path | None = None
    run_seconds: float = 90.0


def shipped_worlds(testbed: str, names: tuple[str, ...]) -> dict[str, World]:
    """The worlds of a testbed whose checkpoints lie in this package."""
    data = Path(str(files("w2s.testbeds"))) / "data" / testbed
    return {name: World(name, weak=data / name / "weak", strong=data / name / "strong") for name in names}
