"""Where guests find a lab: noted when it opens, so that an invitation can say it."""

from __future__ import annotations

from aar import database
from aar.database import Transaction, meta
from aar.folder import LabFolder
from aar.guest_address import USUAL


def note(folder: LabFolder, url: str) -> None:
    """The lab in `folder` is open at `url`."""
    store = database.open(folder.storage)
    with store.write() as tx:
        meta.put(tx, "address", url)
    store.close()


def address(tx: Transaction) -> str:
    """Where the lab was open last; the usual address of one that never was."""
    return str(meta.find(tx, "address", USUAL))
