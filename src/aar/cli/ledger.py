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
    """Check the chain's hashes, the rows, arrays and truth that it speaks of, the mirror, and what replies told."""
    from aar import database
    from aar.errors import BrokenChain
    from aar.folder import LabFolder
    from aar.lab.going_on import recorded_settings
    from aar.launch.reserved import may_run
    from aar.ledger import Ledger, entries
    from aar.scoring.truth import truth_digest
    from aar.scoring.truth.vault import Vault

    folder = LabFolder(run.resolve())
    stated = folder.read_description().get("settings")
    goes_on = may_run(folder)
    store = database.open(folder.storage)
    result = Ledger(store).verify(mirror=folder.ledger, blobs=folder.blobs)
    vault = Vault(folder.vault)
    with store.read() as tx:
        recorded = recorded_settings(list(entries(tx)))
    truth = vault.prepared and truth_digest.check(store, vault)
    store.close()
    typer.echo(f"{result.entries} entries hold; head {result.head}")
    mirrored = result.mirrored or 0
    lacking = result.entries - mirrored
    if lacking and goes_on:
        typer.echo(
            f"not held against a second copy: {lacking} of the entries, which {folder.ledger.name} lacks (the lab that "
            "runs writes them within seconds)"
        )
    if isinstance(stated, dict):
        for name in sorted(name for name, value in recorded.items() if stated.get(name, value) != value):
            typer.echo(
                f"{folder.description.name} says {name} is {json.dumps(stated[name])}, the ledger says "
                f"{json.dumps(recorded[name])}: it was changed since the lab last started"
            )
    if not truth:
        typer.echo("not checked: the truth, which is not here or was never scored with")
    if result.gone:
        typer.echo(
            f"not checked: the arrays of {result.gone} runs, which are gone; their verdicts cannot be made again"
        )
    for split, leak in result.leaks.items():
        typer.echo(f"{split}: {leak}")
    if as_json:
        leaked = {
            split: {**vars(leak), "most_gain": round(leak.most_gain, 4)}
            for split, leak in result.leaks.items()
        }
        kinds = dict(result.kinds)
        values = {"entries": result.entries, "head": result.head, "kinds": kinds, "leaked": leaked}
        typer.echo(
            json.dumps({**values, "mirrored": mirrored, "arrays_gone": result.gone, "truth_checked": truth})
        )
    if lacking and not goes_on:
        raise BrokenChain(
            f"{folder.ledger.name} lacks the last {lacking} entries, and no lab runs that would write them: it was "
            "cut, or the lab was killed before it wrote them; compare the head with the one in the report"
        )


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
    from aar.ledger import Ledger, record_overruling
    from aar.reports import write_report
    from aar.settings import settings_of

    known = ("verified", "violation", "not_reproduced", "no_improvement")
    wanted = next((word for word in known if word == status), None)
    if wanted is None:
        raise BadRequest(f"there is no status {status!r} to give; one of {', '.join(known)}")
    folder = LabFolder(run.resolve())
    settings_of(folder)
    store = database.open(folder.storage)
    with store.write() as tx:
        record_overruling(tx, submission, status=wanted, note=note)  # type: ignore[arg-type]
    Ledger(store).export_jsonl(folder.ledger)
    store.close()
    typer.echo(f"{submission} is {wanted} now; the note is in the ledger and its mirror")
    if folder.report.exists():
        typer.echo(f"report written anew: {write_report(folder.path)}")
