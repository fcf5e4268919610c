"""`aar lab`: a whole lab as one folder, to be kept and brought back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aar.cli import app, typed

if TYPE_CHECKING:
    from aar.lab.backup import Copied

commands = typer.Typer(help="A whole lab: keep a copy of it, bring one back.", no_args_is_help=True)
app.add_typer(commands, name="lab")


@commands.command("backup")
def backup(
    run: Annotated[Path, typer.Argument(help="A run folder; its lab may be running or not.")],
    to: Annotated[
        Path, typer.Argument(help="A folder that is not there yet. It will hold the lab's secrets.")
    ],
) -> None:
    """Copy a run as of one moment, while it goes on or not; the copy's ledger is checked."""
    from aar.lab.backup import copy

    made = copy(run, to)
    typer.echo(f"{to} holds the run, {made.entries} entries of the ledger, head {made.head}")
    _say_what_is_left_out(made)
    typer.echo("it holds the truth and the lab's secret, too: keep it as you keep the run")


@commands.command("restore")
def restore(
    backup: Annotated[Path, typer.Argument(help="A copy that aar lab backup made.")],
    run: Annotated[Path, typer.Argument(help="The run folder to make; it is not there yet.")],
) -> None:
    """Bring a copy back as a run folder; the copy stays as it is."""
    from aar.folder import LabFolder
    from aar.lab.backup import copy
    from aar.settings import settings_of

    made = copy(backup, run)
    typer.echo(f"{run} holds the run, {made.entries} entries of the ledger, head {made.head}")
    _say_what_is_left_out(made)
    typer.echo("tokens of guests hold as they did when the copy was made: aar tokens list shows them")
    goes_on = "run --resume" if settings_of(LabFolder(run.resolve())).researchers else "serve"
    typer.echo(f"it goes on with: {typed()} {goes_on} {run}")


def _say_what_is_left_out(made: Copied) -> None:
    from aar.cli.wording import plain

    for path in made.left_out[:5]:
        typer.echo(f"left out, since it is no file or lies too deep: {plain(path)}")
    if len(made.left_out) > 5:
        typer.echo(f"left out, too: {len(made.left_out) - 5} more")
