"""From accuracies by seed to figures with intervals: of each world over seeds, of each split over its worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def summarise(lines: Sequence[ArmResult]) -> Figures:
    """Figures of one testbed, by world and by split, ready to be written as JSON.

    `worlds` holds the figures of each world by its name (where a world serves two splits, the second has its split
    behind the name). `floor` and `ceiling` have the mean accuracy and Student's t interval over seeds; every other arm
    has its PGR (ratio of the mean differences over seeds, Fieller's interval, paired by seed), its gain over vanilla in
    PGR and its cost relative to vanilla. An arm counts on the seeds that all arms of its world have; raises
    `NotMeasured` without two of these.

    `splits` holds the same figures of each split over its worlds: `over_worlds`.
    """
    if not lines:
        raise NotMeasured("no results; measure first: aar testbed measure NAME")
    by_part: dict[tuple[str, str], list[ArmResult]] = {}
    for line in lines:
        by_part.setdefault((line.split, line.world), []).append(line)
    worlds: Figures = {}
    for (split, world), rows in sorted(by_part.items(), key=lambda part: part[0][0]):
        worlds[world if world not in worlds else f"{world}, {split}"] = _of_world(rows)
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
    return {**what, "n": worlds[0]["n"], **_figures(accuracy, cost)}


def _means_and_costs(world: Figures) -> tuple[dict[str, float], dict[str, float]]:
    """Mean accuracy by arm, and cost by arm that has one, of a world's figures."""
    arms = {name: arm for name, arm in world.items() if isinstance(arm, Mapping) and "accuracy" in arm}
    arms |= {PROMPT + name: arm for name, arm in world["prompts"].items()}
    arms |= {SHORTCUT + name: arm for name, arm in world["shortcuts"].items()}
    means = {name: world[name]["mean"] for name in ("floor", "ceiling")}
    means |= {name: arm["accuracy"]["mean"] for name, arm in arms.items()}
    return means, {name: arm["cost"] for name, arm in arms.items() if "cost" in arm}


def _of_world(lines: Sequence[ArmResult]) -> Figures:
    accuracy, seconds, seeds = _tables(lines)
    costs: dict[str, float] = {}
    if "vanilla" in seconds:
        costs = {arm: float(row.mean() / seconds["vanilla"].mean()) for arm, row in seconds.items()}
    what = {"split": lines[0].split, "world": lines[0].world, "seeds": seeds, "n": lines[0].n}
    return {**what, **_figures(accuracy, costs)}


def _figures(accuracy: Mapping[str, FloatArray], costs: Mapping[str, float]) -> Figures:
    """Figures of every arm from its accuracies [units], paired by unit; a unit is a seed or a world."""
    floor, ceiling, vanilla = accuracy["floor"], accuracy["ceiling"], accuracy.get("vanilla")
    gap = ceiling - floor
    figures: Figures = {
        "floor": _mean(floor),
        "ceiling": _mean(ceiling),
        "gap": _mean(gap),
        "prompts": {},
        "shortcuts": {},
    }
    for name, row in accuracy.items():
        if name in ("floor", "ceiling"):
            continue
        arm = {"accuracy": _mean(row), **_ratio("pgr", "interval", row - floor, gap)}
        if name.startswith(PROMPT):
            figures["prompts"][name.removeprefix(PROMPT)] = arm
        elif name.startswith(SHORTCUT):
            figures["shortcuts"][name.removeprefix(SHORTCUT)] = arm
        else:
            if vanilla is not None and name != "vanilla":
                arm |= _ratio("gain", "gain_interval", row - vanilla, gap)
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


def _mean(values: FloatArray) -> Mapping[str, Any]:
    half = _quantile(len(values)) * float(values.std(ddof=1)) / len(values) ** 0.5
    mean = float(values.mean())
    return {"mean": round(mean, 4), "interval": [round(mean - half, 4), round(mean + half, 4)]}


def _ratio(name: str, interval: str, numerator: FloatArray, denominator: FloatArray) -> Mapping[str, Any]:
    """Mean of `numerator` over mean of `denominator` [units] under `name`; nothing and no interval without a gap."""
    spread = np.cov(numerator, denominator) / len(numerator)
    try:
        ratio = fieller(
            float(numerator.mean()),
            float(denominator.mean()),
            var_numerator=float(spread[0, 0]),
            var_denominator=float(spread[1, 1]),
            covariance=float(spread[0, 1]),
            t=_quantile(len(numerator)),
        )
    except NoGap:
        return {name: None, interval: None}
    return {name: round(ratio.mean, 4), interval: [round(ratio.low, 4), round(ratio.high, 4)]}


def _quantile(units: int) -> float:
    return float(stats.t.ppf(0.5 + _LEVEL / 2, units - 1))
