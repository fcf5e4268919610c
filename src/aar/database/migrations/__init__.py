"""Alembic brings a database of an earlier format up to date, one revision a format: nobody's lab is orphaned.

`versions/format_NNNN.py` holds what changed from the format before to format NNNN. To add one:

1. raise `aar.database.connection.FORMAT` and change `aar.database.schema`;
2. write `versions/format_NNNN.py` with `revision = "NNNN"`, `down_revision` the format before, and `upgrade()`;
3. never import records or tables of today in it: a revision must do the same in ten years. Name tables and columns
   as strings, or describe the few columns that it reads with `sa.table` and `sa.column`.

The format in the table `meta` is the one truth. Alembic's own table `alembic_version` exists only while revisions run.

Covered: databases from format 4 on (version 0.1). Not covered: older ones, and the way back (a copy of the file as it
was is set aside before anything is changed: put it back, and use the version of `aar` that wrote it).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config

OLDEST = 4
"""The first format that can be brought up to date."""


def run(connection: sa.Connection, *, start: int) -> None:
    """Take every revision from format `start` to the newest one, within the transaction of `connection`.

    Only a database that is out of date pays for the import of Alembic.
    """
    from alembic import command

    config = configuration(connection)
    command.stamp(config, _revision(start), purge=True)
    command.upgrade(config, "head")
    newest = connection.scalar(sa.select(_version.c.version_num))
    _version.drop(connection)
    connection.execute(_meta.update().where(_meta.c.key == "format").values(value=int(str(newest))))


def configuration(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration; `env.py` works on `connection`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _revision(format: int) -> str:
    return f"{format:04}"


# described here and not taken from `schema`: these two must stay readable in every format
_version = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String))
_meta = sa.table("meta", sa.column("key", sa.String), sa.column("value", sa.JSON))
