"""`aar invite` and `aar tokens`: who may come into a lab from elsewhere, as what, and for how long."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aar.cli import app
from aar.cli.opening import opened, writing

if TYPE_CHECKING:
    from aar.database.tokens import TokenRow

commands = typer.Typer(help="The tokens of a lab: who may come in, and until when.", no_args_is_help=True)
app.add_typer(commands, name="tokens")

Run = Annotated[Path, typer.Argument(help="A run folder; its lab may be running or not.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


@app.command()
def invite(
    run: Run,
    name: Annotated[str, typer.Argument(help="The guest's name in the study, such as ada-1.")],
    role: Annotated[
        Literal["researcher", "person", "viewer"],
        typer.Option("--as", help="What the guest may: research, write and steer, or only see."),
    ] = "researcher",
    days: Annotated[float, typer.Option(help="Days that the token holds.")] = 30.0,
    direction: Annotated[
        Path | None, typer.Option(help="A file with the direction of a researcher, Markdown.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="The lab's address as the guest sees it. [where it was open last]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a guest in: makes a token, which is shown this once, and holds until it expires or is revoked."""
    from aar.cli import joining
    from aar.cli.forum import read_text
    from aar.database.tokens import Access
    from aar.lab import inviting
    from aar.lab.address import address
    from aar.settings import settings_of

    text = "" if direction is None else read_text(direction)
    with writing(run) as (folder, store), store.write() as tx:
        where = (url or address(tx)).rstrip("/")
        made = inviting.invite(tx, settings_of(folder), name, Access(role), days=days, direction=text)
    if as_json:
        typer.echo(json.dumps({"token": made.text, "url": where, **as_data(made.token)}))
        return
    typer.echo(f"{name} may come in as a {role} {_until(made.token)}; the token is shown this once:")
    typer.echo(f"  {made.text}")
    typer.echo(f"The guest joins at {where}, while aar serve or aar run keeps the lab open:")
    for line in joining.lines(where, made.text, made.token.access):
        typer.echo(line)


@commands.command("list")
def list_tokens(run: Run, as_json: AsJson = False) -> None:
    """List every token by its id: whose, for what, since and until when, and when it was used last."""
    from aar.cli.wording import plain
    from aar.database import tokens

    with opened(run) as (_, store), store.read() as tx:
        found = tokens.all(tx)
    if as_json:
        typer.echo(json.dumps({"tokens": [as_data(row) for row in found]}))
        return
    for row in found:
        used = "never used" if row.used is None else f"used {_day(row.used)}"
        typer.echo(f"{row.id} {plain(row.holder)}, {row.access.value}, {_until(row)}, {used}")
    if not found:
        typer.echo("nobody was invited yet")


@commands.command("revoke")
def revoke(
    run: Run, id: Annotated[str, typer.Argument(help="The id of a token, as the list shows it.")]
) -> None:
    """End a token at once; what its holder handed in and wrote stays."""
    from aar.cli.wording import plain
    from aar.lab import inviting

    with writing(run) as (_, store), store.write() as tx:
        row = inviting.revoke(tx, id)
    typer.echo(f"{row.id} of {plain(row.holder)} opens nothing any more")


def as_data(row: TokenRow) -> dict[str, object]:
    """What is known of a token, as JSON; times in seconds since 1970."""
    return {**vars(row), "access": row.access.value}


def _until(row: TokenRow) -> str:
    if row.revoked is not None:
        return f"revoked {_day(row.revoked)}"
    return "without an end" if row.expires is None else f"until {_day(row.expires)}"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
