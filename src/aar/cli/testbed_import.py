"""`aar testbed import`, `build` and `check`: testbeds of real models, and a user's own."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aar.cli.testbed import AsJson, testbeds

if TYPE_CHECKING:
    from w2s.testbeds.real.store import Imported

Into = Annotated[
    Path | None, typer.Option(help="Folder that holds imported testbeds; your data folder if left out.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Put it in the place of an earlier import.")]
Weak = Annotated[str | None, typer.Option(help="Weak model: a hub's owner/name, or a folder.")]
Strong = Annotated[str | None, typer.Option(help="Strong model: a hub's owner/name, or a folder.")]


@testbeds.command("import")
def import_testbed(
    source: Annotated[
        Path,
        typer.Argument(
            help="Folder of train_label.jsonl, train_unlabel.jsonl, test.jsonl, or these as .tar.gz."
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="What it will be called; qwen-chat or qwen-math if left out.")
    ] = None,
    like: Annotated[
        str | None, typer.Option(help="Whose prompts and recipe it gets: qwen-chat, qwen-math or qwen-code.")
    ] = None,
    weak: Weak = None,
    strong: Strong = None,
    ood: Annotated[
        list[str] | None, typer.Option(help="Words that mark an out-of-distribution subset; may be repeated.")
    ] = None,
    into: Into = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Check a release, carve out sealed items, and keep it as a testbed of yours."""
    from w2s.testbeds import names
    from w2s.testbeds.real.store import Wanted, import_release, testbeds_folder

    wanted = Wanted(name=name, like=like, weak=weak, strong=strong, ood=tuple(ood or ()))
    done = import_release(source, wanted, into=into or testbeds_folder(), taken=names(), replacing=replace)
    tell(done, as_json=as_json)


@testbeds.command("check")
def check_testbed(
    folder: Annotated[Path, typer.Argument(help="A release, or a testbed's folder.")], as_json: AsJson = False
) -> None:
    """Say what is wrong with a release or a testbed of yours, and where: file, line, field."""
    from w2s.testbeds.real.store import check

    problems = check(folder)
    if as_json:
        typer.echo(json.dumps({"ok": not problems, "problems": [asdict(problem) for problem in problems]}))
    else:
        for problem in problems:
            typer.echo(str(problem))
        typer.echo("nothing is wrong" if not problems else f"{len(problems)} problems")
    if problems:
        raise typer.Exit(1)


def tell(done: Imported, *, as_json: bool) -> None:
    """What an import did, in words or as one JSON object."""
    if as_json:
        typer.echo(json.dumps({**asdict(done), "folder": str(done.folder)}))
        return
    typer.echo(f"{done.name} ({done.kind}) is in {done.folder}")
    for pool, size in done.sizes.items():
        typer.echo(f"  {pool:<20} {size:>6} items")
    typer.echo(f"  {'of sealed/test':<20} {done.ood:>6} out of distribution")
    for dropped in done.dropped:
        typer.echo(f"  {dropped}")
    for warning in done.warnings:
        typer.echo(f"  warning: {warning}")
    place = done.name if done.in_the_usual_place else done.folder
    typer.echo(f"Next: aar score METHOD --testbed {place}")
