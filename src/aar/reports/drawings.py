"""Small drawings that the style sheet colours: an interval in a table's row, and who built on what."""

from __future__ import annotations

from html import escape

from aar.reports.contents import Contents, Entry
from aar.reports.words import STATUS, interval

_LOW, _HIGH, _WIDTH = -0.3, 1.15, 180
_STEP, _LANE, _LEFT, _TOP = 58, 58, 92, 26


def whisker(contents: Contents, entry: Entry) -> str:
    """Dev (hollow) and sealed (filled) PGR with their intervals, between floor and ceiling."""
    series = contents.colour(entry.submission.researcher) % 8 if not entry.baseline else "lab"
    parts = [f'<line class="axis" x1="{_x(v):.1f}" x2="{_x(v):.1f}" y1="2" y2="32"/>' for v in (0.0, 1.0)]
    best = contents.best_baseline
    if best is not None and best.pgr is not None:
        parts.append(
            f'<line class="base" x1="{_x(best.pgr.mean):.1f}" x2="{_x(best.pgr.mean):.1f}" y1="2" y2="32"/>'
        )
    intervals = []
    both = entry.dev is not None and entry.sealed is not None
    for name, figures in (("dev", entry.dev), ("sealed", entry.sealed)):
        if figures is None or figures.pgr is None:
            continue
        pgr = figures.pgr
        y = 17 if not both else (11 if name == "sealed" else 24)
        intervals.append(f"{name} {interval(pgr)}")
        parts.append(
            f'<line class="{name}" x1="{_x(pgr.low):.1f}" x2="{_x(pgr.high):.1f}" y1="{y}" y2="{y}"/>'
        )
        parts.append(f'<circle class="{name}" cx="{_x(pgr.mean):.1f}" cy="{y}" r="4"/>')
    if not intervals:
        return '<span class="muted">not measured</span>'
    name = escape("PGR " + ", ".join(intervals))
    return (
        f'<svg class="whisker s{series}" viewBox="0 0 {_WIDTH} 34" width="{_WIDTH}" height="34" role="img" '
        f'aria-label="{name}"><title>{name}</title>{"".join(parts)}</svg>'
    )


def lineage(contents: Contents) -> str:
    """One lane a researcher, time to the right, a curve from each submission to those built on it."""
    entries = sorted([*contents.baselines, *contents.entries], key=lambda entry: entry.submission.number)
    lanes = {"lab": 0} if contents.baselines else {}
    for person in contents.people:
        lanes.setdefault(person.row.name, len(lanes))
    place = {
        entry.submission.id: (_LEFT + i * _STEP, _TOP + lanes[entry.submission.researcher] * _LANE)
        for i, entry in enumerate(entries)
    }
    width, height = _LEFT + len(entries) * _STEP, _TOP * 2 + (len(lanes) - 1) * _LANE
    parts = []
    for name, lane in lanes.items():
        y = _TOP + lane * _LANE
        parts.append(f'<line class="lane" x1="{_LEFT - 30}" x2="{width}" y1="{y}" y2="{y}"/>')
        parts.append(
            f'<text class="who" x="0" y="{y + 4}">{escape("baselines" if name == "lab" else name)}</text>'
        )
    for entry in entries:
        for parent in entry.submission.parents:
            parts.append(_curve(place[parent], place[entry.submission.id]))
    for entry in entries:
        row = entry.submission
        x, y = place[row.id]
        series = "lab" if entry.baseline else str(contents.colour(row.researcher) % 8)
        status = "baseline" if entry.baseline else row.status
        title = escape(f"{row.id}: {row.title} ({'baseline' if entry.baseline else STATUS[row.status]})")
        parts.append(
            f'<g class="node s{series} {status}"><title>{title}</title><circle cx="{x}" cy="{y}" r="15"/>'
            f'<text x="{x}" y="{y + 4}">{escape(row.id)}</text></g>'
        )
    return (
        f'<svg class="lineage" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="Which submission was built on which">{"".join(parts)}</svg>'
    )


def _x(value: float) -> float:
    return (min(max(value, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW) * _WIDTH


def _curve(parent: tuple[int, int], child: tuple[int, int]) -> str:
    (x1, y1), (x2, y2) = parent, child
    if y1 == y2:
        # an arc, since the nodes between the two lie on the straight line
        lift = min(20, 6 + (x2 - x1) / 14) if x2 - x1 > _STEP else 0
        top = f"{y1 - lift * 1.6:.0f}"
        return f'<path class="edge" d="M{x1},{y1} C{x1 + 24},{top} {x2 - 24},{top} {x2},{y2}"/>'
    middle = x2 - _STEP * 0.55
    return f'<path class="edge" d="M{x1},{y1} C{middle:.0f},{y1} {middle:.0f},{y2} {x2},{y2}"/>'
