"""Alembic runs this file; the revisions work in the transaction that `aar.database.migrations.run` was given."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
