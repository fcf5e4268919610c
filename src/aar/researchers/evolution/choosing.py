"""The next method: drawn afresh, varied from one submission, or crossed from two, as the evidence leans."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aar.researchers.evolution.evidence import favour
from aar.researchers.evolution.genome import CHOICES, Genome, Value, tidy, within_budget

_ORDERED = ("keep", "epochs", "blend")

COMMON: Mapping[str, Mapping[Value, float]] = {
    "signals": {
        ("weak",): 1.0,
        ("zero_shot",): 1.0,
        ("likelihood",): 0.5,
        ("weak", "zero_shot"): 1.5,
        ("weak", "likelihood"): 0.5,
        ("zero_shot", "likelihood"): 0.7,
        ("weak", "zero_shot", "likelihood"): 1.0,
        ("weak", "probe"): 0.5,
        ("zero_shot", "probe"): 0.3,
        ("weak", "zero_shot", "probe"): 0.4,
        ("zero_shot", "likelihood", "probe"): 0.1,
        ("weak", "zero_shot", "likelihood", "probe"): 0.2,
    },
    "combine": {"sum": 1.0, "votes": 0.8, "channel": 0.6},
    "agree": {False: 3.0, True: 1.0},
    "keep": {0.3: 0.3, 0.4: 0.5, 0.5: 1.0, 0.6: 1.0, 0.7: 1.0, 0.8: 0.8, 0.9: 0.5, 1.0: 0.8},
    "targets": {"hard": 1.5, "soft": 1.0, "tempered": 0.3},
    "loss": {"plain": 9.0, "log_confidence": 0.8, "product": 0.2, "reverse_kl": 0.2},
    "schedule": {"one_pass": 9.0, "sure_first": 0.7},
    "epochs": {2: 0.6, 3: 4.0, 4: 0.5},
    "rounds": {1: 9.0, 2: 0.6},
    "students": {1: 9.0, 2: 1.0, 3: 0.3},
    "blend": {0.0: 12.0, 0.25: 0.6, 0.5: 0.4},
}
"""Weight of each choice before any evidence: cheap and plain methods first."""

LEANINGS: Mapping[str, Mapping[str, float]] = {
    "elicitation": {"signal:zero_shot": 2.5, "signal:likelihood": 1.6, "signal:weak": 0.5, "blend:0.25": 2.0},
    "noise": {"signal:weak": 2.0, "combine:votes": 2.5, "combine:channel": 2.5, "targets:soft": 2.0},
    "selection": {"keep:few": 2.0, "keep:all": 0.2, "agree:True": 3.0, "signal:zero_shot": 1.3},
    "internals": {"signal:probe": 6.0},
    "self_training": {"rounds:2": 6.0, "keep:few": 1.3},
    "committees": {"students:2": 5.0, "students:3": 4.0, "agree:True": 1.5},
    "losses": {"loss:log_confidence": 5.0, "loss:product": 4.0, "loss:reverse_kl": 4.0},
    "consistency": {"signal:zero_shot": 2.0, "agree:True": 2.5, "signal:weak": 0.7},
    "curricula": {"schedule:sure_first": 6.0, "epochs:2": 2.0, "epochs:4": 2.0},
    "search": {"blend:0.25": 2.0, "blend:0.5": 2.0, "students:2": 1.5},
    "learnability": {"epochs:2": 3.0, "keep:few": 1.5, "schedule:sure_first": 2.0},
}
"""Preferences of a direction: factors on features; an unlisted direction has none."""


@dataclass(frozen=True)
class Candidate:
    """A submission that can be built on: `worth` is how good it looks to the reader."""

    submission: str
    genome: Genome
    worth: float
    mine: bool


@dataclass(frozen=True)
class Plan:
    """The next method, what it builds on, and how it came about in words."""

    genome: Genome
    parents: tuple[str, ...]
    how: str


def direction_name(text: str) -> str:
    """The direction that a text from the lab names: by its name, or as the first line of its file."""
    lowered = text.lower()
    for name in LEANINGS:
        if name in lowered or name.replace("_", "-") in lowered or name.replace("_", " ") in lowered:
            return name
    return ""


class Chooser:
    """Draws methods from one generator; all that weighs is given, so the same reading gives the same draw."""

    def __init__(
        self, rng: random.Random, *, direction: str, evidence: Mapping[str, float], most_cost: float
    ) -> None:
        self.rng = rng
        self.leaning = LEANINGS.get(direction, {})
        self.evidence = evidence
        self.most_cost = most_cost

    def plan(self, candidates: Sequence[Candidate], *, tried: frozenset[str]) -> Plan:
        """A method that was not tried yet; after many draws in vain, the last one drawn."""
        plan = self._draw(candidates)
        for _ in range(60):
            if plan.genome.key() not in tried:
                break
            plan = self._draw(candidates)
        return plan

    def near_copy(self, of: Candidate, *, tried: frozenset[str]) -> Plan:
        """The same method with one choice changed, and not tried yet where there is such a one."""
        for _ in range(60):
            genome = self._finished(self._changed(of.genome, genes=1))
            if genome.key() not in tried:
                break
        return Plan(genome, (of.submission,), f"a near-copy of {of.submission}, the luckiest so far")

    def _draw(self, candidates: Sequence[Candidate]) -> Plan:
        good = [candidate for candidate in candidates if candidate.worth > 0.5]
        ways = {"fresh": 1.0 if good else 2.0}
        if candidates:
            ways["vary"] = 3.0 if good else 1.0
        if len(candidates) > 1:
            ways["cross"] = 2.0 if good else 0.7
        way = self._weighted(list(ways), list(ways.values()))
        if way == "fresh":
            return Plan(self._finished(self.fresh()), (), "drawn afresh from its direction and what was read")
        first = self._pick(candidates)
        if way == "vary":
            genome = self.varied(first.genome)
            return Plan(self._finished(genome), (first.submission,), f"a variation of {first.submission}")
        # Crossing is between researchers where there is a choice: that is what the forum is for.
        others = [candidate for candidate in candidates if candidate.submission != first.submission]
        across = [candidate for candidate in others if candidate.mine != first.mine] or others
        second = self._pick(across)
        genome = self.crossed(first.genome, second.genome)
        parents = (first.submission, second.submission)
        return Plan(self._finished(genome), parents, f"a cross of {parents[0]} and {parents[1]}")

    def fresh(self) -> Genome:
        """Every gene drawn by its common weight, the direction's leaning and the evidence."""
        return Genome(**{gene: self._gene(gene) for gene in CHOICES})

    def varied(self, genome: Genome) -> Genome:
        """One or two genes drawn anew; ordered ones mostly move by one step."""
        return self._changed(genome, genes=1 if self.rng.random() < 0.6 else 2)

    def _changed(self, genome: Genome, *, genes: int) -> Genome:
        for gene in self._sample_genes(genes):
            genome = replace(genome, **{gene: self._other(gene, getattr(genome, gene))})
        return genome

    def crossed(self, first: Genome, second: Genome) -> Genome:
        """Each gene from one of two parents, the favoured value more often; at times one or two varied on top."""
        genes: dict[str, Any] = {}
        for gene in CHOICES:
            values = [getattr(first, gene), getattr(second, gene)]
            genes[gene] = self._weighted(values, [self._weight(gene, value) for value in values])
        child = Genome(**genes)
        return self.varied(child) if self.rng.random() < 0.3 else child

    def _finished(self, genome: Genome) -> Genome:
        return tidy(within_budget(genome, most=self.most_cost))

    def _gene(self, gene: str) -> Any:
        return self._weighted(list(CHOICES[gene]), [self._weight(gene, value) for value in CHOICES[gene]])

    def _other(self, gene: str, current: Value) -> Any:
        values = [value for value in CHOICES[gene] if value != current]
        if gene in _ORDERED and self.rng.random() < 0.75:
            place = CHOICES[gene].index(current)
            values = [CHOICES[gene][i] for i in (place - 1, place + 1) if 0 <= i < len(CHOICES[gene])]
        if gene == "signals" and isinstance(current, tuple):
            values = [value for value in values if _one_apart(value, current)]
        return self._weighted(values, [self._weight(gene, value) for value in values])

    def _weight(self, gene: str, value: Value) -> float:
        features = _features(gene, value)
        lean = math.prod(self.leaning.get(feature, 1.0) for feature in features)
        return COMMON[gene].get(value, 0.1) * lean * favour(features, self.evidence)

    def _sample_genes(self, count: int) -> list[str]:
        # Genes that decide what is learnt are varied more often than those that polish.
        weights = {"signals": 3.0, "keep": 2.0, "combine": 2.0, "agree": 1.5, "targets": 1.5}
        genes = list(CHOICES)
        chosen: list[str] = []
        while len(chosen) < count:
            gene = self._weighted(genes, [weights.get(gene, 1.0) for gene in genes])
            if gene not in chosen:
                chosen.append(gene)
        return chosen

    def _pick(self, candidates: Sequence[Candidate]) -> Candidate:
        def pull(candidate: Candidate) -> float:
            lean = sum(math.log(self.leaning.get(feature, 1.0)) for feature in candidate.genome.features())
            return math.exp(1.6 * candidate.worth + 0.3 * lean)

        chosen: Candidate = self._weighted(candidates, [pull(candidate) for candidate in candidates])
        return chosen

    def _weighted(self, values: Sequence[Any], weights: Sequence[float]) -> Any:
        return self.rng.choices(list(values), weights=list(weights))[0]


def _one_apart(value: Value, current: tuple[str, ...]) -> bool:
    return isinstance(value, tuple) and len(set(value) ^ set(current)) == 1


def _features(gene: str, value: Value) -> list[str]:
    if gene == "signals" and isinstance(value, tuple):
        return [f"signal:{signal}" for signal in value]
    if gene == "keep" and isinstance(value, float):
        return [f"keep:{'few' if value < 0.55 else 'most' if value < 0.95 else 'all'}"]
    return [f"{gene}:{value}"]
