"""The records that travel between methods, benches, students and the lab: frozen, numpy only.

Class 1 is "True" for a proposed answer and "the first is better" for a pair, everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from w2s.errors import BadPredictions, BadTargets, TextWithheld, WrongIds

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
IdArray = npt.NDArray[np.uint64]

SplitName = Literal["practice", "dev", "sealed"]
ItemKind = Literal["pair", "verification"]
Part = TypeVar("Part")


@dataclass(frozen=True)
class Example:
    """One item with its text, but never with its truth. Trusted processes and practice only.

    `fields` holds `prompt`, `first`, `second` for a pair and `question`, `choice` for a verification;
    `group` names the question or prompt, `answer` the proposed answer (None for pairs), `subset` is
    "id" or "ood" where a split has both parts.
    """

    id: str
    kind: ItemKind
    fields: Mapping[str, str]
    group: str
    answer: str | None = None
    subset: str = "id"


@dataclass(frozen=True)
class Split:
    """One world's examples for one purpose: what trains the supervisor, the student, and what tests."""

    name: SplitName
    world: str
    labelled: tuple[Example, ...]
    unlabelled: tuple[Example, ...]
    test: tuple[Example, ...]


def part_of(parts: Sequence[Part], k: int) -> Part:
    """The part of a split that pair of seeds `k` is about: the parts take turns.

    >>> [part_of(("north", "west", "coast"), k) for k in range(4)]
    ['north', 'west', 'coast', 'north']
    """
    return parts[k % len(parts)]


@dataclass(frozen=True)
class Recipe:
    """Recipe of a fine-tune: label as text, loss at the label position, linear schedule.

    Attributes:
        epochs: Passes over the items.
        learning_rate: Peak of the learning rate.
        batch_size: Items of a step.
        warmup: Fraction of the steps that lead up to the peak.
        weight_decay: Weight decay.
        lora_rank: Rank of LoRA adapters; None trains every parameter.
        lora_alpha: Scale of LoRA adapters; None without adapters.
        max_length: Longest text, in tokens.
    """

    epochs: int = 3
    learning_rate: float = 3e-4
    batch_size: int = 32
    warmup: float = 0.1
    weight_decay: float = 0.01
    lora_rank: int | None = None
    lora_alpha: int | None = None
    max_length: int = 256


@dataclass(frozen=True)
class Items:
    """Handles to the items of one run; the text stays with the student service.

    Arrays are parallel, of length n: `ids` (salted anew in every run), `group` (code of the question
    or prompt), `answer` (equal for equal proposed answers within a group; None for pairs), `length`
    (tokens of the text), `flipped` (a pair shown in the other order).
    """

    ids: IdArray
    group: IntArray
    length: IntArray
    answer: IntArray | None = None
    flipped: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    texts: Mapping[int, str] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.flipped.shape != self.ids.shape:
            object.__setattr__(self, "flipped", np.zeros(len(self.ids), dtype=np.bool_))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: npt.ArrayLike | slice) -> Items:
        """Items by boolean mask, integer indices or slice; an index may repeat."""
        chosen: slice | npt.NDArray[np.generic] = index if isinstance(index, slice) else np.asarray(index)
        if not isinstance(chosen, slice) and chosen.ndim == 0:
            chosen = chosen.reshape(1)
        if not isinstance(chosen, slice) and chosen.dtype != np.bool_:
            chosen = chosen.astype(np.int64)
        return replace(
            self,
            ids=self.ids[chosen],
            group=self.group[chosen],
            length=self.length[chosen],
            answer=None if self.answer is None else self.answer[chosen],
            flipped=self.flipped[chosen],
        )

    def swapped(self) -> Items:
        """The same pairs in the other order; class 1 then means that the former second is better."""
        if self.answer is not None:
            raise BadTargets("swapped() is for pairs; these items are proposed answers to a question")
        return replace(self, flipped=~self.flipped)

    def text(self, i: int) -> str:
        """Text of item `i`: on the practice bench and in library use only."""
        if self.texts is None:
            raise TextWithheld(
                "text is not available in scored runs: a method sees handles and asks the student about them; "
                "read texts on the practice bench"
            )
        return self.texts[int(self.ids[i])]


@dataclass(frozen=True)
class WeakLabels:
    """One weak supervisor's labels of the unlabelled items: `soft` is its probability of class 1, [n]."""

    soft: FloatArray

    @property
    def hard(self) -> FloatArray:
        """1.0 where class 1 is more probable, else 0.0, [n]."""
        return (self.soft > 0.5).astype(np.float64)

    @property
    def confidence(self) -> FloatArray:
        """Probability of the more probable class, in [.5, 1], [n]."""
        return np.maximum(self.soft, 1.0 - self.soft)


@dataclass(frozen=True)
class Predictions:
    """Probability of class 1 for each item, [n]; checked when made."""

    items: Items
    probabilities: FloatArray

    def __post_init__(self) -> None:
        p = np.asarray(self.probabilities, dtype=np.float64)
        object.__setattr__(self, "probabilities", p)
        if p.shape != (len(self.items),):
            raise BadPredictions(
                f"{p.shape} probabilities for {len(self.items)} items; give one for each item"
            )
        bad = ~np.isfinite(p) | (p < 0) | (p > 1)
        if bad.any():
            raise BadPredictions(
                f"{int(bad.sum())} of {len(p)} probabilities are NaN or outside [0, 1], the first at index "
                f"{int(np.flatnonzero(bad)[0])}"
            )

    def by_id(self, wanted: Sequence[int] | IdArray) -> FloatArray:
        """Probabilities in the order of the ids `wanted`; `WrongIds` unless the sets are equal."""
        known = {int(i): float(p) for i, p in zip(self.items.ids, self.probabilities, strict=True)}
        if len(known) != len(self.items):
            raise WrongIds("an item is predicted more than once; give each id one probability")
        missing = [int(i) for i in wanted if int(i) not in known]
        if missing:
            raise WrongIds(f"{len(missing)} of {len(wanted)} predictions missing, e.g. item {min(missing)}")
        if len(known) > len(wanted):
            raise WrongIds(f"{len(known) - len(wanted)} predictions are for items that were not asked for")
        return np.array([known[int(i)] for i in wanted])


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval, and what it was measured on.

    >>> print(Estimate(mean=0.62, low=0.59, high=0.65, seeds=5, n=500))
    0.62 [0.59, 0.65] (95% CI, 5 seeds, n=500)
    """

    mean: float
    low: float
    high: float
    seeds: int
    n: int
    level: float = 0.95

    def __str__(self) -> str:
        return (
            f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}] "
            f"({self.level:.0%} CI, {self.seeds} seeds, n={self.n})"
        )
