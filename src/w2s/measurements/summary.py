"""From accuracies by seed to figures with intervals; a seed (its items, supervisor and students) is the unit."""

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
    """Figures of one testbed by world, those of the dev world on top, ready to be written as JSON.

    `floor` and `ceiling` have the mean accuracy and Student's t interval over seeds; every other arm has its PGR
    (ratio of the mean differences over seeds, Fieller's interval, paired by seed), its gain over vanilla in PGR and its
    cost relative to vanilla. An arm counts on the seeds that all arms have; raises `NotMeasured` without two of these.
    """
    if not lines:
        raise NotMeasured("no results; measure first: aar testbed measure NAME")
    by_split: dict[str, list[ArmResult]] = {}
    for line in lines:
        by_split.setdefault(line.split, []).append(line)
    splits = {name: _of_split(rows) for name, rows in by_split.items()}
    first = splits.get("dev") or next(iter(splits.values()))
    return {"testbed": lines[0].testbed, **first, "worlds": {s["world"]: s for s in splits.values()}}


def _of_split(lines: Sequence[ArmResult]) -> Figures:
    accuracy, seconds, seeds = _tables(lines)
    floor, ceiling = accuracy.pop("floor"), accuracy.pop("ceiling")
    gap = ceiling - floor
    figures: Figures = {
        "split": lines[0].split,
        "world": lines[0].world,
        "seeds": seeds,
        "n": lines[0].n,
        "floor": _mean(floor),
        "ceiling": _mean(ceiling),
        "gap": _mean(gap),
        "prompts": {},
        "shortcuts": {},
    }
    vanilla = accuracy.get("vanilla")
    for name, row in accuracy.items():
        arm = {"accuracy": _mean(row), **_ratio("pgr", "interval", row - floor, gap)}
        if name.startswith(PROMPT):
            figures["prompts"][name.removeprefix(PROMPT)] = arm
        elif name.startswith(SHORTCUT):
            figures["shortcuts"][name.removeprefix(SHORTCUT)] = arm
        else:
            if vanilla is not None and name != "vanilla":
                arm |= _ratio("gain", "gain_interval", row - vanilla, gap)
                arm["cost"] = round(float(seconds[name].mean() / seconds["vanilla"].mean()), 2)
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
            f"{lines[0].split}: {len(seeds)} seeds with floor and ceiling; intervals need 2 or more"
        )
    accuracy = {arm: np.array([row[seed].accuracy for seed in seeds]) for arm, row in cells.items()}
    seconds = {arm: np.array([row[seed].seconds for seed in seeds]) for arm, row in cells.items()}
    return accuracy, seconds, seeds


def _mean(values: FloatArray) -> Mapping[str, Any]:
    half = _quantile(len(values)) * float(values.std(ddof=1)) / len(values) ** 0.5
    mean = float(values.mean())
    return {"mean": round(mean, 4), "interval": [round(mean - half, 4), round(mean + half, 4)]}


def _ratio(name: str, interval: str, numerator: FloatArray, denominator: FloatArray) -> Mapping[str, Any]:
    """Mean of `numerator` over mean of `denominator` [seeds], both under `name`; no interval without a gap."""
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


def _quantile(seeds: int) -> float:
    return float(stats.t.ppf(0.5 + _LEVEL / 2, seeds - 1))
