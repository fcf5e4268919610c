"""Runs of one code with the seeds that were drawn for another: are the two nearly the same method?

Such a run stands under an intervention of this name, apart from those that decide anything.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from aar.database.connection import Transaction
from aar.database.schema import meta

_PREFIX = "seeds of "
_ASKED = "recomputed runs of "


def with_seeds_of(code_hash: str) -> str:
    """The intervention of a run with the seeds and the salt of another code.

    >>> with_seeds_of("c0de")
    'seeds of c0de'
    """
    return _PREFIX + code_hash


def recomputed_of(intervention: str) -> str | None:
    """Whose seeds a run has that are not its own code's; None for every other run.

    >>> recomputed_of("seeds of c0de"), recomputed_of("blind")
    ('c0de', None)
    """
    return intervention.removeprefix(_PREFIX) if intervention.startswith(_PREFIX) else None


def asked_key(submission: str) -> str:
    """Where the scorer says which runs of a submission it needs with another code's seeds: [code hash, count]."""
    return _ASKED + submission


def asked(tx: Transaction) -> Mapping[str, tuple[str, int]]:
    """What the scorer needs, by submission: whose seeds, and how many runs."""
    rows = tx.execute(sa.select(meta.c.key, meta.c.value).where(meta.c.key.startswith(_ASKED)))
    return {key.removeprefix(_ASKED): (str(value[0]), int(value[1])) for key, value in rows}
