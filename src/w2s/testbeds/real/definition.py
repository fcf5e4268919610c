"""Definition of a testbed apart from its items: models, recipes, prompts, the part out of distribution, the shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from w2s.records import ItemKind, Recipe
from w2s.testbeds.real.carve import Shares
from w2s.testbeds.testbed import MadeItems, Testbed, World

FILE = "testbed.toml"
FORMAT = 1
"""Version of `testbed.toml`."""
MAIN, OTHER = "main", "sealed"
"""Names of the world of practice and dev, and of the world of sealed where that has models of its own."""

STUDY = Recipe(
    epochs=5,
    learning_rate=1e-4,
    batch_size=32,
    warmup=0.0,
    weight_decay=0.0,
    lora_rank=32,
    lora_alpha=32,
    max_length=8192,
)
"""The study's recipe for both models; it names no warm-up and no weight decay, so there are none."""


@dataclass(frozen=True)
class Models:
    """A weak and a strong model: names of a hub ("owner/name"), or folders."""

    weak: Path | str
    strong: Path | str


@dataclass(frozen=True)
class Prompts:
    """Prompts of items; labels are (class 0, class 1), templates end where the label is written."""

    template: str
    labels: tuple[str, str]
    zero_shot_template: str
    zero_shot_labels: tuple[str, str]


@dataclass(frozen=True)
class Definition:
    """A testbed without its items.

    Attributes:
        name: Name of the testbed.
        kind: Kind of its items.
        title: Title in a few words.
        description: Description in a sentence or more.
        models: Weak and strong model.
        prompts: Templates and labels.
        recipe: Recipe of a fine-tune of the strong model.
        weak_recipe: Recipe of a fine-tune of the weak model.
        ood: Words in the names of subsets that are out of distribution.
        shares: Division of the files.
        sealed_models: Models of the sealed split; None if one pair of models serves every split.
        run_minutes: Limit of one run of a method, in minutes.
    """

    name: str
    kind: ItemKind
    title: str
    description: str
    models: Models
    prompts: Prompts
    recipe: Recipe = STUDY
    weak_recipe: Recipe = STUDY
    ood: tuple[str, ...] = ("ood",)
    shares: Shares = field(default_factory=Shares)
    sealed_models: Models | None = None
    run_minutes: float = 480.0

    @property
    def worlds(self) -> dict[str, World]:
        """The models by world."""
        worlds = {MAIN: World(MAIN, self.models.weak, self.models.strong)}
        if self.sealed_models is not None:
            worlds[OTHER] = World(OTHER, self.sealed_models.weak, self.sealed_models.strong)
        return worlds

    def world_of(self, split: str) -> str:
        """The world of a split."""
        return OTHER if split == "sealed" and self.sealed_models is not None else MAIN

    def testbed(self, make_items: Callable[[bytes], MadeItems], *, folder: Path | None = None) -> Testbed:
        """The testbed that `make_items` gives its items; `folder` is where they lie."""
        return Testbed(
            name=self.name,
            kind=self.kind,
            title=self.title,
            description=self.description,
            worlds=self.worlds,
            recipe=self.recipe,
            weak_recipe=self.weak_recipe,
            template=self.prompts.template,
            labels=self.prompts.labels,
            zero_shot_template=self.prompts.zero_shot_template,
            zero_shot_labels=self.prompts.zero_shot_labels,
            make_items=make_items,
            folder=folder,
            run_seconds=60 * self.run_minutes,
        )
