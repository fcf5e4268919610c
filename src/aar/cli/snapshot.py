"""`aar snapshot`: the code that researchers handed in, for people to read, compare and take along."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aar.cli import app
from aar.cli.opening import opened

if TYPE_CHECKING:
    from aar.database.submissions import Submission
    from aar.submissions.snapshots import Snapshots

commands = typer.Typer(
    help="The code that was handed in: list, read, compare, take along. git clone RUN/snapshots.git works too.",
    no_args_is_help=True,
)
app.add_typer(commands, name="snapshot")

Run = Annotated[Path, typer.Argument(help="A run folder; its lab may be running or not.")]
Id = Annotated[str, typer.Argument(help="A submission, such as s3.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


@commands.command("list")
def list_snapshots(run: Run, as_json: AsJson = False) -> None:
    """List every submission with its author, result, and what it builds on: the lineage, with --json as data."""
    from aar.cli.wording import plain, status_words

    code = _Code.read(run)
    if as_json:
        typer.echo(json.dumps({"snapshots": [as_data(row) for row in code.rows.values()]}))
        return
    for row in code.rows.values():
        builds = f", builds on {', '.join(map(plain, row.parents))}" if row.parents else ""
        words = status_words({"status": row.status, "stage": row.stage})
        typer.echo(f"{plain(row.id):<5} {words} by {plain(row.researcher)}{builds}: {plain(row.title)}")
    if not code.rows:
        typer.echo("nothing was handed in yet")


@commands.command("show")
def show(run: Run, id: Id, as_json: AsJson = False) -> None:
    """Print the code of a submission, file by file."""
    code = _Code.read(run)
    row = code.row(id)
    files = code.files(row)
    if as_json:
        typer.echo(json.dumps({**as_data(row), "files": files}))
        return
    for name, text in sorted(files.items()):
        _print([f"# {name}", *text.splitlines(), ""])


@commands.command("diff")
def diff(
    run: Run,
    id: Id,
    base: Annotated[
        str | None, typer.Argument(help="What to compare it with. [the first that it builds on]")
    ] = None,
) -> None:
    """Show what a submission changed: lines that begin with - are the other's, with + its own."""
    code = _Code.read(run)
    row = code.row(id)
    other = base or next(iter(row.parents), None)
    before = code.files(code.row(other)) if other is not None else {}
    lines = differences(before, code.files(row), old=other or "nothing", new=row.id)
    _print(lines or ["no difference"])


@commands.command("export")
def export(
    run: Run, id: Id, into: Annotated[Path, typer.Argument(help="A folder that is not there yet.")]
) -> None:
    """Write the code of a submission into a new folder, which aar score takes."""
    from aar.errors import BadRequest
    from aar.submissions import source

    code = _Code.read(run)
    files = code.files(code.row(id))
    source.check(files)
    try:
        into.mkdir(parents=True)
        for name, text in files.items():
            (into / name).parent.mkdir(exist_ok=True)
            (into / name).write_text(text, encoding="utf-8", newline="")
    except FileExistsError:
        raise BadRequest(f"{into} is there already; name a folder that is not") from None
    except OSError as error:
        raise BadRequest(f"cannot write {into}: {error.strerror}") from None
    typer.echo(f"{id} is in {into}: aar score {into}")


def differences(before: Mapping[str, str], after: Mapping[str, str], *, old: str, new: str) -> list[str]:
    """Unified differences of all files, by name.

    >>> differences({"a.py": "x = 1\\n"}, {"a.py": "x = 2\\n"}, old="s1", new="s2")[-2:]
    ['-x = 1', '+x = 2']
    """
    lines: list[str] = []
    for name in sorted({*before, *after}):
        lines += difflib.unified_diff(
            before.get(name, "").splitlines(),
            after.get(name, "").splitlines(),
            f"{old}/{name}",
            f"{new}/{name}",
            lineterm="",
        )
    return lines


def as_data(row: Submission) -> dict[str, Any]:
    """A submission as JSON: what it is, and what it builds on."""
    names = ("id", "researcher", "title", "status", "stage", "commit", "code_hash", "created")
    return {**{name: getattr(row, name) for name in names}, "parents": list(row.parents)}


@dataclass(frozen=True)
class _Code:
    """Submissions of a run by id, in order, and where their code lies."""

    rows: Mapping[str, Submission]
    snapshots: Snapshots | None

    @classmethod
    def read(cls, run: Path) -> _Code:
        from aar.database import submissions
        from aar.submissions.snapshots import Snapshots

        with opened(run) as (folder, store), store.read() as tx:
            rows = {row.id: row for row in submissions.all(tx)}
        return cls(rows, Snapshots(folder.snapshots) if folder.snapshots.is_dir() else None)

    def row(self, id: str) -> Submission:
        from w2s.errors import NotFound

        if id not in self.rows:
            raise NotFound.among("submission", id, self.rows)
        return self.rows[id]

    def files(self, row: Submission) -> dict[str, str]:
        from w2s.errors import NotFound

        if self.snapshots is None:
            raise NotFound(f"the code of {row.id} is not in this folder: it has no snapshots.git")
        return self.snapshots.get(row.commit)


def _print(lines: list[str]) -> None:
    """Lines that somebody else wrote, with their indentation, without what steers a terminal."""
    from aar.cli.wording import plain

    for line in lines:
        typer.echo(plain(line.expandtabs(4)))
