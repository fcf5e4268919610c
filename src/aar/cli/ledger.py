"""`aar ledger`: check that nothing that counts was changed after it was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from aar.cli import app

ledgers = typer.Typer(help="The append-only, hash-chained record of a run.", no_args_is_help=True)
app.add_typer(ledgers, name="ledger")


@ledgers.command("verify")
def verify(
    run: Path,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")] = False,
) -> None:
    """Check the hashes of the chain, rows and arrays that it speaks of, the mirror, and what replies told of labels."""
    from aar import database
    from aar.folder import LabFolder
    from aar.ledger import Ledger

    folder = LabFolder(run.resolve())
    folder.read_description()
    store = database.open(folder.database)
    found = Ledger(store).verify(mirror=folder.ledger, blobs=folder.blobs)
    store.close()
    typer.echo(f"{found.entries} entries hold; head {found.head}")
    for split, leak in found.leaks.items():
        typer.echo(f"{split}: {leak}")
    if as_json:
        told = {
            split: {**vars(leak), "most_gain": round(leak.most_gain, 4)}
            for split, leak in found.leaks.items()
        }
        kinds = dict(found.kinds)
        typer.echo(json.dumps({"entries": found.entries, "head": found.head, "kinds": kinds, "leaked": told}))


@ledgers.command("overrule")
def overrule(
    run: Path,
    submission: str,
    status: Annotated[str, typer.Option(help="verified, violation, not_reproduced or no_improvement.")],
    note: Annotated[str, typer.Option(help="Why; the ledger keeps it for ever.")],
) -> None:
    """Give a decided submission another status on your word: what the audits found stays beside it."""
    from aar import database
    from aar.errors import BadRequest
    from aar.folder import LabFolder
    from aar.ledger import record_overruling

    known = ("verified", "violation", "not_reproduced", "no_improvement")
    wanted = next((word for word in known if word == status), None)
    if wanted is None:
        raise BadRequest(f"there is no status {status!r} to give; one of {', '.join(known)}")
    folder = LabFolder(run.resolve())
    folder.read_description()
    store = database.open(folder.database)
    with store.write() as tx:
        record_overruling(tx, submission, status=wanted, note=note)  # type: ignore[arg-type]
    store.close()
    typer.echo(f"{submission} is {wanted} now; the note is in the ledger")
