"""`aar testbed`: which problems there are, and what each is made of."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from aar.cli import app

testbeds = typer.Typer(help="The problems that methods are judged on.", no_args_is_help=True)
app.add_typer(testbeds, name="testbed")

ROLES: tuple[Literal["weak", "strong"], ...] = ("weak", "strong")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


@testbeds.command("list")
def list_testbeds(as_json: AsJson = False) -> None:
    """List the testbeds."""
    from w2s.testbeds import load, names

    known = [load(name) for name in names()]
    if as_json:
        typer.echo(
            json.dumps({"testbeds": [{"name": t.name, "title": t.title, "kind": t.kind} for t in known]})
        )
        return
    for testbed in known:
        typer.echo(f"{testbed.name:<12} {testbed.kind:<13} {testbed.title}")


@testbeds.command("show")
def show_testbed(name: str, as_json: AsJson = False) -> None:
    """Show one testbed: models, recipe, prompts, worlds."""
    from w2s.testbeds import load, load_measured

    testbed = load(name)
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
        "measured": load_measured(testbed.name),
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    typer.echo(f"{testbed.name}: {testbed.title}\n\n{testbed.description}\n")
    for key in ("kind", "worlds", "recipe", "weak_recipe", "template", "labels", "zero_shot_template"):
        typer.echo(f"{key:<20} {facts[key]!r}")


@testbeds.command("rebuild")
def rebuild_testbed(
    name: str,
    out: Annotated[Path, typer.Option(help="Folder for the rebuilt checkpoints.")] = Path("rebuilt"),
) -> None:
    """Rebuild a mini testbed's checkpoints from their seeds (some minutes a world on one core)."""
    from w2s.testbeds import load
    from w2s.testbeds.mini.pretrain import rebuild

    testbed = load(name)
    for world in sorted(testbed.worlds):
        for role in ROLES:
            folder = out / testbed.name / world / role
            typer.echo(f"{world}/{role}: sha256 {rebuild(folder, testbed.name, world, role)} in {folder}")
