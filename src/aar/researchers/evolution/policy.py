"""The embedded policy decides the next tool call from what the tools told it: read, write, try, submit, tell.

A step is a pure function of the memory, the last tool's answer, the seed and the researcher's name: no
clock, no files, no network, no model. Draws come from a generator seeded with (seed, name, number of the
draw), so two seeds give different lineages, and the same reading gives the same call.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aar.researchers.evolution import reading, wording
from aar.researchers.evolution.choosing import Candidate, Chooser
from aar.researchers.evolution.evidence import weigh
from aar.researchers.evolution.genome import BadGenome, from_source, in_words
from aar.researchers.evolution.memory import Draft, Memory
from aar.researchers.evolution.rendering import render

NOTEBOOK = "notebook/policy.json"
DIARY = "notebook/diary.md"
MOST_FETCHES = 3
MOST_DROPPED_IN_A_ROW = 6
VERDICT_WAIT_S = 60


@dataclass(frozen=True)
class Call:
    """The next tool call, and what it is for in words."""

    tool: str
    arguments: dict[str, Any]
    thought: str


@dataclass(frozen=True)
class Answer:
    """What the last tool call gave: its text, or what went wrong."""

    text: str = ""
    error: str = ""

    def json(self) -> dict[str, Any]:
        """The text as a JSON object, empty if it is none."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


After = Callable[[Memory, Answer], str]


class Policy:
    """Who it acts for, how its draws are seeded, and what a method may cost (in fine-tunes)."""

    def __init__(self, *, researcher: str, seed: int, most_cost: float = 3.0) -> None:
        self.researcher = researcher
        self.seed = seed
        self.most_cost = most_cost

    def step(self, memory: Memory, answer: Answer) -> Call:
        """Take in the last answer, change `memory`, and give the next call."""
        after: dict[str, After] = {
            "start": self._always("wake"),
            "wake": self._after_wake,
            "status": self._after_status,
            "look": self._after_look,
            "ranks": self._after_ranks,
            "fetch": self._after_fetch,
            "read": self._after_read,
            "write": self._after_write,
            "practice": self._after_practice,
            "tell_error": lambda memory, _: self._decide(memory),
            "submit": self._after_submit,
            "save": self._always("diary"),
            "diary": self._always("status"),
            "await": self._after_await,
            "tell": self._always("respond"),
            "respond": self._always("vote"),
            "vote": self._always("insight"),
            "insight": self._always("save"),
            "rest": self._always("status"),
        }
        phase = after.get(memory.phase, self._always("status"))(memory, answer)
        while True:
            call = self._call(phase, memory)
            if isinstance(call, Call):
                memory.phase = phase
                return call
            phase = call

    # What each answer changes, and which phase comes next.

    @staticmethod
    def _always(phase: str) -> After:
        return lambda memory, answer: phase

    def _after_write(self, memory: Memory, answer: Answer) -> str:
        if answer.error:
            memory.draft = None
            return "rest"
        return "practice" if memory.practice_open else self._accepted(memory)

    def _after_wake(self, memory: Memory, answer: Answer) -> str:
        found = None if answer.error else Memory.from_json(answer.text)
        if found is not None:
            memory.__dict__.update(found.__dict__)
            memory.draft = None
        return "status"

    def _after_status(self, memory: Memory, answer: Answer) -> str:
        reading.take_status(memory, answer.json(), self.researcher)
        memory.fetched = 0
        return "look" if memory.forum else "ranks"

    def _after_look(self, memory: Memory, answer: Answer) -> str:
        if answer.error:
            memory.forum = False
        reading.take_posts(memory, answer.json())
        return "ranks"

    def _after_ranks(self, memory: Memory, answer: Answer) -> str:
        reading.take_ranks(memory, answer.json())
        return "fetch"

    def _after_fetch(self, memory: Memory, answer: Answer) -> str:
        known = memory.submissions[memory.reading]
        known.read = True
        found = answer.json()
        known.researcher = known.researcher or str(found.get("researcher", ""))[:40]
        known.title = known.title or str(found.get("title", ""))[:200]
        return "fetch" if answer.error else "read"

    def _after_read(self, memory: Memory, answer: Answer) -> str:
        try:
            memory.submissions[memory.reading].genome = from_source(answer.text)
        except BadGenome:
            # Not written by a policy of this kind: its status and its title still count.
            memory.submissions[memory.reading].genome = None
        return "fetch"

    def _after_practice(self, memory: Memory, answer: Answer) -> str:
        draft = memory.draft
        if draft is None:
            return self._decide(memory)
        if answer.error and "budget" in answer.error.lower():
            memory.practice_open = False
            return self._accepted(memory)
        trouble = answer.error or reading.practice_trouble(answer.json())
        if not trouble:
            draft.agreement = reading.number(answer.json().get("agreement_with_weak"), -1.0)
            return self._accepted(memory)
        memory.draft = None
        memory.dropped += 1
        memory.dropped_in_a_row += 1
        memory.failures.append(draft.genome)
        memory.last_error = trouble[:300]
        key = trouble[:60]
        if memory.forum and key not in memory.errors_told:
            memory.errors_told.append(key)
            memory.draft = draft
            return "tell_error"
        return self._decide(memory)

    def _accepted(self, memory: Memory) -> str:
        memory.ready, memory.draft = memory.draft, None
        memory.dropped_in_a_row = 0
        return self._decide(memory)

    def _after_submit(self, memory: Memory, answer: Answer) -> str:
        draft, memory.ready = memory.ready, None
        name = str(answer.json().get("submission", ""))
        if answer.error or not name or draft is None:
            if "budget" in answer.error.lower():
                memory.submissions_left = 0
            return "status"
        reading.take_own(memory, name, draft, str(answer.json().get("status", "pending")), self.researcher)
        memory.pending, memory.pending_draft = name, draft
        memory.submitted_at = memory.minutes_left
        memory.submissions_left -= 1
        return "save"

    def _after_await(self, memory: Memory, answer: Answer) -> str:
        found = answer.json()
        status = str(found.get("status", "pending"))
        known = memory.submissions.get(memory.pending)
        if answer.error or status == "pending" or known is None:
            return "status"
        known.status, memory.reply = status, str(found.get("reply", ""))[:400]
        memory.verdicts += 1
        if status == "verified" and memory.ready is not None:
            # A record changes what is worth trying: think again.
            memory.tried.remove(memory.ready.genome.key())
            memory.ready = None
        return "tell"

    def _decide(self, memory: Memory) -> str:
        if memory.ready is not None and memory.ready.genome.key() in reading.keys_of(memory):
            memory.ready = None  # it went in before a restart, or someone else was first
        stuck = memory.dropped_in_a_row >= MOST_DROPPED_IN_A_ROW
        if memory.pending:
            return "await" if memory.ready or stuck or not self._time_for(memory, 2) else "write"
        if not self._time_for(memory, 1):
            return "rest"
        if memory.ready is not None:
            return "submit"
        if stuck:
            memory.dropped_in_a_row = 0
            return "rest"
        return "write"

    def _time_for(self, memory: Memory, submissions: int) -> bool:
        enough = memory.minutes_left > submissions * memory.verdict_minutes + 0.1
        return enough and memory.submissions_left >= submissions - (1 if memory.pending else 0)

    # The call of each phase, or the phase to go to instead.

    def _call(self, phase: str, memory: Memory) -> Call | str:
        if phase == "write":
            return self._write(memory)
        if phase == "fetch":
            return self._fetch(memory)
        if phase in ("tell", "respond", "vote", "insight", "tell_error"):
            return self._tell(phase, memory)
        over = phase == "rest" and not self._time_for(memory, 1)
        if over and not memory.closed and memory.verdicts > 0 and memory.forum:
            memory.closed = True
            return Call("post_finding", _post(wording.insight(memory, self._evidence(memory))), "sum up")
        draft = memory.draft
        simple = {
            "wake": lambda: Call("read_file", {"path": NOTEBOOK}, "see whether an earlier start left notes"),
            "status": lambda: Call("my_status", {}, "see what is left of time and budget"),
            "look": lambda: Call("read_forum", {"after": memory.last_post}, "read what others found"),
            "ranks": lambda: Call("leaderboard", {}, "see which submissions stand"),
            "read": lambda: Call(
                "read_file",
                {"path": f"others/{memory.reading}/method.py"},
                f"read the code of {memory.reading}",
            ),
            "practice": lambda: Call(
                "practice",
                {"folder": f"methods/{draft.name if draft else ''}"},
                "try it on the practice bench",
            ),
            "submit": lambda: self._submit(memory),
            "save": lambda: Call(
                "write_file", {"path": NOTEBOOK, "content": memory.to_json()}, "note what is known"
            ),
            "diary": lambda: Call(
                "write_file", {"path": DIARY, "content": wording.diary(memory)}, "keep the notebook readable"
            ),
            "await": lambda: Call(
                "wait_for_verdict",
                {"submission": memory.pending, "seconds": VERDICT_WAIT_S},
                f"wait for the verdict on {memory.pending}",
            ),
            "rest": lambda: Call("bash", {"command": "sleep 5"}, "nothing more to submit; rest"),
        }
        return simple[phase]()

    def _fetch(self, memory: Memory) -> Call | str:
        unread = [name for name, known in memory.submissions.items() if not known.read]
        if not unread or memory.fetched >= MOST_FETCHES:
            return self._decide(memory)
        memory.fetched += 1
        memory.reading = max(unread, key=lambda name: memory.submissions[name].worth())
        return Call("fetch_submission", {"submission": memory.reading}, f"get the code of {memory.reading}")

    def _write(self, memory: Memory) -> Call:
        memory.decisions += 1
        rng = random.Random(f"{self.seed}/{self.researcher}/{memory.decisions}")
        chooser = Chooser(
            rng, direction=memory.direction, evidence=self._evidence(memory), most_cost=self.most_cost
        )
        candidates = [
            Candidate(name, known.genome, known.worth(), known.researcher == self.researcher)
            for name, known in memory.submissions.items()
            if known.genome is not None and known.status != "violation"
        ]
        plan = chooser.plan(candidates, tried=frozenset(memory.tried) | reading.keys_of(memory))
        memory.methods += 1
        memory.tried.append(plan.genome.key())
        memory.draft = Draft(f"m{memory.methods}", plan.genome, plan.parents, plan.how)
        source = render(plan.genome, researcher=self.researcher, parents=plan.parents)
        where = f"methods/{memory.draft.name}/method.py"
        return Call("write_file", {"path": where, "content": source}, f"{plan.how}: {in_words(plan.genome)}")

    def _submit(self, memory: Memory) -> Call:
        draft = memory.ready
        assert draft is not None
        agreement = (
            f" Agreement with the weak labels in practice: {draft.agreement:.0%}."
            if draft.agreement >= 0
            else ""
        )
        arguments = {
            "folder": f"methods/{draft.name}",
            "title": in_words(draft.genome)[:120],
            "summary": f"{draft.how[0].upper()}{draft.how[1:]}.{agreement} Proposed by the embedded policy.",
            "parents": list(draft.parents),
            "claim": "Better than the present record.",
        }
        return Call("submit_method", arguments, f"submit {in_words(draft.genome)}")

    def _tell(self, phase: str, memory: Memory) -> Call | str:
        if phase == "tell_error":
            draft, memory.draft = memory.draft, None
            if draft is None:
                return self._decide(memory)
            return Call(
                "post_finding", _post(wording.practice_error(draft, memory.last_error)), "tell what failed"
            )
        name, done = memory.pending, memory.pending_draft
        if phase == "insight":
            memory.pending, memory.pending_draft = "", None
            if memory.forum and memory.verdicts % 3 == 0:
                return Call("post_finding", _post(wording.insight(memory, self._evidence(memory))), "sum up")
            return "save"
        if not memory.forum or done is None:
            return "insight"
        if phase == "tell":
            return Call("post_finding", _post(wording.verdict(memory, name, done)), "tell what came of it")
        post = reading.post_to_answer(memory, done.parents, self.researcher)
        if post is None:
            return "insight"
        if phase == "respond":
            return Call(
                "comment",
                {"post": post.number, "body": wording.comment(memory, name, done)},
                "tell whom it builds on",
            )
        memory.answered.append(post.number)
        value = 1 if memory.status_of(name) == "verified" else 0
        return (
            Call("vote", {"post": post.number, "value": value}, "vote on the post that it builds on")
            if value
            else "insight"
        )

    def _evidence(self, memory: Memory) -> dict[str, float]:
        known = [
            (one.genome, one.status, one.researcher == self.researcher)
            for one in memory.submissions.values()
            if one.genome is not None
        ]
        return weigh(known, memory.findings(self.researcher) if memory.forum else [], memory.failures)


def _post(words: wording.Words) -> dict[str, Any]:
    return {
        "kind": words.kind,
        "title": words.title,
        "body": words.body,
        "submissions": list(words.submissions),
    }
