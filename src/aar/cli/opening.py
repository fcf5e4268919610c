"""A run folder that a command reads or writes a word into, while its lab runs or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aar.database import Database
    from aar.folder import LabFolder


@contextmanager
def opened(run: Path) -> Iterator[tuple[LabFolder, Database]]:
    """The folder of a lab and its database, open within the block."""
    from aar import database
    from aar.folder import LabFolder

    folder = LabFolder(run.resolve())
    folder.read_description()
    store = database.open(folder.storage)
    try:
        yield folder, store
    finally:
        store.close()


@contextmanager
def writing(run: Path) -> Iterator[tuple[LabFolder, Database]]:
    """Open for one word; where no lab runs, the ledger's second copy follows here."""
    from aar.cli.mirror import follow

    with opened(run) as (folder, store):
        yield folder, store
        follow(store, folder)
