"""One that had ended works again: by a person's word, or because it simply goes on.

A person's word outlives what a process that knew nothing of it says afterwards: a researcher that was let go on is
started again, unless its own process has noticed and works. One that said it had finished and goes on without anybody's
word is working again, and all the time since then counts as work.

Covered: a word that comes at any moment of the last turns, also between the last look and the end of the process. Not
covered: a lab that is killed between the two; then the next start of the run knows who goes on.
"""

from __future__ import annotations

from dataclasses import replace

from aar.database import Transaction, meta, researchers
from aar.database.researchers import Researcher

_LET_GO_ON = "let_go_on"
_ENDED_AT = "work_ended"


def let_go_on(tx: Transaction, name: str) -> None:
    """A person lets a researcher go on; one that had ended is owed a process."""
    if researchers.get(tx, name).state in ("finished", "stopped"):
        meta.put(tx, _LET_GO_ON, sorted({*_owed(tx), name}))
        meta.put(tx, _ENDED_AT, {one: at for one, at in meta.find(tx, _ENDED_AT, {}).items() if one != name})
    researchers.go_on(tx, name)


def forget(tx: Transaction, name: str) -> None:
    """A researcher is owed no process: it has one that knows, or a person wants it to end."""
    if is_owed(tx, name):
        meta.put(tx, _LET_GO_ON, [other for other in _owed(tx) if other != name])


def is_owed(tx: Transaction, name: str) -> bool:
    """True if a person has let it go on, and no process of it has taken that up yet."""
    return name in _owed(tx)


def note_ended(tx: Transaction, name: str, clock_s: float) -> None:
    """Keep the time of the run's clock at which a researcher's own word ended its work, in seconds."""
    meta.put(tx, _ENDED_AT, {**meta.find(tx, _ENDED_AT, {}), name: clock_s})


def goes_on(tx: Transaction, who: Researcher, clock_s: float) -> None:
    """It makes a call or hands something in: whatever it said of its end, it works."""
    if who.state in ("waiting", "finished"):
        if who.state == "finished" and who.works_since is None:
            worked = counted(tx, who, clock_s).worked
            researchers.note_work(tx, who.name, worked=worked, since=clock_s)
        researchers.set_state(tx, who.name, "working")


def counted(tx: Transaction, who: Researcher, clock_s: float) -> Researcher:
    """The researcher as its work counts if it goes on now: with the time since it said that it had finished."""
    if who.state != "finished" or who.works_since is not None:
        return who
    ended = float(meta.find(tx, _ENDED_AT, {}).get(who.name, clock_s))
    return replace(who, worked=who.worked + max(0.0, clock_s - ended))


def begin(tx: Transaction) -> None:
    """A run begins or goes on: whoever takes part is started, and nobody's earlier end counts."""
    meta.put(tx, _LET_GO_ON, [])
    meta.put(tx, _ENDED_AT, {})


def _owed(tx: Transaction) -> list[str]:
    return list(meta.find(tx, _LET_GO_ON, []))
