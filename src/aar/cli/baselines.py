"""`aar baselines`: every method of the library, or what people tuned, measured on one testbed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aar.baseline_sets import Protocol
from aar.cli import app

if TYPE_CHECKING:
    from aar.folder import LabFolder
    from aar.reports.baselines import Table
    from aar.settings import Settings
    from w2s.testbeds import Testbed

PATIENCE = 8
"""A baseline may take this many times what a run of the testbed may: some train ten students."""


@app.command()
def baselines(
    testbed: Annotated[str, typer.Option(help="Which problem; see aar testbed list.")] = "mini-chat",
    protocol: Annotated[
        Protocol,
        typer.Option(help="library: every method as it is; human: the grid that people tuned."),
    ] = "library",
    seeds: Annotated[
        int, typer.Option(min=2, help="Pairs of supervisor and student seeds; worlds take turns.")
    ] = 9,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="Run every method on sealed too, not the best on dev alone.")
    ] = False,
    method: Annotated[
        list[str] | None, typer.Option(help="Measure this one, or this variant, besides vanilla; repeatable.")
    ] = None,
    lab: Annotated[Path | None, typer.Option(help="Lab folder; an interrupted one is continued.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,
    figure: Annotated[Path | None, typer.Option(help="Draw the table into this SVG file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")] = False,
) -> None:
    """Measure methods as researchers' are: sandboxed, on a lab's secret items, with seeds that the lab draws."""
    from platformdirs import user_data_path

    from aar import baseline_sets
    from aar.errors import Interrupted
    from aar.folder import LabFolder
    from aar.reports import baselines as measured
    from aar.reports.methods_figure import methods_figure
    from aar.sandboxes import choose
    from aar.settings import Settings, cores
    from w2s.testbeds import load

    problem = load(testbed)
    chosen = (baseline_sets.PLAIN, *method) if method else baseline_sets.variants(protocol)
    code = baseline_sets.fingerprint(problem, chosen, seeds=seeds, sealed=sealed)
    settings = Settings(
        testbed=problem.name,
        researchers=0,
        slots=min(cores(), 16),
        baselines=tuple(dict.fromkeys(chosen)),
        confirmed="all" if sealed else "best",
        baseline_seeds=seeds,
        sealed_seeds=max(seeds, Settings.sealed_seeds),
        students=1,
        floors=max(Settings.floors, seeds),
        run_seconds=PATIENCE * round(problem.run_seconds),
    )
    choose(settings.sandbox)
    folder = LabFolder((lab or _place(user_data_path("aar"), problem.name, protocol, code)).resolve())
    try:
        _measure(folder, settings, problem, code)
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing is lost, the same command goes on where it stopped") from None
    table = measured.table(folder)
    if figure is not None:
        figure.parent.mkdir(parents=True, exist_ok=True)
        figure.write_text(methods_figure(table), encoding="utf-8")
    if markdown:
        typer.echo("\n".join(measured.markdown(table)))
    else:
        _print(table)
    typer.echo(f"lab folder: {folder.path}", err=True)
    if as_json:
        typer.echo(json.dumps(table.to_json()))


def _place(data: Path, testbed: str, protocol: str, code: str) -> Path:
    """A folder of its own for each state of the code, so that no figure outlives what it was measured with."""
    return data / "baselines" / f"{testbed}-{protocol}-{code}"


def _measure(folder: LabFolder, settings: Settings, problem: Testbed, code: str) -> None:
    from aar.cli.display import Display
    from aar.errors import AarError
    from aar.launch.launch import Launch
    from aar.launch.run_folder import make
    from w2s.files import write_whole

    begun = folder.path / "baselines.txt"
    if folder.description.exists() and (not begun.is_file() or begun.read_text() != code):
        raise AarError(
            f"{folder.path} was begun with another testbed, other methods, models or seeds, or is no folder of "
            "aar baselines; name another one with --lab"
        )
    write_whole(begun, code)
    make(folder, settings, problem)
    with Display() as display, Launch(folder, settings, display) as launch:
        display.say(f"{len(settings.baselines)} methods, {settings.baseline_seeds} seeds: {folder.path}")
        launch.prepare()
        launch.start(directions={})
        for status in launch.watch():
            if status["phase"] == "finished":
                return


def _print(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as Shown

    from aar.reports.baselines import cells

    header, rows = cells(table)
    console = Console()
    shown = Shown(title=table.testbed)
    for column in header:
        shown.add_column(column)
    for row in rows:
        shown.add_row(*row)
    console.print(shown)
