"""Invitations to one study: tokens for researchers from elsewhere, for people and for viewers.

Covered: more researchers than the study has places for, of whom each would have a part of its level to be lucky with;
names that would be taken for somebody else's; a second token for the same holder; a token that is revoked
while its holder is at work (its next request is refused). Not covered: a token that somebody has copied; revoke it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aar import ledger
from aar.database import Transaction, clock, researchers, tokens
from aar.database.researchers import Role
from aar.database.tokens import Access, TokenRow
from aar.errors import BadRequest
from aar.lab.steering import EVERYBODY
from aar.settings import Settings

OUTSIDE = "outside"
"""Stands where a researcher of the run has its model: what drives one from elsewhere, nobody here knows."""
MOST_DAYS = 366.0
DAYS = 30.0
"""Days that a token holds unless somebody says otherwise."""
_DAY = 24 * 3600.0
_NAME = re.compile(r"[a-z][a-z0-9-]{1,31}", re.ASCII)
_OWN = re.compile(r"[rs][0-9]+|[0-9a-f]{8,}", re.ASCII)
"""Researchers of the run, submissions, keys of runs: what is named by these is nobody's name."""
_TAKEN = frozenset({*researchers.RESERVED, EVERYBODY, "snapshots"})
_DRAFTS = "-practice"
"""What researchers try is kept under such names."""
_ROLES = {Access.RESEARCHER: Role.RESEARCHER, Access.PERSON: Role.PERSON}


@dataclass(frozen=True)
class Invited:
    """A new token: its text, which is told this once, and what the lab knows of it."""

    text: str
    token: TokenRow


def invite(
    tx: Transaction, settings: Settings, name: str, access: Access, *, days: float = DAYS, direction: str = ""
) -> Invited:
    """A token for `name`, and a place in the study for who has none yet; the ledger notes both.

    Raises `BadRequest` for a name that cannot be, or is that of somebody in another role.
    """
    _refuse_name(name)
    if not 0 < days <= MOST_DAYS:
        raise BadRequest(f"a token holds for more than 0 and at most {MOST_DAYS:.0f} days, not {days:g}")
    if direction and access is not Access.RESEARCHER:
        raise BadRequest(f"a direction is for a researcher, and {name} is to be a {access.value}")
    _refuse_other_role(tx, name, access)
    if access is Access.RESEARCHER:
        _refuse_beyond_places(tx, settings, name)
    known = researchers.roles(tx).get(name) is not None
    if known and direction:
        raise BadRequest(f"{name} has a place and its direction already; aar researcher tell reaches it")
    if access in _ROLES and not known:
        researchers.add(
            tx,
            name,
            direction=direction,
            model=OUTSIDE if access is Access.RESEARCHER else "",
            submissions=settings.submissions if access is Access.RESEARCHER else None,
            forum=settings.forum,
            outside=True,
            role=_ROLES[access],
        )
    text, row = tokens.add(tx, name, access, expires=clock.now() + days * _DAY)
    ledger.append(tx, "note", {"invited": {"name": name, "access": access.value, "token": row.id}})
    return Invited(text, row)


def revoke(tx: Transaction, id: str) -> TokenRow:
    """End a token; the ledger notes it. `NotFound` with the nearest ids."""
    before = {row.id: row for row in tokens.all(tx)}.get(id)
    row = tokens.revoke(tx, id)
    if before is not None and before.revoked is None:
        ledger.append(tx, "note", {"revoked": {"name": row.holder, "token": row.id}})
    return row


def _refuse_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name in _TAKEN or _OWN.fullmatch(name) or name.endswith(_DRAFTS):
        raise BadRequest(
            f"{name!r:.40} cannot be a guest's name; use 2 to 32 small letters, digits and hyphens, such as ada-1; "
            f"{', '.join(sorted(_TAKEN))} and r1, s1, ... are taken"
        )


def _refuse_beyond_places(tx: Transaction, settings: Settings, name: str) -> None:
    """The study's level was split over its places before anybody's first attempt: nobody may add one."""
    there = [who.name for who in researchers.team(tx) if who.outside]
    if name in there or len(there) < settings.guests:
        return
    taken = f"all {settings.guests} are taken by {', '.join(there)}" if there else "it has none"
    raise BadRequest(
        f"the study has no place for {name} as a researcher ({taken}): its level is split over the places that it "
        "began with; start another with --guests N, or invite a person or a viewer"
    )


def _refuse_other_role(tx: Transaction, name: str, access: Access) -> None:
    known = {row.access for row in tokens.all(tx) if row.holder == name}
    if known - {access}:
        raise BadRequest(f"{name} is a {known.pop().value} already; take another name for a {access.value}")
