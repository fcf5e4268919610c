"""The embedded policy decides the next tool call from what the tools told it: read, write, try, submit, tell.

A step is a function of the memory, the last tool's answer, the seed and the researcher's name: no clock,
no files, no network, no model. Draws come from a generator seeded with (seed, name, number of the draw), so
two seeds give different lineages, and the same reading gives the same call.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aar.researchers.evolution import reading
from aar.researchers.evolution.calls import Call, Calls
from aar.researchers.evolution.genome import BadGenome, from_source
from aar.researchers.evolution.memory import Memory
from aar.researchers.evolution.searches import Search
from aar.researchers.refusals import Refusal

MOST_DROPPED_IN_A_ROW = 6
_SEARCHING = ("status", "look", "ranks", "fetch", "read", "write", "practice", "tell_error", "submit")
"""Phases that lead to a next method, and so to nothing once the lab has stopped."""

_THEN = {
    "start": "wake",
    "ranks": "fetch",
    "save": "diary",
    "tell": "respond",
    "respond": "vote",
    "vote": "insight",
    "insight": "save",
    "close": "save",
    "finish": "status",
}
"""Next phase where the answer decides nothing, or where a phase had nothing to do."""


@dataclass(frozen=True)
class Answer:
    """Result of the last tool call: its text, or its error, with the lab's code if the lab declined."""

    text: str = ""
    error: str = ""
    refusal: Refusal | None = None

    def json(self) -> dict[str, Any]:
        """The text as a JSON object, empty if it is none."""
        try:
            value = json.loads(self.text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class Policy:
    """Embedded policy: the researcher it acts for, the seed of its draws, a method's highest cost (in fine-tunes)."""

    def __init__(
        self, *, researcher: str, seed: int, most_cost: float = 3.0, search: Search = Search.EVOLUTION
    ) -> None:
        self.researcher, self.search = researcher, search
        self._calls = Calls(researcher=researcher, seed=seed, most_cost=most_cost, search=search)
        self._after: dict[str, Callable[[Memory, Answer], str]] = {
            "wake": self._woken,
            "status": self._seen_status,
            "look": self._looked,
            "ranks": self._seen_ranks,
            "fetch": self._fetched,
            "read": self._read,
            "write": self._written,
            "practice": self._practised,
            "tell_error": lambda memory, _: self._decide(memory),
            "submit": self._submitted,
            "await": self._awaited,
            "diary": self._kept,
            "rest": self._rested,
        }

    def step(self, memory: Memory, answer: Answer) -> Call:
        """Take in the last answer, change `memory`, and give the next call."""
        after = self._after.get(memory.phase)
        phase = after(memory, answer) if after else _THEN.get(memory.phase, "status")
        if memory.stop and phase in _SEARCHING:
            phase = self._decide(memory)
        while (call := self._calls.call(phase, memory)) is None:
            phase = _THEN[phase] if phase in _THEN and phase != "close" else self._decide(memory)
        memory.phase = phase
        return call

    def _woken(self, memory: Memory, answer: Answer) -> str:
        stored = None if answer.error else Memory.from_json(answer.text)
        if stored is not None:
            vars(memory).update(vars(stored))
            memory.draft = None
            memory.stop = memory.leaves = memory.spent = (
                False  # what an earlier start was told; the lab says it anew
            )
        return "status"

    def _seen_status(self, memory: Memory, answer: Answer) -> str:
        reading.take_status(memory, answer.json(), self.researcher)
        memory.forum = memory.forum and self.search.learns
        memory.fetched = 0
        return "look" if memory.forum else "ranks"

    def _looked(self, memory: Memory, answer: Answer) -> str:
        if answer.error:
            memory.forum = False
        reading.take_posts(memory, answer.json())
        return "ranks"

    def _seen_ranks(self, memory: Memory, answer: Answer) -> str:
        reading.take_ranks(memory, answer.json())
        return "fetch"

    def _fetched(self, memory: Memory, answer: Answer) -> str:
        known = memory.submissions[memory.reading]
        known.read = True
        submission = answer.json()
        known.researcher = known.researcher or str(submission.get("researcher", ""))[:40]
        known.title = known.title or str(submission.get("title", ""))[:200]
        return "fetch" if answer.error else "read"

    def _read(self, memory: Memory, answer: Answer) -> str:
        try:
            memory.submissions[memory.reading].genome = from_source(answer.text)
        except BadGenome:
            # Not written by a policy of this kind: its status and what is said of it still count.
            memory.submissions[memory.reading].genome = None
        return "fetch"

    def _written(self, memory: Memory, answer: Answer) -> str:
        if answer.error:
            memory.draft = None
            return "rest"
        return "practice" if memory.practice_open else self._accepted(memory)

    def _practised(self, memory: Memory, answer: Answer) -> str:
        draft = memory.draft
        if draft is None:
            return self._decide(memory)
        if answer.refusal is Refusal.OVER_BUDGET:
            memory.practice_open = False
            return self._accepted(memory)
        if answer.refusal is Refusal.NOT_NOW:
            memory.draft = None
            return "rest"
        trouble = answer.error or reading.practice_trouble(answer.json())
        if not trouble:
            draft.agreement = reading.number(answer.json().get("agreement_with_weak"), -1.0)
            return self._accepted(memory)
        memory.dropped += 1
        memory.dropped_in_a_row += 1
        memory.failures.append(draft.genome)
        memory.last_error = trouble[:300]
        if memory.forum and trouble[:60] not in memory.errors_told:
            memory.errors_told.append(trouble[:60])
            return "tell_error"
        memory.draft = None
        return self._decide(memory)

    def _accepted(self, memory: Memory) -> str:
        memory.ready, memory.draft = memory.draft, None
        memory.dropped_in_a_row = 0
        return self._decide(memory)

    def _submitted(self, memory: Memory, answer: Answer) -> str:
        draft, memory.ready = memory.ready, None
        name = str(answer.json().get("submission", ""))
        if answer.refusal is Refusal.NOT_NOW:
            memory.ready = draft
            return "rest"
        if answer.error or not name or draft is None:
            # Kept apart from what is left, which the lab says anew each time: others can use up what all may.
            memory.spent = memory.spent or answer.refusal is Refusal.OVER_BUDGET
            return "status"
        status = str(answer.json().get("status", "pending"))
        reading.take_own(memory, name, draft, status, self.researcher)
        memory.pending, memory.pending_draft = name, draft
        memory.submissions_left -= 1
        return "save"

    def _awaited(self, memory: Memory, answer: Answer) -> str:
        submission = answer.json()
        status = str(submission.get("status", "pending"))
        known = memory.submissions.get(memory.pending)
        if known is None:
            memory.pending = ""
        if answer.error:
            return "rest"
        if status == "pending" or known is None:
            return "status"
        known.status, memory.reply = status, str(submission.get("reply", ""))[:400]
        known.score = reading.score(submission, known.score)
        memory.stop = memory.stop or bool(submission.get("stop"))
        memory.verdicts += 1
        if status == "verified" and memory.ready is not None and self.search.learns:
            # A record changes what is worth trying: think again.
            memory.tried.remove(memory.ready.genome.key())
            memory.ready = None
        return "tell"

    def _kept(self, memory: Memory, answer: Answer) -> str:
        return self._decide(memory) if memory.over else "status"

    def _rested(self, memory: Memory, answer: Answer) -> str:
        if answer.error:
            return "status"
        return self._seen_status(memory, answer)

    def _decide(self, memory: Memory) -> str:
        if memory.ready is not None and memory.ready.genome.key() in reading.keys_of(memory):
            memory.ready = None  # it went in before a restart, or someone else was first
        stuck = memory.dropped_in_a_row >= MOST_DROPPED_IN_A_ROW
        if memory.pending and not memory.leaves:
            return "await" if memory.ready or stuck or not memory.may_submit else "write"
        if not memory.may_submit:
            if not memory.closed and memory.forum and memory.verdicts > 0:
                return "close"
            return "finish" if memory.over else "rest"
        if memory.wait_seconds > 0:
            return "rest"
        if memory.ready is not None:
            return "submit"
        if stuck:
            memory.dropped_in_a_row = 0
            return "rest"
        return "write"
