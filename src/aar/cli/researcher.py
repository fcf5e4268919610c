"""`aar researcher`: who works on what, and what a person wants of them while they work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aar.cli import app

if TYPE_CHECKING:
    from aar.lab.members import Member
    from aar.lab.steering import Steer

commands = typer.Typer(
    help="The researchers of a run: see them, pause, resume or stop them, tell them something.",
    no_args_is_help=True,
)
app.add_typer(commands, name="researcher")

Run = Annotated[Path, typer.Argument(help="A run folder; its lab may be running or not.")]
Name = Annotated[str, typer.Argument(help="A researcher, such as r1, or all.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


@commands.command("list")
def list_all(run: Run, as_json: AsJson = False) -> None:
    """Show each researcher: state, model, submissions, money, size of context, and what stands in its way."""
    from aar import database
    from aar.database import meta, spending, submissions
    from aar.folder import LabFolder
    from aar.lab.members import members
    from aar.settings import settings_of

    folder = LabFolder(run.resolve())
    settings, store = settings_of(folder), database.open(folder.storage)
    with store.read() as tx:
        clock_s = float(meta.find(tx, "elapsed_seconds", 0.0))
        team = members(tx, settings, submissions.all(tx), spending.all(tx), clock_s=clock_s)
    store.close()
    if as_json:
        typer.echo(json.dumps({"researchers": [one.model_dump(mode="json") for one in team]}))
        return
    for one in team:
        for line in in_words(one):
            typer.echo(line)
    if not team:
        typer.echo("nobody researches in this lab")


@commands.command()
def pause(run: Run, name: Name) -> None:
    """Let a researcher end its turn and take no further one; its submissions are judged.

    The run's time goes on; the researcher's own hours do not.
    """
    from aar.lab.steering import Steer

    _steer(run, Steer.PAUSE, name)


@commands.command()
def resume(run: Run, name: Name) -> None:
    """Let a researcher go on; one that had ended is started again while its lab runs."""
    from aar.lab.steering import Steer

    _steer(run, Steer.RESUME, name)


@commands.command()
def stop(run: Run, name: Name) -> None:
    """Let a researcher end after some last turns, in which it posts what others should know."""
    from aar.lab.steering import Steer

    _steer(run, Steer.STOP, name)


@commands.command()
def tell(
    run: Run, name: Name, text: Annotated[str, typer.Argument(help="What it reads before its next turn.")]
) -> None:
    """Tell a researcher something; the ledger keeps it, so that readers of the report know."""
    from aar.lab.steering import Steer

    _steer(run, Steer.TELL, name, text)


def in_words(one: Member) -> list[str]:
    """A researcher in one line, and a second one where something stands in its way."""
    from aar.cli.wording import plain, state_of
    from aar.durations import duration
    from aar.reports.words import count

    row = one.model_dump(mode="json")
    budget = "" if one.budget is None else f" of {one.budget}"
    what = f"{one.submitted}{budget} submitted, {one.verified} verified"
    first = f"{plain(one.name):<6} {state_of(row).value:<11} {plain(one.model)}: {what}, ${one.money.usd:.2f}"
    if one.work_seconds is not None:
        first += f", worked {duration(one.worked_seconds)} of {duration(one.work_seconds)}"
    if one.context_tokens:
        first += f", context {one.context_tokens:,} tokens"
    if one.unread:
        first += f", {count(one.unread, 'message')} unread"
    why = [plain(part) for part in (str(one.reason or ""), one.detail) if part]
    if one.trouble is not None:
        why.append(f"{one.trouble.kind.value.replace('_', ' ')}: {plain(one.trouble.detail)}")
    return [first, *([f"       {'; '.join(why)}"] if why else [])]


def _steer(run: Path, what: Steer, name: str, text: str = "") -> None:
    from aar import database
    from aar.folder import LabFolder
    from aar.lab.steering import steer
    from aar.launch.reserved import may_run

    folder = LabFolder(run.resolve())
    folder.read_description()
    store = database.open(folder.storage)
    with store.write() as tx:
        names = steer(tx, what, name, text=text)
    store.close()
    later = "" if may_run(folder) else "; no lab runs now, so it counts from the next start on"
    typer.echo(f"{what.value}: {', '.join(names)}{later}")
