"""A person steers researchers: lets them rest, go on, stop, and tells them something. The ledger keeps each word.

Covered: a lab that runs and one that does not, researchers that are between two turns or in one (which they end), one
that had ended and goes on, also if it was just ending. Not covered: a run whose lab has ended takes up who goes on with
`aar run --resume`.
"""

from __future__ import annotations

from enum import StrEnum

from aar import ledger
from aar.database import Transaction, messages, researchers
from aar.database.progress import EndReason
from aar.errors import BadRequest
from aar.lab import coming_back
from aar.lab.intake import printable
from aar.researchers.models import POLICIES
from w2s.errors import NotFound

EVERYBODY = "all"
MOST_CHARACTERS = 2000
"""Of a message."""


class Steer(StrEnum):
    """What a person wants of a researcher."""

    PAUSE = "pause"
    """No turn after the present one; it keeps its budget, and its submissions are judged."""
    RESUME = "resume"
    """Go on; one that had ended is started again."""
    STOP = "stop"
    """End after some last turns."""
    TELL = "tell"
    """Read a message before the next turn."""


def steer(
    tx: Transaction, what: Steer, name: str, *, text: str = "", by: str = researchers.OPERATOR
) -> list[str]:
    """Do it to one researcher, or to `EVERYBODY`, for the person `by`; the names of those that it concerned.

    Raises `NotFound` for an unknown name, `BadRequest` for a message without words or with too many, or to whom
    reads none: a policy is no language model.
    """
    names = _names(tx, name)
    if what is Steer.TELL:
        names = [one for one in names if researchers.get(tx, one).model not in POLICIES]
        if not names:
            raise BadRequest(f"{name} is driven by a policy, which reads no messages")
        text = "\n".join(filter(None, map(printable, text.splitlines())))
        if not 1 <= len(text) <= MOST_CHARACTERS:
            raise BadRequest(f"a message has 1 to {MOST_CHARACTERS} characters, this one has {len(text)}")
    for one in names:
        if what is Steer.PAUSE:
            researchers.pause(tx, one)
        elif what is Steer.RESUME:
            coming_back.let_go_on(tx, one)
        elif what is Steer.STOP:
            coming_back.forget(tx, one)
            researchers.set_state(tx, one, "stopped", reason=EndReason.BY_A_PERSON)
        else:
            messages.add(
                tx,
                one,
                text if by == researchers.OPERATOR else f"{by}, who takes part as a guest, says: {text}",
            )
    said = {"what": what.value, "researchers": names, "text": text}
    ledger.append(tx, "note", {"steered": said if by == researchers.OPERATOR else {**said, "by": by}})
    return names


def _names(tx: Transaction, name: str) -> list[str]:
    team = [row.name for row in researchers.team(tx)]
    if name == EVERYBODY and team:
        return team
    if name not in team:
        raise NotFound.among("researcher", name, [*team, EVERYBODY])
    return [name]
