"""Requests of the person who runs the lab: the functions behind every door. Answers may hold figures."""

# no `from __future__ import annotations`: pydantic reads the types of these fields when the classes are made

from aar.database import researchers
from aar.lab import calls, cancellation, coming_back, standings
from aar.lab.intake import Lab, printable
from aar.lab.view import View


class Cancelled(View):
    """Result of a cancellation: ids of submissions, numbers of runs that waited and that were under way."""

    submissions: tuple[str, ...]
    queued: int
    running: int


def author(lab: Lab, *, fresh: bool) -> str:
    """The name under which a person hands methods in; `fresh` ones are compared with vanilla, not with the record."""
    name = researchers.FRESH if fresh else researchers.OPERATOR
    with lab.database.write() as tx:
        researchers.add(tx, name)
    return name


def cancel(lab: Lab, what: str, *, reason: str) -> Cancelled:
    """End a submission, a practice run, or everything of a researcher."""
    with lab.database.write() as tx:
        ended = cancellation.cancel(tx, what, reason=printable(reason))
    return Cancelled(submissions=ended.submissions, queued=ended.queued, running=ended.running)


def stop(lab: Lab, researcher: str) -> None:
    """Note that a researcher's process will not work any more; its own word that it has finished stands.

    One that a person has let go on since waits for its next process.
    """
    with lab.database.write() as tx:
        calls.lose(tx, lab.folder, lab.prices, researcher=researcher)
        who = researchers.get(tx, researcher)
        if who.state == "finished":
            return
        owed = coming_back.is_owed(tx, researcher) and standings.may_go_on(lab, tx, who)
        researchers.set_state(tx, researcher, "waiting" if owed else "stopped")


def restart(lab: Lab, researcher: str) -> None:
    """Note that a researcher's process has ended, before the next one begins; the call that it was in is charged."""
    with lab.database.write() as tx:
        state = researchers.get(tx, researcher).state
        coming_back.forget(tx, researcher)
        calls.lose(tx, lab.folder, lab.prices, researcher=researcher)
        if state in researchers.AT_WORK:  # why the earlier process ended is history
            researchers.set_state(tx, researcher, "working")
