"""Weights from evidence: choices that went well, for the author or for others, and what others write of them.

Text from the forum is untrusted: it is only searched for the names of building blocks, and can move a
weight by a bounded amount, never more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aar.researchers.evolution.genome import Genome

STATUS_WORTH: Mapping[str, float] = {
    "verified": 1.0,
    "not_reproduced": 0.3,
    "pending": 0.0,
    "no_improvement": -0.3,
    "failed": -0.8,
    "violation": -1.0,
}
"""Weight of each status word as evidence for the choices of its submission."""

_KIND_WORTH: Mapping[str, float] = {"result": 0.1, "insight": 0.2, "hypothesis": 0.1, "error": -0.3}

_OTHERS = 0.7
_MOST = 1.5

_KEYWORDS: Mapping[str, tuple[str, ...]] = {
    "signal:zero_shot": ("zero-shot", "zero shot", "elicit"),
    "signal:likelihood": ("likelihood",),
    "signal:probe": ("probe", "hidden state"),
    "combine:channel": ("noisy-channel", "noisy channel", "posterior"),
    "combine:votes": ("em over votes", "dawid"),
    "agree:True": ("agree",),
    "keep:few": ("half", "surest 30", "surest 40", "surest 50"),
    "keep:most": ("surest 60", "surest 70", "surest 80"),
    "targets:soft": ("soft targets", "soft labels"),
    "targets:hard": ("hard targets", "hard labels"),
    "targets:tempered": ("temper",),
    "loss:log_confidence": ("log-confidence", "logconf"),
    "loss:product": ("product loss",),
    "loss:reverse_kl": ("reverse kl",),
    "schedule:sure_first": ("curriculum", "surest first", "easy to hard"),
    "rounds:2": ("self-training", "2 rounds", "second round"),
    "students:3": ("averag", "ensemble"),
    "blend:0.25": ("zero-shot at the end", "blend"),
}


@dataclass(frozen=True)
class Finding:
    """A post as the policy reads it: what it is about, and how its cited submissions stand."""

    kind: str
    text: str
    statuses: tuple[str, ...]
    votes: int
    mine: bool


@dataclass(frozen=True)
class Reading:
    """A submission whose code was read; `worth` is how good it looks by the scores that were told, if any were."""

    genome: Genome
    status: str
    worth: float | None
    mine: bool

    @property
    def speaks(self) -> float | None:
        """Strength of the evidence for a method's choices; None while it is not decided."""
        if self.status == "pending" or self.status not in STATUS_WORTH:
            return None
        return STATUS_WORTH[self.status] if self.worth is None else self.worth


def weigh(
    known: Iterable[Reading], findings: Iterable[Finding], failures: Iterable[Genome]
) -> dict[str, float]:
    """Log-weights of features ("gene:value"), each within 1.5 of 0.

    `failures` are own methods that did not survive practice.
    """
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}
    read = list(known)
    # A word counts by how much it differs from what is usual: late in a run nearly nothing beats the record.
    decided = [method.speaks for method in read if method.speaks is not None]
    usual = sum(decided) / len(decided) if decided else 0.0

    def worth(status: str) -> float:
        return STATUS_WORTH[status] - usual if status != "pending" and status in STATUS_WORTH else 0.0

    def add(features: Iterable[str], amount: float, size: float) -> None:
        for feature in features:
            sums[feature] = sums.get(feature, 0.0) + amount * size
            counts[feature] = counts.get(feature, 0.0) + size

    for method in read:
        weight = 0.0 if method.speaks is None else method.speaks - usual
        add(method.genome.features(), weight, 1.0 if method.mine else _OTHERS)
    for genome in failures:
        add(genome.features(), STATUS_WORTH["failed"], 0.5)
    for finding in findings:
        if not finding.mine:
            cited = [worth(status) for status in finding.statuses]
            weight = sum(cited) / len(cited) if cited else _KIND_WORTH.get(finding.kind, 0.0)
            add(_mentioned(finding.text), weight + 0.1 * max(-3, min(3, finding.votes)), 0.5)
    # Shrunk towards 0, so that one word from one submission does not decide.
    return {
        feature: max(-_MOST, min(_MOST, 2.0 * total / (counts[feature] + 1.0)))
        for feature, total in sums.items()
    }


def favour(features: Iterable[str], evidence: Mapping[str, float]) -> float:
    """Factor by which evidence favours a choice that has these features."""
    return math.exp(sum(evidence.get(feature, 0.0) for feature in features))


def _mentioned(text: str) -> set[str]:
    lowered = text[:4000].lower()
    return {feature for feature, words in _KEYWORDS.items() if any(word in lowered for word in words)}
