"""`aar queue`: what a lab's engine does, what waits and for how long; and ending what nobody wants any more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aar.cli import app

if TYPE_CHECKING:
    from aar.database import Database

queues = typer.Typer(
    help="The runs of a lab: what waits, what is under way, what to end.", no_args_is_help=True
)
app.add_typer(queues, name="queue")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


@queues.command("show")
def show(run: Annotated[Path, typer.Argument(help="A run folder.")], as_json: AsJson = False) -> None:
    """Show the queue by priority and researcher, what runs where and since when, and how long it will take."""
    from aar.cli import typed
    from aar.folder import LabFolder
    from aar.lab import capacity
    from aar.lab.queue_view import traffic
    from aar.launch.reserved import may_run
    from aar.settings import settings_of

    store = _opened(run)
    folder = LabFolder(run.resolve())
    settings, runs_now = settings_of(folder), may_run(folder)
    slots = settings.slots
    with store.read() as tx:
        queue = traffic(tx, slots=capacity.of(tx, slots=slots)).model_dump(mode="json")
    store.close()
    if as_json:
        typer.echo(json.dumps({**queue, "lab_runs": runs_now}))
        return
    if not runs_now:
        again = f"; {typed()} run --resume {run} goes on" if settings.researchers else ""
        typer.echo(f"no lab runs in this folder{again}")
    for line in in_words(queue, lab_runs=runs_now):
        typer.echo(line)


@queues.command("cancel")
def cancel(
    run: Annotated[Path, typer.Argument(help="A run folder; its lab may be running or not.")],
    what: Annotated[
        str, typer.Argument(help="A submission (s3), a practice run's key, or a researcher (r1).")
    ],
    reason: Annotated[str, typer.Option(help="Why; its author reads it, and it stays in the ledger.")] = "",
    as_json: AsJson = False,
) -> None:
    """End a submission, a practice run, or everything of a researcher; what is under way is killed."""
    from aar.cli.mirror import follow
    from aar.folder import LabFolder
    from aar.lab.cancellation import cancel as end
    from aar.lab.intake import printable

    store = _opened(run)
    with store.write() as tx:
        ended = end(tx, what, reason=printable(reason)[:200])
    follow(store, LabFolder(run.resolve()))
    store.close()
    typer.echo(str(ended))
    if as_json:
        cancelled = {"submissions": list(ended.submissions), "queued": ended.queued, "running": ended.running}
        typer.echo(json.dumps(cancelled))


def in_words(queue: dict[str, Any], *, lab_runs: bool) -> list[str]:
    """The queue as lines of text; where no lab runs, nothing is under way and no time is told."""
    from aar.cli.wording import wait_words
    from aar.durations import duration

    lines = []
    for row in queue["running"]:
        what = row["submission"] or f"practice {row['run']}"
        if not lab_runs:
            lines.append(f"broken off {row['researcher']}'s {what} on {row['split']}, pair {row['pair'] + 1}")
            continue
        again = f", try {row['tries']}" if row["tries"] > 1 else ""
        lines.append(
            f"{row['place'] or 'starting':<10} {row['researcher']}'s {what} on {row['split']}, pair {row['pair'] + 1}, "
            f"for {duration(row['seconds'])}{again}"
        )
    for row in queue["queued"]:
        done = "" if row["seconds"] is None or not lab_runs else f", done in about {duration(row['seconds'])}"
        lines.append(f"{row['priority']:<10} {row['researcher']}: {row['runs']} waiting{done}")
    for wait in queue["waits"]:
        lines.append(f"undecided  {wait['submission']} waits for {wait_words(wait)}")
    for row in queue["held"]:
        until = f", goes on in {duration(row['seconds'])}" if lab_runs else ""
        lines.append(f"held back  {row['researcher']}: {row['failures']} methods failed in a row{until}")
    engine = queue["engine"]
    if engine["lost_in_a_row"]:
        until = f"; tries again in {duration(engine['resumes_in_seconds'])}" if lab_runs else ""
        lines.append(f"engine     lost {engine['lost_in_a_row']} runs in a row ({engine['why']}){until}")
    ended = ", ".join(
        f"{queue['counts'][state]} {state}"
        for state in ("done", "failed", "lost", "cancelled")
        if queue["counts"].get(state)
    )
    lines.append(f"ended: {ended or 'none'}")
    return lines


def _opened(run: Path) -> Database:
    from aar import database
    from aar.folder import LabFolder

    folder = LabFolder(run.resolve())
    folder.read_description()
    return database.open(folder.storage)
