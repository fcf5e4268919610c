"""From accuracies by seed to figures with intervals: of each world over seeds, of each split over its worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from w2s.errors import NoGap, NotMeasured
from w2s.measurements.arms import PROMPT, SHORTCUT
from w2s.measurements.collect import ArmResult
from w2s.metrics import fieller
from w2s.records import FloatArray

Figures = dict[str, Any]
_LEVEL = 0.95
_GAP = ("ceiling", "floor")
_TYPICAL = ("floor", "vanilla")


def summarise(lines: Sequence[ArmResult]) -> Figures:
    """Figures of one testbed, by world and by split, ready to be written as JSON.

    `worlds` holds the figures of each world by its name (where a world serves two splits, the second has its split
    behind the name). `floor` and `ceiling` have the mean accuracy and Student's t interval over seeds; every other arm
    has its PGR (ratio of the mean differences over seeds, Fieller's interval, paired by seed), its gain over vanilla in
    PGR and its cost relative to vanilla. An arm counts on the seeds that all arms of its world have; raises
    `NotMeasured` without two of these. How much seeds of a world differ is taken to be the same in all worlds and is
    estimated from all of them, since a few seeds of one do not tell it.

    `typical` of a world is what a typical supervisor of it does: mean accuracy of itself and of a vanilla student, over
    all seeds that have both. `splits` holds the same figures of each split over its worlds: `over_worlds`.
    """
    if not lines:
        raise NotMeasured("no results; measure first: aar testbed measure NAME")
    by_part: dict[tuple[str, str], list[ArmResult]] = {}
    for line in lines:
        by_part.setdefault((line.split, line.world), []).append(line)
    tables = {part: _tables(by_part[part]) for part in sorted(by_part, key=lambda part: part[0])}
    spread = _Spread.within([accuracy for accuracy, _, _ in tables.values()])
    worlds: Figures = {}
    for (split, world), (accuracy, seconds, seeds) in tables.items():
        costs: dict[str, float] = {}
        if "vanilla" in seconds:
            costs = {arm: float(row.mean() / seconds["vanilla"].mean()) for arm, row in seconds.items()}
        what = {"split": split, "world": world, "seeds": seeds, "n": by_part[split, world][0].n}
        what |= _typical(by_part[split, world])
        name = world if world not in worlds else f"{world}, {split}"
        worlds[name] = {**what, **_figures(accuracy, costs, spread)}
    return {"testbed": lines[0].testbed, "splits": over_worlds(worlds), "worlds": worlds}


def over_worlds(worlds: Mapping[str, Figures]) -> Figures:
    """Figures of each split over its worlds, from those of the worlds.

    The world is the unit: its mean over seeds is one observation, and intervals say what another world would give. A
    split with a single world has the figures of that world, whose unit is the seed. An arm counts that all worlds of
    the split have.
    """
    by_split: dict[str, list[Figures]] = {}
    for world in worlds.values():
        by_split.setdefault(world["split"], []).append(world)
    return {split: _together(split, of_split) for split, of_split in by_split.items()}


def _together(split: str, worlds: Sequence[Figures]) -> Figures:
    seeds = [len(world["seeds"]) for world in worlds]
    what = {"split": split, "worlds": [world["world"] for world in worlds], "seeds": [min(seeds), max(seeds)]}
    if len(worlds) == 1:
        return {**worlds[0], **what}
    means, costs = zip(*(_means_and_costs(world) for world in worlds), strict=True)
    shared = [arm for arm in means[0] if all(arm in of_world for of_world in means)]
    accuracy = {arm: np.array([of_world[arm] for of_world in means]) for arm in shared}
    cost = {arm: float(np.mean([c[arm] for c in costs])) for arm in shared if all(arm in c for c in costs)}
    return {**what, "n": worlds[0]["n"], **_figures(accuracy, cost, _Spread.within([accuracy]))}


def _means_and_costs(world: Figures) -> tuple[dict[str, float], dict[str, float]]:
    """Mean accuracy by arm, and cost by arm that has one, of a world's figures."""
    arms = {name: arm for name, arm in world.items() if isinstance(arm, Mapping) and "accuracy" in arm}
    arms |= {PROMPT + name: arm for name, arm in world["prompts"].items()}
    arms |= {SHORTCUT + name: arm for name, arm in world["shortcuts"].items()}
    means = {name: world[name]["mean"] for name in ("floor", "ceiling")}
    means |= {name: arm["accuracy"]["mean"] for name, arm in arms.items()}
    return means, {name: arm["cost"] for name, arm in arms.items() if "cost" in arm}


@dataclass(frozen=True)
class _Spread:
    """How units differ from the mean of their group: residuals by arm [units of all groups].

    `freedom` counts the units less the groups.
    """

    residuals: Mapping[str, FloatArray]
    freedom: int

    @classmethod
    def within(cls, groups: Sequence[Mapping[str, FloatArray]]) -> _Spread:
        """Spread within groups, pooled; each group holds accuracies by arm [units]. Arms are those of all groups."""
        arms = [arm for arm in groups[0] if all(arm in group for group in groups)]
        residuals = {
            arm: np.concatenate([group[arm] - group[arm].mean() for group in groups]) for arm in arms
        }
        return cls(residuals, len(residuals["floor"]) - len(groups))

    def covariance(self, first: FloatArray, second: FloatArray) -> float:
        """Covariance of two rows of residuals [units of all groups]."""
        return float(first @ second) / self.freedom

    @property
    def quantile(self) -> float:
        """Student's t that an interval of the level reaches to."""
        return float(stats.t.ppf(0.5 + _LEVEL / 2, self.freedom))


def _figures(accuracy: Mapping[str, FloatArray], costs: Mapping[str, float], pooled: _Spread) -> Figures:
    """Figures of every arm from its accuracies [units], paired by unit; a unit is a seed or a world.

    Where `pooled` does not know an arm, since a group lacks it, the spread is that of these units alone.
    """
    alone = _Spread.within([accuracy])
    figures: Figures = {name: _mean(accuracy, (name,), pooled) for name in ("floor", "ceiling")}
    figures |= {"gap": _mean(accuracy, _GAP, pooled), "prompts": {}, "shortcuts": {}}
    for name in accuracy:
        if name in ("floor", "ceiling"):
            continue
        spread = pooled if {name, "vanilla"} & accuracy.keys() <= pooled.residuals.keys() else alone
        arm: Figures = {"accuracy": _mean(accuracy, (name,), spread)}
        arm |= _ratio(("pgr", "interval"), accuracy, (name, "floor"), spread)
        if name.startswith(PROMPT):
            figures["prompts"][name.removeprefix(PROMPT)] = arm
        elif name.startswith(SHORTCUT):
            figures["shortcuts"][name.removeprefix(SHORTCUT)] = arm
        else:
            if "vanilla" in accuracy and name != "vanilla":
                arm |= _ratio(("gain", "gain_interval"), accuracy, (name, "vanilla"), spread)
                arm["cost"] = round(costs[name], 2)
            figures[name] = arm
    return figures


def _tables(lines: Sequence[ArmResult]) -> tuple[dict[str, FloatArray], dict[str, FloatArray], list[int]]:
    """Accuracies and seconds by arm, [seeds], on the seeds that every arm has."""
    cells: dict[str, dict[int, ArmResult]] = {}
    for line in lines:
        cells.setdefault(line.arm, {})[line.seed] = line
    seeds = sorted(set.intersection(*(set(row) for row in cells.values())))
    if len(seeds) < 2 or not {"floor", "ceiling"} <= cells.keys():
        raise NotMeasured(
            f"{lines[0].split}, {lines[0].world}: {len(seeds)} seeds with floor and ceiling; intervals need 2 or more"
        )
    accuracy = {arm: np.array([row[seed].accuracy for seed in seeds]) for arm, row in cells.items()}
    seconds = {arm: np.array([row[seed].seconds for seed in seeds]) for arm, row in cells.items()}
    return accuracy, seconds, seeds


def _typical(lines: Sequence[ArmResult]) -> Figures:
    by_arm = {arm: {line.seed: line.accuracy for line in lines if line.arm == arm} for arm in _TYPICAL}
    seeds = set.intersection(*(set(row) for row in by_arm.values()))
    if not seeds:
        return {}
    means = {arm: round(float(np.mean([row[seed] for seed in seeds])), 4) for arm, row in by_arm.items()}
    return {"typical": {"seeds": len(seeds), **means}}


def _mean(accuracy: Mapping[str, FloatArray], arms: tuple[str, ...], spread: _Spread) -> Mapping[str, Any]:
    """Mean accuracy of an arm, or by how much one is above another, with Student's t interval."""
    mean, residuals = _difference(accuracy, arms), _difference_of_rows(spread.residuals, arms)
    half = spread.quantile * (spread.covariance(residuals, residuals) / len(accuracy[arms[0]])) ** 0.5
    return {"mean": round(mean, 4), "interval": [round(mean - half, 4), round(mean + half, 4)]}


def _ratio(
    names: tuple[str, str], accuracy: Mapping[str, FloatArray], arms: tuple[str, str], spread: _Spread
) -> Mapping[str, Any]:
    """By how much the first of `arms` is above the second, as a share of the gap; nothing without a gap."""
    units = len(accuracy[arms[0]])
    above, gap = (_difference_of_rows(spread.residuals, pair) for pair in (arms, _GAP))
    try:
        ratio = fieller(
            _difference(accuracy, arms),
            _difference(accuracy, _GAP),
            var_numerator=spread.covariance(above, above) / units,
            var_denominator=spread.covariance(gap, gap) / units,
            covariance=spread.covariance(above, gap) / units,
            t=spread.quantile,
        )
    except NoGap:
        return dict.fromkeys(names)
    return {names[0]: round(ratio.mean, 4), names[1]: [round(ratio.low, 4), round(ratio.high, 4)]}


def _difference(accuracy: Mapping[str, FloatArray], arms: tuple[str, ...]) -> float:
    return float(_difference_of_rows(accuracy, arms).mean())


def _difference_of_rows(rows: Mapping[str, FloatArray], arms: tuple[str, ...]) -> FloatArray:
    """The row of the one arm, or that of the first less that of the second."""
    first, *second = arms
    return rows[first] - rows[second[0]] if second else rows[first]
