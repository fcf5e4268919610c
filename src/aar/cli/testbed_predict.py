"""`aar testbed predict`: does the order of methods on a mini testbed tell their order on real models?"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aar.cli.testbed import AsJson, testbeds
from aar.cli.testbed_measure import progress

if TYPE_CHECKING:
    from w2s.measurements import Prediction


NAMED_WORLDS = 4
"""Up to so many worlds are named in one line."""
FEW_SEEDS = 8
"""Below this many seeds of a world a bootstrap over them understates how much they differ."""


@testbeds.command("predict")
def predict_testbed(
    name: str,
    seeds: Annotated[
        int, typer.Option(min=2, help="Seeds of each world: items, supervisor and students of each.")
    ] = 10,
    first: Annotated[
        int, typer.Option(min=0, help="First seed; some settings were chosen on seeds below 9006.")
    ] = 10_000,
    split: Annotated[
        Literal["dev", "sealed"],
        typer.Option(help="Whose worlds: those that methods are chosen in, or those that confirm."),
    ] = "dev",
    world: Annotated[
        list[str] | None, typer.Option(help="A world of the split; give it again for more. [all of them]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Results, one line each; a second run resumes. [measurements/NAME.jsonl]"),
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Write the scatter plot as SVG here.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes, one thread each. [all cores]")] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a mini testbed's PGR of methods against the study's published PGR: rank correlation and each pair.

    Measured PGR is the mean over the split's worlds. Intervals are over seeds; from eight worlds on over worlds too.
    """
    from w2s.measurements import collect, predict
    from w2s.measurements.prediction import published_pgr

    published = published_pgr(name)
    if figure is not None:
        _can_be_written(figure)
    results = out or Path("measurements") / f"{name}.jsonl"
    lines = collect(
        name,
        results,
        seeds=range(first, first + seeds),
        splits=(split,),
        worlds=world or (),
        chosen=tuple(published),
        only=("floor", "ceiling", *published),
        jobs=jobs,
        progress=progress,
    )
    (prediction,) = predict(name, lines)
    if figure is not None:
        from aar.reports.prediction_figure import prediction_figure

        figure.write_text(prediction_figure(prediction), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(prediction)))
    else:
        typer.echo(as_text(prediction))
    typer.echo(f"results in {results}", err=True)


def _can_be_written(figure: Path) -> None:
    """Make the folder of a figure; `BadParameter` where none can be written, before anything is measured."""
    there = figure.exists()
    try:
        figure.parent.mkdir(parents=True, exist_ok=True)
        with figure.open("a", encoding="utf-8"):
            pass
        if not there:  # an interrupted measurement leaves no empty figure
            figure.unlink()
    except OSError as error:
        raise typer.BadParameter(f"cannot write --figure {figure}: {error.strerror}") from None


def as_text(prediction: Prediction) -> str:
    """Table of the methods, correlations and pairs, for a terminal."""
    from w2s.measurements.prediction import Order

    over = "over worlds and their seeds" if prediction.over_worlds else "over seeds, not over worlds"
    rows = [
        f"{prediction.testbed} ({prediction.split}, {prediction.seeds} seeds a world, n={prediction.n} each) "
        f"against the study's {prediction.studied_as}",
        f"{_worlds(prediction.worlds)}; intervals {over}",
        "",
        f"{'method':<18}{'':<10}{'published':>9}  measured PGR",
    ]
    rows += [
        f"{p.method:<18}{p.group.value:<10}{p.published:>9.2f}  {p.measured:.2f} [{p.low:.2f}, {p.high:.2f}]"
        for p in prediction.points
    ]
    rows.append("")
    rows += [
        f"Spearman's rho, {c.group.value} ({c.methods} methods): {c.rho:.2f} [{c.low:.2f}, {c.high:.2f}]"
        for c in prediction.correlations
    ]
    counts = {order: sum(pair.order is order for pair in prediction.pairs) for order in Order}
    rows.append(
        f"Pairs: {counts[Order.SAME]} in the published order, {counts[Order.REVERSED]} reversed, "
        f"{counts[Order.OPEN]} open"
    )
    rows += [
        f"  reversed: {p.better} over {p.worse}: {p.gain:+.2f} [{p.low:+.2f}, {p.high:+.2f}]"
        for p in prediction.pairs
        if p.order is Order.REVERSED
    ]
    if prediction.seeds < FEW_SEEDS and not prediction.over_worlds:
        rows.append(f"Intervals over fewer than {FEW_SEEDS} seeds are too narrow: take more (--seeds).")
    return "\n".join(rows)


def _worlds(names: Sequence[str]) -> str:
    if len(names) > NAMED_WORLDS:
        return f"Mean of {len(names)} worlds"
    return f"{'World' if len(names) == 1 else 'Mean of'} {', '.join(names)}"
