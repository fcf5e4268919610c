"""PGR over researcher-hours as an SVG that needs no script, drawn by Altair and vl-convert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aar.reports.contents import Contents, Entry
from aar.reports.words import label

SERIES = ("#2f6fd0", "#cf6a12", "#128a72", "#8755c9", "#c23a6b", "#7a7f12", "#0e86a8", "#8a5a3c")
"""Colours of researchers, in order, for a light page; the style sheet exchanges them on a dark one."""

INK, MUTED, GRID, PAPER = "#1b1f24", "#6a727c", "#e3e6ea", "#ffffff"
WIDTH, HEIGHT = 800, 380

_SHAPES = {
    "verified": "circle",
    "pending": "circle",
    "no_improvement": "circle",
    "not_reproduced": "diamond",
    "violation": "cross",
    "failed": "triangle-down",
}


def progress(contents: Contents) -> str:
    """Every submission by its researcher's clock, the record so far, baselines, floor and ceiling.

    Verified ones stand at their PGR on sealed items (filled, with interval), others at that on dev
    (hollow); what was never measured lies at the bottom.
    """
    import altair as alt
    import vl_convert

    unit, per_hour = _unit(contents)
    low, high = _range(contents)
    last = max(
        [entry.hours for entry in contents.entries] + [person.hours for person in contents.people] + [1e-6]
    )
    end = last * per_hour * 1.02
    x = alt.X(
        "x:Q",
        title=f"researcher-{unit} (each researcher's own clock)",
        scale=alt.Scale(domain=[0, end], nice=False),
        axis=alt.Axis(grid=False, tickCount=10),
    )
    y = alt.Y("y:Q", title="PGR", scale=alt.Scale(domain=[low, high], nice=False), axis=alt.Axis(tickCount=7))
    colour = alt.Color("colour:N", scale=None)

    lines = _lines(contents, low=low, high=high, end=end)
    layers: list[Any] = [
        alt.Chart(alt.Data(values=[line for line in lines if line["drawn"]]))
        .mark_rule(strokeWidth=1)
        .encode(
            y=y,
            color=colour,
            strokeDash=alt.condition("datum.dashed", alt.value([5, 4]), alt.value([1, 0])),
        ),
        alt.Chart(alt.Data(values=lines))
        .mark_text(align="left", dx=8, fontSize=12)
        .encode(
            x=x, y=alt.Y("at:Q", scale=alt.Scale(domain=[low, high], nice=False)), text="text:N", color=colour
        ),
    ]
    for person in contents.people:
        own = [entry for entry in contents.entries if entry.submission.researcher == person.row.name]
        steps = _steps(own, start=None, end=end, per_hour=per_hour)
        if steps:
            layers.append(_step(alt, steps, x=x, y=y, colour=SERIES[person.colour % len(SERIES)], width=1.5))
    best = contents.best_baseline
    start = best.pgr.mean if best is not None and best.pgr is not None else None
    steps = _steps(contents.entries, start=start, end=end, per_hour=per_hour)
    if steps:
        layers.append(_step(alt, steps, x=x, y=y, colour=INK, width=2.5))
    points = [_point(contents, entry, low=low, high=high, per_hour=per_hour) for entry in contents.entries]
    measured = [point for point in points if point["measured"]]
    layers += [
        alt.Chart(alt.Data(values=measured))
        .mark_rule(strokeWidth=1.5)
        .encode(
            x=x,
            y=alt.Y("low:Q", scale=alt.Scale(domain=[low, high], nice=False), title="PGR"),
            y2="high:Q",
            color=colour,
            opacity=alt.condition("datum.verified", alt.value(0.75), alt.value(0.18)),
        ),
        alt.Chart(alt.Data(values=points))
        .mark_point(size=75, strokeWidth=1.8, opacity=1)
        .encode(
            x=x,
            y=y,
            stroke=colour,
            fill=alt.Fill("fill:N", scale=None),
            shape=alt.Shape("shape:N", scale=None),
        ),
        alt.Chart(alt.Data(values=[point for point in points if point["verified"]]))
        .mark_text(align="left", dx=8, dy=-9, fontSize=12, fontWeight="bold")
        .encode(x=x, y=y, text="id:N", color=colour),
    ]
    chart = (
        alt.layer(*layers)
        .properties(width=WIDTH, height=HEIGHT, background="transparent", padding=2)
        .configure(font="Liberation Sans, Helvetica, Arial, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            grid=True,
            gridColor=GRID,
            domainColor=MUTED,
            tickColor=MUTED,
            labelColor=MUTED,
            titleColor=MUTED,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=10,
        )
    )
    return _inline(vl_convert.vegalite_to_svg(chart.to_json()), "PGR over the time of each researcher")


def _inline(svg: str, title: str) -> str:
    """The SVG as part of a page: scaled by the style sheet, named for who cannot see it."""
    return svg.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


def _unit(contents: Contents) -> tuple[str, float]:
    return ("hours", 1.0) if any(person.hours > 2 for person in contents.people) else ("minutes", 60.0)


def _range(contents: Contents) -> tuple[float, float]:
    values = [0.0, 1.0]
    for entry in [*contents.scored, *contents.baselines]:
        if entry.pgr is not None:
            values += [max(entry.pgr.low, -0.6), min(entry.pgr.high, 1.6)]
    return min(values) - 0.12, max(values) + 0.06


def _lines(contents: Contents, *, low: float, high: float, end: float) -> list[dict[str, Any]]:
    """Floor, ceiling and baselines, with labels moved apart (`at`) where they would overlap."""
    lines: list[dict[str, Any]] = [
        {"y": 0.0, "text": "floor (weak supervisor)", "colour": MUTED, "dashed": False, "drawn": True},
        {"y": 1.0, "text": "ceiling (trained on truth)", "colour": MUTED, "dashed": False, "drawn": True},
    ]
    for entry in contents.baselines:
        if entry.pgr is not None:
            text = f"{label(entry.submission.title)} {entry.pgr.mean:.2f}"
            lines.append({"y": entry.pgr.mean, "text": text, "colour": MUTED, "dashed": True, "drawn": True})
    if any(entry.pgr is None for entry in contents.entries):
        lines.append({"y": low + 0.05, "text": "no PGR", "colour": MUTED, "dashed": False, "drawn": False})
    apart = 15 * (high - low) / HEIGHT
    lines.sort(key=lambda line: line["y"])
    for i, line in enumerate(lines):
        line["at"] = line["y"] if i == 0 else max(line["y"], lines[i - 1]["at"] + apart)
        line["x"] = end
    return lines


def _steps(
    entries: Sequence[Entry], *, start: float | None, end: float, per_hour: float
) -> list[dict[str, float]]:
    """The best verified PGR so far as corners of a staircase, from `start` where something stood before."""
    best = start
    steps = [] if start is None else [{"x": 0.0, "y": start}]
    for entry in sorted(entries, key=lambda entry: entry.hours):
        if entry.rank is not None and entry.pgr is not None and (best is None or entry.pgr.mean > best):
            best = entry.pgr.mean
            steps.append({"x": entry.hours * per_hour, "y": best})
    return [*steps, {"x": end, "y": steps[-1]["y"]}] if steps else []


def _step(alt: Any, steps: list[dict[str, float]], *, x: Any, y: Any, colour: str, width: float) -> Any:
    mark = alt.Chart(alt.Data(values=steps)).mark_line(
        interpolate="step-after", strokeWidth=width, color=colour
    )
    return mark.encode(x=x, y=y)


def _point(contents: Contents, entry: Entry, *, low: float, high: float, per_hour: float) -> dict[str, Any]:
    row = entry.submission
    colour = SERIES[contents.colour(row.researcher) % len(SERIES)]
    pgr = entry.pgr
    return {
        "id": row.id,
        "x": entry.hours * per_hour,
        "y": low + 0.05 if pgr is None else min(max(pgr.mean, low), high),
        "low": low if pgr is None else max(pgr.low, low),
        "high": low if pgr is None else min(pgr.high, high),
        "measured": pgr is not None,
        "verified": row.status == "verified",
        "colour": colour,
        "fill": colour if row.status == "verified" else PAPER,
        "shape": _SHAPES[row.status],
    }
