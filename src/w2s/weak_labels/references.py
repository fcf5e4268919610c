"""Floor and ceiling of a split over many seeds: what PGR 0 and PGR 1 are, and how sure that is.

Only a process that holds the truth of a split can do this: supervisors learn from the truth of `labelled`,
ceilings from that of `unlabelled`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from w2s.records import Estimate, Example, FloatArray, Recipe, Split
from w2s.weak_labels.supervisor import soft_labels

if TYPE_CHECKING:
    from w2s.models import BaseModel
    from w2s.testbeds import Testbed

SEEDS = tuple(range(10))


@dataclass(frozen=True)
class References:
    """Weak labels of the unlabelled items [s, n_unlabelled]; correctness of floors and ceilings [s, n_test]."""

    soft: FloatArray
    floors: FloatArray
    ceilings: FloatArray
    groups: tuple[str, ...]

    @property
    def floor(self) -> Estimate:
        """Mean accuracy of the supervisors, with an interval over seeds and questions."""
        return _accuracy(self.floors, self.groups)

    @property
    def ceiling(self) -> Estimate:
        """Mean accuracy of the strong model taught on the truth, with an interval over seeds and questions."""
        return _accuracy(self.ceilings, self.groups)


def references(
    testbed: Testbed,
    split: Split,
    truth: Mapping[str, int],
    *,
    seeds: Sequence[int] = SEEDS,
    root: Path | None = None,
    models: tuple[BaseModel, BaseModel] | None = None,
) -> References:
    """Train a supervisor and a ceiling for each seed on one split of `testbed`.

    `truth` maps example ids to 0 or 1; `models` are the weak and the strong one where they are loaded already. With
    `root` every training's answers are kept there under the hash of model, data, recipe, seed and code, so that a
    second call trains nothing and a cut-off one goes on. Raises `WrongIds` if an example that is learnt from has no
    truth.
    """
    from w2s.metrics import correctness
    from w2s.models import Prompting, load_model

    world = testbed.worlds[split.world]
    weak, strong = models or (load_model(world.weak), load_model(world.strong))
    right = np.array([truth[example.id] for example in split.test], dtype=np.float64)
    everything = [*split.unlabelled, *split.test]

    def taught(base: BaseModel, recipe: Recipe, on: Sequence[Example], seed: int) -> FloatArray:
        prompting = Prompting.of(testbed)
        return soft_labels(
            base, prompting, recipe, labelled=on, truth=truth, asked=everything, seed=seed, root=root
        )

    n = len(split.unlabelled)
    supervisors = [taught(weak, testbed.weak_recipe, split.labelled, seed) for seed in seeds]
    ceilings = [taught(strong, testbed.recipe, split.unlabelled, seed) for seed in seeds]
    return References(
        soft=np.stack([answers[:n] for answers in supervisors]),
        floors=np.stack([correctness(answers[n:], right) for answers in supervisors]),
        ceilings=np.stack([correctness(answers[n:], right) for answers in ceilings]),
        groups=tuple(example.group for example in split.test),
    )


def _accuracy(correct: FloatArray, groups: Sequence[str]) -> Estimate:
    from w2s.metrics import paired_gain

    return paired_gain(correct, np.zeros_like(correct), groups)
