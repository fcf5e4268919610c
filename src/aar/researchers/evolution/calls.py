"""The tool call of each phase of the embedded policy, or none where there is nothing to do."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aar.researchers.evolution import reading, wording
from aar.researchers.evolution.evidence import Reading, weigh
from aar.researchers.evolution.genome import in_words
from aar.researchers.evolution.memory import Draft, Memory
from aar.researchers.evolution.rendering import render
from aar.researchers.evolution.searches import Search, next_plan

NOTEBOOK = "notebook/policy.json"
DIARY = "notebook/diary.md"
MOST_FETCHES = 3
LONGEST_WAIT_S = 600
REST_S = 60
"""Rest where the lab cannot say when it would accept more: its cause may bring no news."""


@dataclass(frozen=True)
class Call:
    """The next tool call, and what it is for in words; without a tool there is nothing left to do."""

    tool: str
    arguments: dict[str, Any]
    thought: str


class Calls:
    """Makes the calls of one researcher; `seed` and `researcher` seed the draws of its `search`."""

    def __init__(self, *, researcher: str, seed: int, most_cost: float, search: Search) -> None:
        self.search = search
        self.researcher = researcher
        self.seed = seed
        self.most_cost = most_cost
        self._of: dict[str, Callable[[Memory], Call | None]] = {
            "wake": lambda _: Call(
                "read_file", {"path": NOTEBOOK}, "see whether an earlier start left notes"
            ),
            "status": lambda _: Call("my_status", {}, "see what is left of time and budget"),
            "look": lambda m: Call("read_forum", {"after": m.last_post}, "read what others found"),
            "ranks": lambda _: Call("leaderboard", {}, "see which submissions stand"),
            "fetch": self._fetch,
            "read": _read,
            "write": self._write,
            "practice": _practice,
            "tell_error": _tell_error,
            "submit": _submit,
            "save": lambda m: Call(
                "write_file", {"path": NOTEBOOK, "content": m.to_json()}, "note what is known"
            ),
            "diary": _diary,
            "await": _await,
            "tell": self._tell,
            "respond": self._respond,
            "vote": self._vote,
            "insight": self._insight,
            "close": self._close,
            "rest": _rest,
            "finish": lambda _: Call("", {}, "the lab takes nothing more; finished"),
        }

    def call(self, phase: str, memory: Memory) -> Call | None:
        """The call of `phase`, with what it changes in the memory; None where the phase has nothing to do."""
        return self._of[phase](memory)

    def evidence(self, memory: Memory) -> dict[str, float]:
        """Evidence in the memory for and against each choice."""
        scores = memory.scores
        known = [
            Reading(
                submission.genome,
                submission.status,
                submission.worth(scores) if scores else None,
                submission.researcher == self.researcher,
            )
            for submission in memory.submissions.values()
            if submission.genome is not None
        ]
        return weigh(known, memory.findings(self.researcher) if memory.forum else [], memory.failures)

    def _fetch(self, memory: Memory) -> Call | None:
        unread = [
            name
            for name, known in memory.submissions.items()
            if not known.read and (self.search.learns or known.researcher == self.researcher)
        ]
        if not unread or memory.fetched >= MOST_FETCHES:
            return None
        memory.fetched += 1
        memory.reading = max(unread, key=lambda name: memory.submissions[name].worth(memory.scores))
        return Call("fetch_submission", {"submission": memory.reading}, f"get the code of {memory.reading}")

    def _write(self, memory: Memory) -> Call:
        memory.decisions += 1
        rng = random.Random(f"{self.seed}/{self.researcher}/{memory.decisions}")
        plan = next_plan(
            self.search,
            memory,
            rng,
            researcher=self.researcher,
            evidence=self.evidence(memory),
            most_cost=self.most_cost,
        )
        memory.methods += 1
        memory.tried.append(plan.genome.key())
        memory.draft = Draft(f"m{memory.methods}", plan.genome, plan.parents, plan.how)
        source = render(plan.genome, researcher=self.researcher, parents=plan.parents)
        where = f"methods/{memory.draft.name}/method.py"
        return Call("write_file", {"path": where, "content": source}, f"{plan.how}: {in_words(plan.genome)}")

    def _tell(self, memory: Memory) -> Call | None:
        if not memory.forum or memory.pending_draft is None:
            return None
        words = wording.verdict(memory, memory.pending, memory.pending_draft)
        return Call("post_finding", _post(words), "tell what came of it")

    def _respond(self, memory: Memory) -> Call | None:
        post = self._post_built_on(memory)
        if post is None or memory.pending_draft is None:
            return None
        body = wording.comment(memory, memory.pending, memory.pending_draft)
        return Call("comment", {"post": post.number, "body": body}, "tell whom it builds on")

    def _vote(self, memory: Memory) -> Call | None:
        post = self._post_built_on(memory)
        if post is None:
            return None
        memory.answered.append(post.number)
        if memory.status_of(memory.pending) != "verified":
            return None
        return Call("vote", {"post": post.number, "value": 1}, "vote for the post that it builds on")

    def _post_built_on(self, memory: Memory) -> Any:
        if not memory.forum or memory.pending_draft is None:
            return None
        return reading.post_to_answer(memory, memory.pending_draft.parents, self.researcher)

    def _insight(self, memory: Memory) -> Call | None:
        memory.pending, memory.pending_draft = "", None
        if memory.over:
            return self._close(memory)
        if not memory.forum or memory.verdicts % 3:
            return None
        words = wording.insight(memory, self.evidence(memory))
        return Call("post_finding", _post(words), "sum up")

    def _close(self, memory: Memory) -> Call | None:
        if memory.closed or not memory.forum or memory.verdicts == 0:
            return None
        memory.closed = True
        words = wording.insight(memory, self.evidence(memory))
        return Call("post_finding", _post(words), "sum up at the end")


def _read(memory: Memory) -> Call:
    where = f"others/{memory.reading}/method.py"
    return Call("read_file", {"path": where}, f"read the code of {memory.reading}")


def _practice(memory: Memory) -> Call | None:
    if memory.draft is None:
        return None
    return Call("practice", {"folder": f"methods/{memory.draft.name}"}, "try it on the practice bench")


def _tell_error(memory: Memory) -> Call | None:
    draft, memory.draft = memory.draft, None
    if draft is None:
        return None
    return Call("post_finding", _post(wording.practice_error(draft, memory.last_error)), "tell what failed")


def _submit(memory: Memory) -> Call | None:
    draft = memory.ready
    if draft is None:
        return None
    tried = (
        f" In practice {draft.agreement:.0%} of its training labels were the weak ones."
        if draft.agreement >= 0
        else ""
    )
    arguments = {
        "folder": f"methods/{draft.name}",
        "title": in_words(draft.genome)[:120],
        "summary": f"{draft.how[0].upper()}{draft.how[1:]}.{tried} Proposed by the embedded policy.",
        "parents": list(draft.parents),
        "claim": "Better than the present record.",
    }
    return Call("submit_method", arguments, f"submit {in_words(draft.genome)}")


def _diary(memory: Memory) -> Call:
    return Call("write_file", {"path": DIARY, "content": wording.diary(memory)}, "keep the notebook readable")


def _await(memory: Memory) -> Call:
    given = {"submission": memory.pending, "seconds": LONGEST_WAIT_S}
    return Call("wait_for_verdict", given, f"wait for the verdict on {memory.pending}")


def _rest(memory: Memory) -> Call:
    if memory.wait_seconds > 0:
        seconds = min(LONGEST_WAIT_S, math.ceil(memory.wait_seconds))
    else:
        seconds = REST_S if memory.may_submit else LONGEST_WAIT_S
    return Call("wait_for_news", {"seconds": seconds}, "nothing to do until something changes")


def _post(words: wording.Words) -> dict[str, Any]:
    return {
        "kind": words.kind,
        "title": words.title,
        "body": words.body,
        "submissions": list(words.submissions),
    }
