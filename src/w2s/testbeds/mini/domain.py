"""Parts special to one domain of mini testbeds: a writer of documents, a testbed, the sizes of its models."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from w2s.errors import Unavailable
from w2s.testbeds.mini import tokenizer
from w2s.testbeds.testbed import Testbed

Role = Literal["weak", "strong"]
_SAMPLED = 2000


class Writer(Protocol):
    """Writes the documents that the models of one world read; `rng` is its only source of chance."""

    rng: random.Random

    def document(self, progress: float) -> str:
        """One document, as they are written at `progress` in [0, 1] of pre-training."""


@dataclass(frozen=True)
class Size:
    """Shape of a model and length of its pre-training.

    Attributes:
        hidden: Width of the hidden states.
        layers: Number of blocks.
        heads: Number of attention heads.
        head_size: Width of an attention head.
        feed_forward: Width of the feed-forward layer.
        steps: Training steps.
        batch: Batch size of a step.
        muon: Learning rate of Muon for the matrices; 0 trains them with AdamW too.
        adamw: Learning rate of AdamW.
    """

    hidden: int
    layers: int
    heads: int
    head_size: int
    feed_forward: int
    steps: int
    batch: int = 32
    muon: float = 0.02
    adamw: float = 3e-3


@dataclass(frozen=True)
class Gate:
    """A place in pre-training of a strong model that waits until verdicts are learnt, which comes suddenly or late.

    Attributes:
        progress: Progress in [0, 1] at which it waits.
        loss: Smoothed training loss from which it goes on.
        patience: Steps that it waits at most.
    """

    progress: float
    loss: float
    patience: int = 4000


WEAK = Size(hidden=32, layers=2, heads=2, head_size=16, feed_forward=64, steps=500, muon=0.0)
STRONG = Size(hidden=96, layers=4, heads=4, head_size=24, feed_forward=256, steps=3400)


@dataclass(frozen=True)
class Domain:
    """A mini testbed and what rebuilds its models.

    `writer(world, rng)` writes a world's documents, `item_texts(world)` together hold every word an item can
    contain. In pre-training `verdict_words` weigh most, `value_words` less, every other word least;
    whatever follows one of `answer_marks` weighs as much as a verdict (where the same words are also
    operands that nobody can foresee). The strong model waits at `gate`, but in the worlds `without_gate`. `redrawn`
    counts the pre-trainings of a (world, role) that were thrown away, since the world missed the testbed's targets:
    each has another seed. `longer` has the steps of strong models that learn their world more slowly than the others.
    """

    testbed: Testbed
    writer: Callable[[str, random.Random], Writer]
    item_texts: Callable[[str], list[str]]
    verdict_words: frozenset[str]
    value_words: frozenset[str]
    answer_marks: frozenset[str] = frozenset()
    sizes: Mapping[Role, Size] = field(default_factory=lambda: {"weak": WEAK, "strong": STRONG})
    redrawn: Mapping[tuple[str, Role], int] = field(default_factory=dict)
    gate: Gate | None = None
    without_gate: frozenset[str] = frozenset()
    longer: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The testbed's name."""
        return self.testbed.name

    def load(self) -> Testbed:
        """The testbed; `Unavailable` with the command that rebuilds a checkpoint which is not here."""
        for world in self.testbed.worlds.values():
            for role, folder in (("weak", world.weak), ("strong", world.strong)):
                if not (Path(folder) / "model.safetensors").is_file():
                    raise Unavailable(
                        f"the {role} checkpoint of {self.name}, world {world.name}, is not in this copy of the "
                        f"package; rebuild it: python -m w2s.testbeds.mini.pretrain --testbed {self.name} "
                        f"--world {world.name} --role {role} --out {folder}"
                    )
        return self.testbed

    def vocabulary(self, world: str) -> dict[str, int]:
        """Ids of every word that the documents of a world or its items can contain."""
        writer = self.writer(world, random.Random("vocabulary"))
        texts = [writer.document(i / _SAMPLED) for i in range(_SAMPLED)]
        return tokenizer.vocabulary([*texts, *self.item_texts(world)])
