"""`aar researcher`: who works on what, and what a person wants of them while they work."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aar.cli import app

if TYPE_CHECKING:
    from aar.database.researchers import Researcher
    from aar.lab.members import Member
    from aar.lab.steering import Steer

commands = typer.Typer(
    help="The researchers of a run: see them, pause, resume or stop them, tell them something.",
    no_args_is_help=True,
)
app.add_typer(commands, name="researcher")

Run = Annotated[Path, typer.Argument(help="A run folder; its lab may be running or not.")]
Name = Annotated[str, typer.Argument(help="A researcher, such as r1, or all.")]
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
"""A sequence of ECMA-48: with parameters, with words up to its end, or of two characters."""

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


@commands.command("list")
def list_all(run: Run, as_json: AsJson = False) -> None:
    """Show each researcher: state, model, submissions, money, size of context, and what stands in its way."""
    from aar import database
    from aar.database import meta, spending, submissions
    from aar.folder import LabFolder
    from aar.lab.members import members
    from aar.launch.reserved import may_run
    from aar.settings import settings_of

    folder = LabFolder(run.resolve())
    settings, store, runs_now = settings_of(folder), database.open(folder.storage), may_run(folder)
    with store.read() as tx:
        clock_s = float(meta.find(tx, "elapsed_seconds", 0.0))
        team = members(tx, settings, submissions.all(tx), spending.all(tx), clock_s=clock_s)
    store.close()
    if as_json:
        rows = [one.model_dump(mode="json") for one in team]
        typer.echo(json.dumps({"researchers": rows, "lab_runs": runs_now}))
        return
    if team and not runs_now:
        typer.echo("no lab runs in this folder; each is shown as it was when the last one ended")
    for one in team:
        for line in in_words(one, lab_runs=runs_now):
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


def in_words(one: Member, *, lab_runs: bool) -> list[str]:
    """A researcher in one line, and a second one where something stands in its way; without a lab nobody is at work."""
    from aar.cli.wording import plain, state_of
    from aar.durations import duration
    from aar.reports.words import TROUBLE, count, reason_words

    row = one.model_dump(mode="json")
    budget = "" if one.budget is None else f" of {one.budget}"
    what = f"{one.submitted}{budget} submitted, {one.verified} verified"
    state = state_of(row).value if lab_runs else _was(one)
    first = f"{plain(one.name):<6} {state:<15} {plain(one.model)}: {what}, ${one.money.usd:.2f}"
    if one.work_seconds is not None:
        first += f", worked {duration(one.worked_seconds)} of {duration(one.work_seconds)}"
    if one.context_tokens:
        first += f", context {one.context_tokens:,} tokens"
    if one.unread:
        first += f", {count(one.unread, 'message')} unread"
    why = [plain(part) for part in (reason_words(one.reason), one.detail) if part]
    if one.trouble is not None:
        why.append(f"{TROUBLE[one.trouble.kind]}: {plain(one.trouble.detail)}")
    return [first, *([f"       {'; '.join(why)}"] if why else [])]


def _was(one: Member) -> str:
    """What a researcher was at when its lab ended."""
    from aar.cli.wording import State, state_of

    if one.state == "waiting" and not one.paused:
        return State.NOT_STARTED.value
    state = state_of(one.model_dump(mode="json"))
    return f"was {state.value}" if state.at_work or state is State.TROUBLE else state.value


def _steer(run: Path, what: Steer, name: str, text: str = "") -> None:
    from aar import database
    from aar.cli.mirror import follow
    from aar.cli.wording import plain
    from aar.database import researchers
    from aar.folder import LabFolder
    from aar.lab.steering import EVERYBODY, steer
    from aar.launch.reserved import may_run

    folder = LabFolder(run.resolve())
    folder.read_description()
    store = database.open(folder.storage)
    with store.write() as tx:
        team = {who.name: who for who in researchers.team(tx)}
        names = list(team) if name == EVERYBODY else [name]
        effects = {one: effect(what, team[one]) for one in names if one in team}
        concerned = [one for one in effects if effects[one].changes]
        # an entry of the ledger for all at once; one who is not known, or reads nothing, is refused there
        refused = not effects or (what.value == "tell" and not concerned)
        for one in [name] if refused or concerned == names else concerned:
            steer(tx, what, one, text=without_escapes(text))
    follow(store, folder)
    store.close()
    for one, found in effects.items():
        typer.echo(f"{plain(one)} {found.words}")
    if concerned and not may_run(folder):
        typer.echo("no lab runs now, so it counts from the next start on")


@dataclass(frozen=True)
class Effect:
    """What comes of a person's word for one researcher: whether anything changes, and what, in words."""

    changes: bool
    words: str


def effect(what: Steer, who: Researcher) -> Effect:
    """What comes of it, as the researcher stands before."""
    from aar.database.progress import EndReason
    from aar.lab.steering import Steer
    from aar.researchers.models import POLICIES

    ended, paused = who.state in ("finished", "stopped"), who.paused is not None
    match what:
        case Steer.PAUSE if ended:
            return Effect(False, "has ended already: there is nothing to pause")
        case Steer.PAUSE if paused:
            return Effect(False, "was paused already")
        case Steer.PAUSE:
            return Effect(True, "pauses after its present turn")
        case Steer.RESUME if ended:
            return Effect(True, "had ended and is started again, if its budgets and the time allow it")
        case Steer.RESUME if paused:
            return Effect(True, "goes on")
        case Steer.RESUME:
            return Effect(False, "was neither paused nor at its end: nothing changes")
        case Steer.STOP if ended and who.reason is EndReason.BY_A_PERSON:
            return Effect(False, "was stopped already")
        case Steer.STOP if ended:
            return Effect(True, "had ended already, and is not started again but on your word")
        case Steer.STOP:
            return Effect(True, "ends after some last turns")
        case Steer.TELL if who.model in POLICIES:
            return Effect(False, "is driven by a policy, which reads no messages")
        case Steer.TELL if ended:
            return Effect(True, "has ended: it reads this only if it is started again")
        case Steer.TELL if paused:
            return Effect(True, "reads this when it goes on")
        case Steer.TELL:
            return Effect(True, "reads this before its next turn")


def without_escapes(text: str) -> str:
    """A text without the sequences that steer a terminal, whole.

    >>> without_escapes("It is \\x1b[31mred\\x1b[0m.")
    'It is red.'
    """
    return _ESCAPE.sub("", text)
