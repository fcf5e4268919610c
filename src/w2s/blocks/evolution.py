"""A student is improved without gradients and without labels: by keeping the random changes that make it consistent.

The service makes the directions from seeds, so no weights are ever seen or sent. With adapters the directions
move their B matrices only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from w2s.blocks import elicitation
from w2s.errors import BadTargets
from w2s.records import FloatArray, IntArray, Items

if TYPE_CHECKING:
    from w2s.bench import Student

Fitness = Callable[["Student"], float]
"""Score of a student in its present state; higher is better. It is measured on the same items every time."""


def ascend(
    student: Student,
    fitness: Fitness,
    *,
    rng: np.random.Generator,
    rounds: int = 4,
    directions: int = 8,
    scale: float = 0.01,
    rate: float = 0.005,
) -> list[float]:
    """Move `student` uphill in `fitness`; the mean fitness of each round's trials, [rounds].

    A round tries `directions` normal directions e_k, each both ways (antithetic): r+ and r- at +scale and -scale.
    All its trials are standardised to z, and the student moves by rate / directions * sum of (z+ - z-) / 2 * e_k.
    Without any difference between the trials it stays. Cost: 2 * rounds * directions fitnesses, at most 2000
    requests a run in the lab (4 a direction for a fitness that asks once). Source: evolution strategies at the
    scale of language models (2509.24372), with antithetic directions as in the April 2026 study.
    """
    if rounds < 1 or directions < 1 or scale <= 0:
        raise BadTargets(f"{rounds} rounds of {directions} directions at scale {scale}; all are above 0")
    means = []
    for _ in range(rounds):
        seeds = [int(seed) for seed in rng.choice(2**62, size=directions, replace=False)]
        trials = np.array([_both_ways(student, fitness, seed, scale) for seed in seeds])
        means.append(float(trials.mean()))
        spread = float(trials.std())
        if spread > 0:
            gain = (trials[:, 0] - trials[:, 1]) / (2.0 * spread)
            student.step({seed: float(rate / directions * g) for seed, g in zip(seeds, gain, strict=True)})
    return means


def consistency(student: Student, items: Items) -> float:
    """Degree to which a student's answers can all be true, 0 to 1: of pairs `swap_agreement`, else `one_right`."""
    answers = student.predict(items).probabilities
    if elicitation.are_pairs(items):
        return swap_agreement(answers, student.predict(items.swapped()).probabilities)
    return one_right(answers, *elicitation.claims(items))


def swap_agreement(shown: FloatArray, swapped: FloatArray) -> float:
    """Mean chance that winners drawn from both orders of a pair are the same answer; [n] probabilities of the first.

    One half for a student that always says one half, or always the first: only being sure of the same answer in
    both orders brings it to 1.

    >>> swap_agreement(np.array([1.0, 1.0]), np.array([0.0, 1.0]))
    0.5
    """
    return float(np.mean(shown * (1.0 - swapped) + (1.0 - shown) * swapped))


def one_right(answers: FloatArray, claim: IntArray, group: IntArray) -> float:
    """Mean chance, over questions, that exactly one of its distinct answers is right, were each drawn by itself.

    `answers` [n] are probabilities of the items, `claim` [n] and `group` [claims] come from `elicitation.claims`; equal
    answers are averaged. Questions with fewer than two distinct answers say nothing and are left out.

    >>> one_right(np.array([1.0, 0.0, 0.5, 0.5]), np.arange(4), np.array([0, 0, 1, 1]))
    0.75
    """
    pooled = np.bincount(claim, weights=answers) / np.bincount(claim)
    chances = []
    for name in np.unique(group):
        p = pooled[group == name]
        if len(p) < 2:
            continue
        others = [np.prod(np.delete(1.0 - p, i)) for i in range(len(p))]
        chances.append(float(p @ np.array(others)))
    if not chances:
        raise BadTargets(
            "no question has two distinct answers, so nothing can be inconsistent; take more items"
        )
    return float(np.mean(chances))


def some(items: Items, *, n: int, rng: np.random.Generator) -> Items:
    """About `n` items to judge consistency on: whole questions in a random order, until there are at least `n`."""
    names, place = np.unique(items.group, return_inverse=True)
    rank = rng.permutation(len(names))[place.reshape(-1)]
    order = np.argsort(rank, kind="stable")
    last = rank[order[min(n, len(items)) - 1]]
    return items[np.flatnonzero(rank <= last)]


def _both_ways(student: Student, fitness: Fitness, seed: int, scale: float) -> tuple[float, float]:
    student.perturb(seed, scale)
    up = fitness(student)
    student.perturb(seed, -2.0 * scale)
    down = fitness(student)
    student.perturb(seed, scale)
    return up, down
