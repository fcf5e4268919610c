"""How the embedded policy comes to its next method: a search that learns, and two controls that do not.

All draw from the same methods with the same weights. A control reads neither the forum nor others' code, and posts
nothing, so what it reaches is what its budget of submissions buys without research.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from enum import StrEnum

from aar.researchers.evolution import reading
from aar.researchers.evolution.choosing import Candidate, Chooser, Plan
from aar.researchers.evolution.memory import Known, Memory

_OUT = ("violation", "failed", "pending")
"""Status words of methods that are not the luckiest."""


class Search(StrEnum):
    """The search behind a model `aar/...`."""

    EVOLUTION = "evolution"
    """Varies and crosses what went well, its own and others', and leans towards what was read."""
    RANDOM = "random"
    """Draws each method afresh, whatever came of the last."""
    BEST_OF_N = "best-of-n"
    """Draws as many methods as half of its budget buys, then hands near-copies of the luckiest in."""

    @property
    def learns(self) -> bool:
        """True if verdicts, the forum and others' code change what it does."""
        return self is Search.EVOLUTION


def next_plan(
    search: Search,
    memory: Memory,
    rng: random.Random,
    *,
    researcher: str,
    evidence: Mapping[str, float],
    most_cost: float,
) -> Plan:
    """The next method of `search`; `evidence` is for and against choices, as `evidence.weigh` gives it."""
    tried = frozenset(memory.tried) | reading.keys_of(memory)
    if search is Search.EVOLUTION:
        chooser = Chooser(rng, direction=memory.direction, evidence=evidence, most_cost=most_cost)
        return chooser.plan(_candidates(memory, researcher), tried=tried)
    chooser = Chooser(rng, direction="", evidence={}, most_cost=most_cost)
    own = {name: known for name, known in memory.submissions.items() if known.researcher == researcher}
    if search is Search.BEST_OF_N and 2 * len(own) >= len(own) + memory.submissions_left:
        luckiest = _luckiest(memory, own)
        if luckiest is not None:
            return chooser.near_copy(luckiest, tried=tried)
    return chooser.plan([], tried=tried)


def _candidates(memory: Memory, researcher: str) -> list[Candidate]:
    scores = memory.scores
    return [
        Candidate(name, known.genome, known.worth(scores), known.researcher == researcher)
        for name, known in memory.submissions.items()
        if known.genome is not None and known.status != "violation"
    ]


def _luckiest(memory: Memory, own: Mapping[str, Known]) -> Candidate | None:
    """The own submission that looks best, the first of those that look alike."""
    scores = memory.scores
    looks = [
        Candidate(name, known.genome, known.worth(scores), mine=True)
        for name, known in own.items()
        if known.genome is not None and known.status not in _OUT
    ]
    return max(looks, key=lambda candidate: candidate.worth, default=None)
