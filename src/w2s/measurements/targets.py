"""Targets for a mini testbed, so that progress on it means something, and checks of a measurement against them.

A mean outside its range misses the target only where its interval lies outside too: with eleven targets in each of
eleven worlds some means leave their range by chance. A world that misses a target is replaced.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from w2s.methods import names as method_names

FLOOR, CEILING, GAP = (0.58, 0.70), (0.88, 0.97), 0.20
VANILLA, FROZEN, PROMPTED, BEST = (0.1, 0.4), (-0.1, 0.5), 0.7, (0.6, 0.95)
ABOVE_VANILLA, METHODS_ABOVE = 0.1, 3
_NOT_LEARNT = ("vanilla", "zero_shot")


class Verdict(StrEnum):
    """What a measurement says of a target."""

    MET = "met"
    """The mean over seeds lies in the range."""
    WITHIN_ERROR = "within error"
    """The mean lies outside, its 95 % interval reaches the range."""
    MISSED = "missed"
    """The whole interval lies outside."""


@dataclass(frozen=True)
class TargetCheck:
    """One target in one world: what is asked, what was measured, and the verdict."""

    world: str
    target: str
    measured: str
    verdict: Verdict


def checks(figures: Mapping[str, Any]) -> list[TargetCheck]:
    """Every target for every world of a summary, in the order of the definition."""
    return [check for world in figures["worlds"].values() for check in checks_of(world)]


def best_prompt(world: Mapping[str, Any]) -> str | None:
    """Name of the prompt with the highest PGR; None without prompts."""
    prompts = world["prompts"]
    return max(prompts, key=lambda prompt: prompts[prompt]["pgr"] or 0.0) if prompts else None


def best_method(world: Mapping[str, Any]) -> str | None:
    """Name of the method with the highest PGR among those that should beat vanilla; None where none was measured."""
    return max(_learnt(world), key=lambda arm: world[arm]["pgr"] or 0.0, default=None)


def _learnt(world: Mapping[str, Any]) -> list[str]:
    return [arm for arm in method_names() if arm in world and arm not in _NOT_LEARNT]


def checks_of(world: Mapping[str, Any]) -> Iterator[TargetCheck]:
    """Every target for one world of a summary."""
    name = str(world["world"])

    def check(
        target: str, figure: Mapping[str, Any], mean: str, low: float, high: float, of: str = ""
    ) -> TargetCheck:
        verdict = _verdict(figure[mean], figure["interval"], low, high)
        return TargetCheck(name, target, _shown(figure, mean) + (f": {of}" if of else ""), verdict)

    for what, (low, high) in (("floor", FLOOR), ("ceiling", CEILING)):
        yield check(f"{what} accuracy {low:.2f} to {high:.2f}", world[what], "mean", low, high)
    yield check(f"gap at least {GAP:.2f}", world["gap"], "mean", GAP, 1.0)
    ranges = {"vanilla": VANILLA, **dict.fromkeys(("zero_shot_plain", "zero_shot", "likelihood"), FROZEN)}
    for arm, (low, high) in ranges.items():
        if arm in world:
            yield check(f"PGR of {arm} {low:g} to {high:g}", world[arm], "pgr", low, high)
    prompt, method = best_prompt(world), best_method(world)
    if prompt is not None:
        asked = world["prompts"][prompt]
        yield check(f"no prompt above PGR {PROMPTED:g}", asked, "pgr", -math.inf, PROMPTED, prompt)
    yield _many_above_vanilla(name, world)
    if method is not None:
        low, high = BEST
        yield check(f"best method {low:g} to {high:g}", world[method], "pgr", low, high, method)


def _verdict(mean: float | None, interval: Sequence[float] | None, low: float, high: float) -> Verdict:
    """Without a mean (no gap was established) the target is missed."""
    if mean is None or interval is None or interval[0] > high or interval[1] < low:
        return Verdict.MISSED
    return Verdict.MET if low <= mean <= high else Verdict.WITHIN_ERROR


def _many_above_vanilla(name: str, world: Mapping[str, Any]) -> TargetCheck:
    clear = [arm for arm in _learnt(world) if _is_above(world[arm])]
    possible = [
        arm for arm in _learnt(world) if (world[arm].get("gain_interval") or (0, 0))[1] > ABOVE_VANILLA
    ]
    verdict = Verdict.MISSED
    if len(possible) >= METHODS_ABOVE:
        verdict = Verdict.MET if len(clear) >= METHODS_ABOVE else Verdict.WITHIN_ERROR
    return TargetCheck(
        name,
        f"{METHODS_ABOVE} methods more than {ABOVE_VANILLA:g} above vanilla, interval clear of 0",
        f"{len(clear)}: {', '.join(clear) or 'none'}",
        verdict,
    )


def _is_above(arm: Mapping[str, Any]) -> bool:
    gain, interval = arm.get("gain"), arm.get("gain_interval")
    return gain is not None and interval is not None and gain > ABOVE_VANILLA and interval[0] > 0


def _shown(figure: Mapping[str, Any], name: str) -> str:
    value, interval = figure[name], figure["interval"]
    return "not established" if value is None else f"{value:.2f} [{interval[0]:.2f}, {interval[1]:.2f}]"
