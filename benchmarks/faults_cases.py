"""The faults of `faults.py`: what a provider does, or what its model does, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fake_lab import FakeLab
from provider_servers import DROPPED, HANG, OVERFLOW, SLOW, Answer, Cut, Fault, Refuse, Say, Turn, Use, error

from aar.researchers.waits import Waits

COMPRESSED = 100.0
_REAL = Waits()
WAITS = Waits(
    **{
        name: seconds / COMPRESSED
        for name, seconds in vars(_REAL).items()
        if name not in ("attempt", "most_told")
    },
    attempt=2.0,
    most_told=_REAL.most_told,
)
"""Waits of a session, a hundredth of the real ones; a call that hangs is cut off after two seconds."""
PASSING_S, LASTING_S = 6.0, 12.0
"""Outages: ten minutes and twenty, compressed."""
WORK = Use.one("my_status")
Faulty = Callable[[int, float], Fault | None]
Script = Callable[[Turn], Answer]


@dataclass(frozen=True)
class Case:
    """One fault.

    Attributes:
        name: What happens.
        fault: What goes wrong with the n-th request, at some seconds since the first.
        script: What the model does.
        outage: Seconds after which the provider answers again; None where that is no question.
        turns: Answers after which the lab is over; None: it is over once the researcher has rested or ended.
        usd: The budget.
        messages: Messages that a session may have.
        late: Seconds before anybody listens on the provider's port.
        lab_down: Requests that the lab answers with 503, from the third turn on.
        protocol: Whether it is worth a row for each protocol.
    """

    name: str
    fault: Faulty = lambda number, seconds: None
    script: Script = lambda turn: WORK
    outage: float | None = None
    turns: int | None = 6
    usd: float | None = None
    messages: int = 1000
    late: float = 0.0
    lab_down: int = 0
    protocol: bool = False


def during(fault: Fault, *, seconds: float, begin: int = 1) -> Faulty:
    """The fault from a request on, for so long."""
    return lambda number, now: fault if number >= begin and now < seconds else None


def once(fault: Fault, *, at: int = 2) -> Faulty:
    """The fault of one request."""
    return lambda number, seconds: fault if number == at else None


def at_first(*answers: Answer, then: Answer = WORK) -> Script:
    """These answers, then another for ever."""
    return lambda turn: answers[turn.number] if turn.number < len(answers) else then


PROVIDER = (
    Case("nothing goes wrong", protocol=True),
    Case("429 with retry-after: 3 s", once(error(429, retry_after=3.0))),
    Case("429 for 10 min", during(error(429), seconds=PASSING_S), outage=PASSING_S, protocol=True),
    Case("529 for 10 min", during(error(529), seconds=PASSING_S), outage=PASSING_S),
    Case("500 for 10 min", during(error(500), seconds=PASSING_S), outage=PASSING_S),
    Case("nobody listens for 10 min", late=PASSING_S, outage=PASSING_S),
    Case(
        "connection dropped in an answer, twice", lambda n, s: DROPPED if n in (4, 5) else None, protocol=True
    ),
    Case("a call that hangs", once(HANG, at=4)),
    Case("a slow stream", once(SLOW)),
    Case("401 for 20 min, then the key works", during(error(401), seconds=LASTING_S), outage=LASTING_S),
    Case("404 for 20 min, then the model is there", during(error(404), seconds=LASTING_S), outage=LASTING_S),
    Case(
        "no credit for 20 min",
        during(error(400, credit=True), seconds=LASTING_S),
        outage=LASTING_S,
        protocol=True,
    ),
    Case("401 until the lab is over", lambda n, s: error(401) if n else None, turns=None),
    Case("400, the request is malformed, for ever", lambda n, s: error(400) if n else None, turns=None),
    Case(
        "a prompt that is too long, once", once(OVERFLOW, at=3), at_first(WORK, WORK, WORK, Say("a summary"))
    ),
    Case("a prompt that is too long, always", lambda n, s: OVERFLOW, turns=None, protocol=True),
)
MODEL = (
    Case("the model declines from the start", script=lambda turn: Refuse(), turns=None),
    Case("the model declines after some work", script=at_first(WORK, WORK, then=Refuse()), turns=None),
    Case("only talks", script=lambda turn: Say("Let me think."), turns=None),
    Case("unknown tools", script=lambda turn: Use.one("Bash", command="ls"), turns=None),
    Case("invalid arguments", script=lambda turn: Use.one("bash", cmd="ls"), turns=None),
    Case(
        "the same failing command", script=lambda turn: Use.one("bash", command="python3 no.py"), turns=None
    ),
    Case("texts cut off at the limit", script=lambda turn: Cut("word " * 200), turns=None),
    Case(
        "a call cut off at the limit, once",
        script=at_first(Cut(call=("write_file", {"path": "method.py"}))),
    ),
    Case("the money is spent", usd=0.12, turns=None),
    Case("too many messages", messages=14, turns=None),
    Case("the lab is away for some seconds", lab_down=8),
)


@dataclass
class Ending:
    """Ends the lab of a case at the right time; its script is the case's."""

    case: Case
    lab: FakeLab
    answered: list[float] = field(default_factory=list)

    def script(self, turn: Turn) -> Answer:
        """The model's next answer."""
        if self.case.turns is not None and turn.number >= self.case.turns:
            self.lab.stopped = "submissions"
        if self.case.lab_down and turn.number == 2:
            self.lab.down = self.case.lab_down
        return self.case.script(turn)
