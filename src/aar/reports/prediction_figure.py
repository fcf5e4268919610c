"""Published against measured PGR of each method, as an SVG that needs no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2s.measurements import Prediction

Point = Mapping[str, Any]
SIZE = 340
COLOURS = {"design": "#2f6fd0", "held out": "#cf6a12"}
MARGIN = 0.08
"""Room around the points, in PGR."""
INK, GRID = "#1b1f24", "#e3e6ea"


def prediction_figure(prediction: Prediction) -> str:
    """Scatter plot: a method is a point with its name, whiskers are its 95 % interval."""
    import altair as alt
    import vl_convert

    points: list[Point] = [
        {
            "method": point.method,
            "group": point.group.value,
            "published": point.published,
            "measured": point.measured,
            "low": point.low,
            "high": point.high,
        }
        for point in prediction.points
    ]
    low = min(0.0, *(min(p["low"], p["published"]) for p in points)) - MARGIN
    high = max(1.0, *(max(p["high"], p["published"]) for p in points)) + MARGIN
    scale = alt.Scale(domain=[low, high], nice=False)
    x = alt.X("published:Q", title=f"published PGR ({prediction.studied_as})", scale=scale)
    worlds = prediction.worlds
    where = worlds[0] if len(worlds) == 1 else f"{len(worlds)} worlds"
    measured = f"measured PGR ({prediction.testbed}, {prediction.split}, {where})"
    y = alt.Y("measured:Q", title=measured, scale=scale)
    colour = alt.Color(
        "group:N",
        scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
        legend=alt.Legend(title=None),
    )
    before, after = _sides(points)
    base = alt.Chart(alt.Data(values=points)).encode(x=x, color=colour)
    ends = [{"published": end, "measured": end} for end in (low, high)]
    marks: list[Any] = [
        alt.Chart(alt.Data(values=ends))
        .mark_line(color=INK, strokeDash=[4, 3], strokeWidth=1)
        .encode(x=x, y=y),
        base.mark_rule(strokeWidth=1.5).encode(y=alt.Y("low:Q", scale=scale, title=measured), y2="high:Q"),
        base.mark_point(filled=True, size=46, opacity=1).encode(y=y),
        *(
            alt.Chart(alt.Data(values=named))
            .mark_text(align=side, dx=shift, dy=-6, fontSize=10)
            .encode(x=x, y=y, color=colour, text="method:N")
            for named, side, shift in ((before, "right", -6), (after, "left", 6))
        ),
    ]
    chart = (
        alt.layer(*marks)
        .properties(width=SIZE, height=SIZE, title=_title(prediction))
        .configure_axis(gridColor=GRID)
        .configure_view(stroke=None)
        .configure(background="white")
    )
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))


def _sides(points: Sequence[Point]) -> tuple[list[Point], list[Point]]:
    """(points named on their left, on their right): in turn, and inwards at both ends."""
    ordered = sorted(points, key=lambda point: float(point["published"]))
    last = len(ordered) - 1
    before = [point for place, point in enumerate(ordered) if place == last or (place and place % 2 == 0)]
    return before, [point for point in ordered if point not in before]


def _title(prediction: Prediction) -> str:
    of_all = prediction.correlations[-1]
    return (
        f"{prediction.testbed}: rho {of_all.rho:.2f} [{of_all.low:.2f}, {of_all.high:.2f}] over "
        f"{of_all.methods} methods, {prediction.seeds} seeds"
    )
