"""A measurement as two Markdown tables: a row an arm over the worlds of each split, and a row a world."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from w2s.measurements.targets import best_method, best_prompt, checks, checks_of
from w2s.methods import names as method_names

Figures = Mapping[str, Any]


def table(figures: Figures) -> str:
    """The figures of `summarise` as Markdown: every arm over the worlds, each world, the targets that are missed."""
    lines = [*_rows(*cells(figures)), "", *_rows(*world_cells(figures))]
    missing = missed(figures)
    return "\n".join([*lines, *([""] if missing else []), *(f"- **missed** {line}" for line in missing)])


def cells(figures: Figures) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table of arms, as text: a column a split, intervals over its worlds."""
    splits = list(figures["splits"].values())
    return ["PGR unless marked", *map(_heading, splits)], [
        [name, *map(show, splits)] for name, show in _arms(splits)
    ]


def world_cells(figures: Figures) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table of worlds, as text: intervals over seeds, and whether all targets hold."""
    header = ["world", "floor", "ceiling", "vanilla", "zero shot", "best prompt", "best method", "targets"]
    return header, [[name, *_world(world)] for name, world in figures["worlds"].items()]


def missed(figures: Figures) -> list[str]:
    """Every target that is missed, as text: where, what was asked, what was measured."""
    return [f"{c.world}: {c.target}: {c.measured}" for c in checks(figures) if not c.met]


def _heading(split: Figures) -> str:
    least, most = split["seeds"]
    seeds = f"{least} seeds" if least == most else f"{least} to {most} seeds"
    worlds = split["worlds"]
    where = (
        f"{worlds[0]} ({split['split']}" if len(worlds) == 1 else f"{split['split']} ({len(worlds)} worlds"
    )
    return f"{where}, {seeds}{'' if len(worlds) == 1 else ' each'}, n={split['n']})"


def _arms(splits: Sequence[Figures]) -> Iterator[tuple[str, Callable[[Figures], str]]]:
    yield "floor accuracy", lambda s: _cell(s["floor"], "mean")
    yield "ceiling accuracy", lambda s: _cell(s["ceiling"], "mean")
    for name in ("zero_shot_plain", "likelihood", *method_names()):
        if name in splits[0]:
            yield name.replace("_", " "), lambda s, name=name: _arm(s[name])  # type: ignore[misc]
    for part in ("prompts", "shortcuts"):
        for name in splits[0][part]:
            yield f"{part[:-1]}: {name}", lambda s, part=part, name=name: _cell(s[part][name], "pgr")  # type: ignore[misc]


def _world(world: Figures) -> Iterator[str]:
    yield _cell(world["floor"], "mean")
    yield _cell(world["ceiling"], "mean")
    for name in ("vanilla", "zero_shot"):
        yield _cell(world[name], "pgr") if name in world else ""
    prompt, method = best_prompt(world), best_method(world)
    yield "" if prompt is None else f"{_cell(world['prompts'][prompt], 'pgr')}: {prompt}"
    yield "" if method is None else f"{_cell(world[method], 'pgr')}: {method.replace('_', ' ')}"
    missing = sum(not check.met for check in checks_of(world))
    yield f"{missing} missed" if missing else "all met"


def _arm(arm: Figures) -> str:
    gain = f"; {arm['gain']:+.2f} to vanilla" if arm.get("gain") is not None else ""
    if gain:
        low, high = arm["gain_interval"]
        gain += f" [{low:+.2f}, {high:+.2f}]"
    return _cell(arm, "pgr") + gain


def _cell(figure: Figures, name: str) -> str:
    if figure[name] is None:
        return "no gap established"
    low, high = figure["interval"]
    return f"{figure[name]:.2f} [{low:.2f}, {high:.2f}]"


def _rows(header: Sequence[str], body: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    for row in body:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
