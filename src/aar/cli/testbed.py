"""`aar testbed`: which problems there are, and what each is made of."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any

import typer

from aar.cli import app

testbeds = typer.Typer(help="The problems that methods are judged on.", no_args_is_help=True)
app.add_typer(testbeds, name="testbed")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


@testbeds.command("list")
def list_testbeds(as_json: AsJson = False) -> None:
    """List the testbeds: those that ship, those that you imported, and those whose items you may get."""
    from w2s.testbeds import listed

    known = listed()
    if as_json:
        typer.echo(json.dumps({"testbeds": [dataclasses.asdict(testbed) for testbed in known]}))
        return
    for testbed in known:
        typer.echo(
            f"{testbed.name:<16} {testbed.kind:<13} {testbed.title}{'' if testbed.here else '  (not here yet)'}"
        )
    if any(not testbed.here for testbed in known):
        typer.echo("Not here yet: aar testbed import FOLDER, or aar testbed build NAME")


@testbeds.command("show")
def show_testbed(name: str, as_json: AsJson = False) -> None:
    """Show one testbed: models, recipe, prompts, worlds."""
    from w2s.testbeds import describe, load_measured
    from w2s.testbeds.real.published import lines

    testbed = describe(name)
    published = lines(testbed.name)
    measured = load_measured(testbed.name) if testbed.folder is None else None
    facts = {
        "name": testbed.name,
        "title": testbed.title,
        "kind": testbed.kind,
        "description": testbed.description,
        "worlds": sorted(testbed.worlds),
        "recipe": dataclasses.asdict(testbed.recipe),
        "weak_recipe": dataclasses.asdict(testbed.weak_recipe),
        "template": testbed.template,
        "labels": list(testbed.labels),
        "zero_shot_template": testbed.zero_shot_template,
        "zero_shot_labels": list(testbed.zero_shot_labels),
        "models": {w.name: {"weak": str(w.weak), "strong": str(w.strong)} for w in testbed.worlds.values()},
        "folder": None if testbed.folder is None else str(testbed.folder),
        "published": [dataclasses.asdict(line) for line in published],
        "measured": measured,
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    typer.echo(f"{testbed.name}: {testbed.title}\n\n{testbed.description}\n")
    for key in (
        "kind",
        "worlds",
        "models",
        "recipe",
        "weak_recipe",
        "template",
        "labels",
        "zero_shot_template",
    ):
        typer.echo(f"{key:<20} {facts[key]!r}")
    if measured:
        _echo_measured(measured)
    if published:
        typer.echo("\nPublished by others, not measured here, and not comparable to what is measured here:")
        for line in published:
            typer.echo(str(line))
        for note in dict.fromkeys(note for line in published for note in (line.source, line.caveat) if note):
            typer.echo(f"- {note}")


def _echo_measured(figures: dict[str, Any]) -> None:
    """The figures that ship: a line for every arm and a column for every split, then a line for every world."""
    from w2s.measurements.markdown import cells, world_cells

    header, rows = cells(figures)
    typer.echo(
        "\nMeasured on fresh seeds, mean or PGR with its 95 % interval over worlds (over seeds, of one world):"
    )
    for name, *values in (header, *rows):
        typer.echo(f"{name:<42} {'   '.join(f'{value:<52}' for value in values)}".rstrip())
    header, rows = world_cells(figures)
    typer.echo("\nEach world, 95 % intervals over seeds:")
    for name, *values in (header, *rows):
        typer.echo(f"{name:<10} {'   '.join(f'{value:<20}' for value in values)}".rstrip())
