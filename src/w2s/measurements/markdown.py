"""A measurement as a Markdown table: one row an arm, one column a world."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from w2s.measurements.targets import checks
from w2s.methods import names as method_names

World = Mapping[str, Any]


def table(figures: Mapping[str, Any]) -> str:
    """The figures of `summarise` as Markdown: accuracies, PGR of every arm, and the targets that hold or not."""
    header, body = cells(figures)
    rows = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    rows += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in body]
    rows += ["", "| world | target | measured | |", "|---|---|---|---|"]
    rows += [
        f"| {c.world} | {c.target} | {c.measured} | {'met' if c.met else '**not met**'} |"
        for c in checks(figures)
    ]
    return "\n".join(rows)


def cells(figures: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table of arms, as text."""
    worlds = list(figures["worlds"].values())
    header = [f"{w['world']} ({w['split']}, {len(w['seeds'])} seeds, n={w['n']})" for w in worlds]
    return ["PGR unless marked", *header], [[name, *map(show, worlds)] for name, show in _rows(worlds)]


def _rows(worlds: list[World]) -> Iterator[tuple[str, Callable[[World], str]]]:
    yield "floor accuracy", lambda w: _cell(w["floor"], "mean")
    yield "ceiling accuracy", lambda w: _cell(w["ceiling"], "mean")
    for name in ("zero_shot_plain", "likelihood", *method_names()):
        if name in worlds[0]:
            yield name.replace("_", " "), lambda w, name=name: _arm(w[name])  # type: ignore[misc]
    for part in ("prompts", "shortcuts"):
        for name in worlds[0][part]:
            yield f"{part[:-1]}: {name}", lambda w, part=part, name=name: _cell(w[part][name], "pgr")  # type: ignore[misc]


def _arm(arm: Mapping[str, Any]) -> str:
    gain = f"; {arm['gain']:+.2f} to vanilla" if arm.get("gain") is not None else ""
    if gain:
        low, high = arm["gain_interval"]
        gain += f" [{low:+.2f}, {high:+.2f}]"
    return _cell(arm, "pgr") + gain


def _cell(figure: Mapping[str, Any], name: str) -> str:
    if figure[name] is None:
        return "no gap established"
    low, high = figure["interval"]
    return f"{figure[name]:.2f} [{low:.2f}, {high:.2f}]"
