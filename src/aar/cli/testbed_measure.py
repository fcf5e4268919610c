"""`aar testbed measure`: floor, ceiling, methods, prompts and shortcuts of a testbed over worlds and fresh seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aar.cli.testbed import AsJson, testbeds

if TYPE_CHECKING:
    from w2s.measurements import ArmResult


@testbeds.command("measure")
def measure_testbed(
    name: str,
    seeds: Annotated[
        int, typer.Option(min=2, help="Seeds of each world: items, supervisor and students of each.")
    ] = 10,
    supervisors: Annotated[
        int,
        typer.Option(
            min=0,
            help="Supervisors of each world by which a typical one is known; those above --seeds get vanilla only.",
        ),
    ] = 0,
    first: Annotated[
        int, typer.Option(min=0, help="First seed; some settings were chosen on seeds below 9006.")
    ] = 10_000,
    world: Annotated[
        list[str] | None, typer.Option(help="A world to measure; give it again for more. [all of them]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Results, one line each; a second run resumes. [measurements/NAME.jsonl]"),
    ] = None,
    summary: Annotated[Path | None, typer.Option(help="Write the figures as JSON here too.")] = None,
    method: Annotated[
        list[str] | None, typer.Option(help="A method to measure; give it again for more. [the usual ten]")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes, one thread each. [all cores]")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a testbed on public seeds: what each method, prompt and shortcut recovers of the gap.

    Every world of dev and sealed gets all the seeds, so the cost is seeds times worlds. What a typical supervisor of a
    world is, the scorer has to know closely, so that more of these are trained.
    """
    from aar.baseline_sets import PLAIN
    from w2s.measurements import collect, summarise, weights
    from w2s.measurements.arms import METHODS
    from w2s.measurements.markdown import table
    from w2s.testbeds import load

    testbed = load(name)
    results = out or Path("measurements") / f"{testbed.name}.jsonl"
    chosen = tuple(method or METHODS)
    lines = collect(
        name,
        results,
        seeds=range(first, first + seeds),
        worlds=world or (),
        chosen=chosen,
        jobs=jobs,
        progress=progress,
    )
    if supervisors > seeds:
        lines += collect(
            name,
            results,
            seeds=range(first + seeds, first + supervisors),
            worlds=world or (),
            chosen=(PLAIN,),
            only=("floor", PLAIN),
            jobs=jobs,
            progress=progress,
        )
    figures = {**summarise(lines), "weights": weights(testbed)}
    if summary is not None:
        summary.parent.mkdir(parents=True, exist_ok=True)
        summary.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(figures))
    elif markdown:
        typer.echo(table(figures))
    else:
        _print(figures)
    typer.echo(f"results in {results}", err=True)


def progress(done: int, total: int, line: ArmResult | None) -> None:
    """Say on stderr how many of the results are there, and the last one."""
    last = f"  {line.split} {line.world} seed {line.seed}: {line.arm} {line.accuracy:.3f}" if line else ""
    typer.echo(f"{done}/{total}{last}", err=True)


def _print(figures: dict[str, object]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from w2s.measurements.markdown import cells, missed, world_cells

    console = Console()
    for title, (header, rows) in (
        (str(figures["testbed"]), cells(figures)),
        ("each world", world_cells(figures)),
    ):
        shown = Table(title=title)
        for column in header:
            shown.add_column(column)
        for row in rows:
            shown.add_row(*map(Text, row))
        console.print(shown)
    for line in missed(figures):
        console.print(f"NOT MET {line}", markup=False, highlight=False)
