"""Digest of items and truth in the ledger, so that they cannot be changed unseen.

The digest is keyed by the vault's secret, so that nobody can try labels against it.

Covered: truth or items that are changed after the scorer's first look, when it starts again and in `aar ledger
verify`. Not covered: a change of the vault before that, or of the ledger too; floors and ceilings, which
carry keys of what they were made from (`reference_keys`).
"""

from __future__ import annotations

import hashlib
import hmac

from aar import ledger
from aar.database import Database, Transaction
from aar.errors import BrokenChain
from aar.scoring.truth.vault import Vault

NAME = "truth"


def commit(database: Database, vault: Vault) -> None:
    """Note the digest in the ledger, once; `BrokenChain` if the one noted before is another."""
    with database.write() as tx:
        if not _holds(tx, vault):
            ledger.append(tx, "note", {NAME: digest(vault)})


def check(database: Database, vault: Vault) -> bool:
    """True if the vault is known to be the one that was scored with; `BrokenChain` if it is another.

    False where no scorer has looked yet.
    """
    with database.read() as tx:
        return _holds(tx, vault)


def digest(vault: Vault) -> str:
    """Keyed SHA-256 of items and truth."""
    content = b"".join((vault.path / name).read_bytes() for name in ("items.json", "truth.json"))
    return hmac.new(vault.bytes_for("commitment"), content, hashlib.sha256).hexdigest()


def _holds(tx: Transaction, vault: Vault) -> bool:
    noted = next((e for e in ledger.entries(tx) if e.kind == "note" and NAME in e.body), None)
    if noted is None:
        return False
    if not hmac.compare_digest(str(noted.body[NAME]), digest(vault)):
        raise BrokenChain(
            f"items or truth in {vault.path} are not those of entry {noted.seq}, with which this lab was scored; "
            "put them back, or begin a new lab"
        )
    return True
