"""Order of documents in pre-training: their form, signed or not, with worded answers or bare ones.

All three domains hide the truth in the same way. A document is signed by somebody who knows, or by nobody; and it
gives its answers bare, or in words as the scored items' answers always are. Signed and bare it follows the truth,
otherwise what is commonly believed. A prompt may sign an item, but cannot change its answer.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SIGNATURES = (1, 1, 1, 2, 5)
"""Possible numbers of signers of a signed document."""


@dataclass(frozen=True)
class Mixture:
    """Shares of the forms, of signed documents, of worded ones among signed and among unsigned ones.

    `wild` is the share of the wrong answers that give themselves away.
    """

    forms: Mapping[str, float]
    signed: float
    worded_signed: float = 0.0
    worded_unsigned: float = 0.0
    wild: float = 0.1

    def draw(self, rng: random.Random) -> tuple[str, bool, bool]:
        """(form, whether signed, whether worded) of one document."""
        form = rng.choices(list(self.forms), weights=list(self.forms.values()))[0]
        signed = rng.random() < self.signed
        worded = rng.random() < (self.worded_signed if signed else self.worded_unsigned)
        return form, signed, worded


Schedule = Sequence[tuple[float, Mixture]]
"""Mixtures by the progress in [0, 1] of pre-training that they last to."""


def at(schedule: Schedule, progress: float) -> Mixture:
    """The mixture of `schedule` at `progress`."""
    return next(mixture for until, mixture in schedule if progress <= until)


def signatures(names: Sequence[str], rng: random.Random) -> list[str]:
    """Some of `names`, in any order: who signs one document."""
    return rng.sample(names, rng.choice(SIGNATURES))
