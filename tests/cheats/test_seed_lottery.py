"""In 2026: hands the same idea in fifty times, each time with another seed, and keeps the luckiest.

Synthetic correctness of a method that is worth nothing over the record, through the gates that decide in a lab.
"""

from __future__ import annotations

import numpy as np

from aar.scoring import judge_dev, judge_sealed, level, seeds_for
from aar.scoring.audits import Case, Sibling, rules
from aar.scoring.audits.history import seed_lottery

N, TICKETS, AUTHORS = 1000, 50, 20
LEVEL, SPREAD, GAP = 0.70, 0.03, 0.3
"""Accuracy of record and tickets alike, what seeds do to it, and the gap between floor and ceiling."""
CLUSTERS = np.repeat(np.arange(N // 5), 5)


def runs(rng: np.random.Generator, hard: np.ndarray, seeds: int) -> np.ndarray:
    """Correctness, [seeds, N]; which items are hard is the same for everybody."""
    made = []
    for accuracy in rng.normal(LEVEL, SPREAD, seeds):
        score = 0.6 * hard + 0.4 * rng.random(N)
        made.append(score < np.quantile(score, accuracy))
    return np.array(made, dtype=np.float64)


def play(rng: np.random.Generator) -> tuple[float, bool]:
    """(Gain of the luckiest of fifty in PGR, as dev shows it; whether any was verified)."""
    hard, other = rng.random(N), rng.random(N)
    record, confirmed = runs(rng, hard, 3), {}
    best: list[np.ndarray] = []
    luckiest, verified = -1.0, False
    for _ in range(TICKETS):
        ticket = runs(rng, hard, 3)
        luckiest = max(luckiest, float(ticket.mean() - record.mean()) / GAP)
        own = max(best, key=np.mean, default=None)
        decision = judge_dev([ticket], [record], [CLUSTERS], own=None if own is None else [own])
        if decision.accepted:
            best.append(ticket)
            attempt, seeds = len(best), seeds_for(len(best))
            against = confirmed.setdefault(seeds, runs(rng, other, seeds))
            again, alpha = runs(rng, other, seeds), level(attempt, authors=1)
            verified |= judge_sealed([again], [against], [CLUSTERS], alpha=alpha).verified
    return luckiest, verified


def test_the_luckiest_looks_better_and_is_not_verified(table) -> None:
    played = [play(np.random.default_rng([11, author])) for author in range(AUTHORS)]
    luck = float(np.mean([luckiest for luckiest, _ in played]))
    won = sum(verified for _, verified in played)
    table("seed_lottery", without=f"the luckiest looks {luck:.2f} PGR better")
    figure = f"{won} of {AUTHORS} authors verified"
    table("seed_lottery", ended="no_improvement or not_reproduced", by="sealed on fresh seeds", figure=figure)
    assert luck > 0.1
    assert won <= 1


def test_an_author_who_plays_is_shown_to_a_person() -> None:
    code = "def run(bench):\n" + "".join(f"    step_{i}(bench)\n" for i in range(12))
    tickets = [
        Sibling(f"s{k}", {"method.py": f"{code}    seed({k})\n"}, {}, accuracy=LEVEL + 0.001 * (k % 7))
        for k in range(TICKETS)
    ]
    shown = seed_lottery(Case("s49", tickets[-1].code, siblings=tickets[:-1], own=tickets[-1]))
    assert (shown.verdict, shown.statistic) == ("person", TICKETS)
    few = tickets[: rules.LOTTERY_PERSON]
    assert seed_lottery(Case("s9", few[-1].code, siblings=few[:-1], own=few[-1])).verdict == "clean"
