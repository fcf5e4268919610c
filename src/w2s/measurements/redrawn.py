"""PGR of methods over the worlds of a split, and the same on seeds and worlds that are drawn anew.

A seed draws its own items, supervisor and students, so a bootstrap over the seeds of a world covers items too. Where
a split has `ENOUGH_WORLDS` the worlds are drawn anew as well; where it has fewer they are taken as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from w2s.errors import NotMeasured

if TYPE_CHECKING:
    from w2s.measurements.collect import ArmResult
    from w2s.records import FloatArray

DRAWS = 10_000
ENOUGH_WORLDS = 8
"""From so many worlds on the worlds are drawn anew too: a bootstrap over fewer understates how much they differ."""
_LEVEL = 0.95


@dataclass(frozen=True)
class RedrawnPgr:
    """PGR of methods in one split.

    Attributes:
        worlds: Names of the worlds.
        seeds: Number of seeds of a world, the least where they differ.
        over_worlds: True if worlds were drawn anew, too.
        pgr: Mean PGR over the worlds [methods].
        redrawn: The same on seeds, and worlds, that were drawn anew [methods, draws].
    """

    worlds: tuple[str, ...]
    seeds: int
    over_worlds: bool
    pgr: FloatArray
    redrawn: FloatArray


def pgr_redrawn(results: Sequence[ArmResult], methods: Sequence[str], draws: int = DRAWS) -> RedrawnPgr:
    """PGR of `methods` from the results of one split, with `draws` bootstrap draws.

    Raises `NotMeasured` where fewer than two seeds of a world have floor, ceiling and all methods.
    """
    by_world: dict[str, list[ArmResult]] = {}
    for result in results:
        by_world.setdefault(result.world, []).append(result)
    accuracies = [_accuracies(methods, of_world) for of_world in by_world.values()]
    rng = np.random.default_rng(0)
    of_worlds = np.array([_pgr_of_seeds(accuracy, draws, rng) for accuracy in accuracies])
    over_worlds = len(accuracies) >= ENOUGH_WORLDS
    return RedrawnPgr(
        worlds=tuple(by_world),
        seeds=min(accuracy.shape[1] for accuracy in accuracies),
        over_worlds=over_worlds,
        pgr=np.mean([_pgr(accuracy.mean(axis=1)) for accuracy in accuracies], axis=0),
        redrawn=(_other_worlds(of_worlds, rng) if over_worlds else of_worlds).mean(axis=0),
    )


def interval(values: FloatArray) -> tuple[float, float]:
    """Bootstrap interval, 95 %, of redrawn values [draws]."""
    low, high = np.nanquantile(values, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


def _accuracies(methods: Sequence[str], results: Sequence[ArmResult]) -> FloatArray:
    """Accuracies of floor, ceiling and the methods in one world [2 + methods, seeds], on the seeds that all have."""
    names = ["floor", "ceiling", *methods]
    cells: dict[str, dict[int, float]] = {name: {} for name in names}
    for result in results:
        if result.arm in cells:
            cells[result.arm][result.seed] = result.accuracy
    seeds = sorted(set.intersection(*(set(row) for row in cells.values())))
    if len(seeds) < 2:
        raise NotMeasured(
            f"{results[0].testbed}, {results[0].split}, {results[0].world}: {len(seeds)} seeds with floor, ceiling and "
            f"{', '.join(methods)}; intervals need 2 or more"
        )
    return np.array([[cells[name][seed] for seed in seeds] for name in names])


def _pgr_of_seeds(accuracy: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """PGR of each method in one world on seeds drawn with replacement [methods, draws]."""
    seeds = accuracy.shape[1]
    return _pgr(accuracy[:, rng.integers(seeds, size=(draws, seeds))].mean(axis=2))


def _other_worlds(pgr: FloatArray, rng: np.random.Generator) -> FloatArray:
    """`pgr` [worlds, methods, draws] with the worlds drawn with replacement, for each draw anew.

    A world that is drawn twice has two draws of seeds, each the same for all methods.
    """
    worlds, _, draws = pgr.shape
    world, draw = rng.integers(worlds, size=(worlds, draws)), rng.integers(draws, size=(worlds, draws))
    return np.asarray(np.moveaxis(pgr[world, :, draw], 2, 1))


def _pgr(accuracy: FloatArray) -> FloatArray:
    """PGR of each method [methods, ...] from accuracies of floor, ceiling and the methods [2 + methods, ...]."""
    floor, ceiling = accuracy[0], accuracy[1]
    return np.asarray((accuracy[2:] - floor) / (ceiling - floor))
