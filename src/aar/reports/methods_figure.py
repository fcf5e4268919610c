"""PGR of every baseline with its interval, as an SVG that needs no script."""

from __future__ import annotations

from typing import Any

from aar.reports.baselines import Row, Table

WIDTH, ROW_HEIGHT = 560, 17
DEV, SEALED, INK, GRID = "#2f6fd0", "#cf6a12", "#1b1f24", "#e3e6ea"


def methods_figure(table: Table) -> str:
    """Each method a line, best on top, dev and (where it was run) sealed; whiskers are 95 % intervals.

    0 is the weak supervisor, 1 the strong model taught the truth. Methods that failed have a line without a mark.
    """
    import altair as alt
    import vl_convert

    points = [point for row in table.rows for point in _points(row)]
    order = [row.variant for row in sorted(table.rows, key=_height, reverse=True)]
    y = alt.Y("method:N", sort=order, title=None, axis=alt.Axis(labelLimit=260, grid=True, tickSize=0))
    low = min([0.0, *(point["low"] for point in points)])
    high = max([1.0, *(point["high"] for point in points)])
    scale = alt.Scale(domain=[max(-1.0, low), min(1.5, high)], clamp=True)
    x = alt.X("pgr:Q", title="performance gap recovered", scale=scale)
    colour = alt.Color(
        "split:N",
        scale=alt.Scale(domain=["dev", "sealed"], range=[DEV, SEALED]),
        legend=alt.Legend(title=None),
    )
    base = alt.Chart(alt.Data(values=points)).encode(y=y, color=colour)
    marks: list[Any] = [
        alt.Chart(alt.Data(values=[{"x": 0}, {"x": 1}]))
        .mark_rule(color=INK, strokeDash=[4, 3])
        .encode(x="x:Q"),
        base.mark_rule(strokeWidth=1.5).encode(x=alt.X("low:Q", scale=scale), x2="high:Q"),
        base.mark_point(filled=True, size=34, opacity=1).encode(x=x),
    ]
    rows = {"step": ROW_HEIGHT}
    chart = (
        alt.layer(*marks)
        .properties(width=WIDTH, height=rows, title=f"{table.testbed}: methods with their defaults")
        .configure_axis(gridColor=GRID)
        .configure_view(stroke=None)
        .configure(background="white")
    )
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))


def _points(row: Row) -> list[dict[str, Any]]:
    points = []
    for split, figures in (("dev", row.dev), ("sealed", row.sealed)):
        if figures is not None and figures.pgr is not None:
            pgr = figures.pgr
            points.append(
                {"method": row.variant, "split": split, "pgr": pgr.mean, "low": pgr.low, "high": pgr.high}
            )
    return points


def _height(row: Row) -> float:
    return row.dev.pgr.mean if row.dev is not None and row.dev.pgr is not None else -9.0
