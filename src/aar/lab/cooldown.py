"""A researcher whose methods keep failing waits, longer each time, so that the others' runs go on.

Two failures in a row cost nothing; with the third, nothing of that researcher's is taken in or started for
`FIRST_WAIT_SECONDS`, and twice as long with each further one. One run that ends well closes the account.

Covered: code that fails again and again, in practice or on dev; a failing submission counts once, however
many seeds it fails on; a clock that is set back while somebody waits. Lost and cancelled runs do not count. Not
covered: confirmations (their code has worked on dev), what the lab itself or a person hands in.
"""

from __future__ import annotations

from aar.database import Transaction, clock, researchers, runs
from aar.database.researchers import MOST_WAIT_SECONDS, Researcher, Role
from aar.errors import NotNow

FREE_FAILURES = 2
FIRST_WAIT_SECONDS = 5.0


def wait_after(failures: int) -> float:
    """Seconds that a researcher waits after so many failures in a row.

    >>> [wait_after(n) for n in (1, 2, 3, 4, 5, 20)]
    [0.0, 0.0, 5.0, 10.0, 20.0, 300.0]
    """
    over = failures - FREE_FAILURES
    return 0.0 if over <= 0 else min(MOST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(over - 1, 30))


def note(tx: Transaction, run: runs.Run, *, worked: bool) -> None:
    """Count an end of a run that is the method's own: it worked, or it failed."""
    author = researchers.get(tx, run.researcher)
    if author.role is not Role.RESEARCHER:
        return
    if worked:
        researchers.forget_failures(tx, run.researcher)
        return
    before = author.failures
    siblings = runs.all(tx, code_hash=run.code_hash, split=run.split)
    if any(sibling.state == "failed" and sibling.key != run.key for sibling in siblings):
        return
    wait = wait_after(before + 1)
    until = clock.now() + wait if wait else None
    researchers.set_failures(tx, run.researcher, before + 1, waits_until=until)


def seconds_left(who: Researcher) -> float:
    """Seconds that a researcher still has to wait; 0.0 if it may go on."""
    left = (who.waits_until or 0.0) - clock.now()
    return left if 0.0 < left <= MOST_WAIT_SECONDS else 0.0


def refuse_while_waiting(who: Researcher) -> None:
    """`NotNow` with the time to come back, while the researcher has to wait."""
    left = seconds_left(who)
    if left > 0:
        raise NotNow(
            f"the last {who.failures} methods of {who.name} failed one after the other; come back in {left:.0f} s "
            "with the fault found (a run that ends well ends the waiting)"
        )
