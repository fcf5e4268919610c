"""Targets for a mini testbed, so that progress on it means something, and checks of a measurement against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from w2s.methods import names as method_names

FLOOR, CEILING, GAP = (0.58, 0.70), (0.88, 0.97), 0.20
VANILLA, FROZEN, PROMPTED, BEST = (0.1, 0.4), (-0.1, 0.5), 0.7, (0.6, 0.95)
ABOVE_VANILLA, METHODS_ABOVE = 0.1, 3
_NOT_LEARNT = ("vanilla", "zero_shot")


@dataclass(frozen=True)
class TargetCheck:
    """One target in one world: what is asked, what was measured, and whether it holds for the mean over seeds."""

    world: str
    target: str
    measured: str
    met: bool


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
    for what, (low, high) in (("floor", FLOOR), ("ceiling", CEILING)):
        mean = world[what]["mean"]
        yield TargetCheck(
            name, f"{what} accuracy {low:.2f} to {high:.2f}", _shown(world[what], "mean"), low <= mean <= high
        )
    yield TargetCheck(
        name, f"gap at least {GAP:.2f}", _shown(world["gap"], "mean"), world["gap"]["mean"] >= GAP
    )
    for arm, (low, high) in (
        ("vanilla", VANILLA),
        ("zero_shot_plain", FROZEN),
        ("zero_shot", FROZEN),
        ("likelihood", FROZEN),
    ):
        if arm in world:
            pgr = world[arm]["pgr"]
            met = pgr is not None and low <= pgr <= high
            yield TargetCheck(name, f"PGR of {arm} {low:g} to {high:g}", _shown(world[arm], "pgr"), met)
    highest = best_prompt(world)
    if highest is not None:
        arm = world["prompts"][highest]
        met = arm["pgr"] is not None and arm["pgr"] <= PROMPTED
        yield TargetCheck(name, f"no prompt above PGR {PROMPTED:g}", f"{_shown(arm, 'pgr')}: {highest}", met)
    clear = [arm for arm in _learnt(world) if _is_above(world[arm])]
    yield TargetCheck(
        name,
        f"{METHODS_ABOVE} methods more than {ABOVE_VANILLA:g} above vanilla, interval clear of 0",
        f"{len(clear)}: {', '.join(clear) or 'none'}",
        len(clear) >= METHODS_ABOVE,
    )
    best = best_method(world)
    if best is not None:
        low, high = BEST
        met = world[best]["pgr"] is not None and low <= world[best]["pgr"] <= high
        yield TargetCheck(
            name, f"best method {low:g} to {high:g}", f"{_shown(world[best], 'pgr')}: {best}", met
        )


def _is_above(arm: Mapping[str, Any]) -> bool:
    gain, interval = arm.get("gain"), arm.get("gain_interval")
    return gain is not None and interval is not None and gain > ABOVE_VANILLA and interval[0] > 0


def _shown(figure: Mapping[str, Any], name: str) -> str:
    value, interval = figure[name], figure["interval"]
    return "not established" if value is None else f"{value:.2f} [{interval[0]:.2f}, {interval[1]:.2f}]"
