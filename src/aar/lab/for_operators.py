"""What the person who runs the lab may ask of it: the functions behind every door. Answers may hold figures."""

from __future__ import annotations

from aar.database import researchers
from aar.lab import cancellation
from aar.lab.intake import Lab, printable


def author(lab: Lab, *, fresh: bool) -> str:
    """The name under which a person hands methods in; `fresh` ones are compared with vanilla, not with the record."""
    name = researchers.FRESH if fresh else researchers.OPERATOR
    with lab.database.write() as tx:
        researchers.add(tx, name)
    return name


def cancel(lab: Lab, what: str, *, reason: str) -> cancellation.Cancelled:
    """End a submission, a practice run, or everything of a researcher."""
    with lab.database.write() as tx:
        return cancellation.cancel(tx, what, reason=printable(reason))


def stop(lab: Lab, researcher: str) -> None:
    """Note that a researcher's process will not work any more; its own word that it has finished stands."""
    with lab.database.write() as tx:
        if researchers.get(tx, researcher).state != "finished":
            researchers.set_state(tx, researcher, "stopped")
