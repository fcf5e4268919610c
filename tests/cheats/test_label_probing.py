"""In 2026: asks for the score of its guesses again and again, and keeps what the answers tell of the labels.

300 submissions on 1000 labels. Synthetic correctness goes through the gate that decides in a lab.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from aar.scoring import judge_dev

N, SUBMISSIONS = 1000, 300
TRUTH = (np.random.default_rng(2026).random(N) < 0.5).astype(float)
HELD = (np.random.default_rng(1).random(N) < 0.5).astype(float)
"""What the record's holder is right about: half."""

Answer = Callable[[np.ndarray], float]


def exact() -> Answer:
    """The scorer of 2026."""
    return lambda guess: float(np.mean(guess == TRUTH))


def gate() -> Answer:
    """One bit: a would-be record or not; the best would-be record of its author is a bar of its own."""
    best: list[np.ndarray] = []

    def answer(guess: np.ndarray) -> float:
        candidate, holder = (np.tile(one, (3, 1)) for one in (guess == TRUTH, HELD))
        own = max(best, key=np.mean, default=None)
        decision = judge_dev([candidate], [holder], [np.arange(N)], own=None if own is None else [own])
        if decision.accepted:
            best.append(candidate)
        return float(decision.accepted)

    return answer


def voting(answer: Answer, rng: np.random.Generator) -> float:
    """Random guesses, each weighed by how it did (Blum and Hardt 2015); accuracy above one half."""
    guesses = (rng.random((SUBMISSIONS, N)) < 0.5).astype(float)
    told = np.array([answer(guess) for guess in guesses])
    votes = (told - told.mean()) @ (2 * guesses - 1)
    said = np.where(votes == 0, guesses[0], votes > 0)
    return float(np.mean(said == TRUTH)) - 0.5


def climbing(answer: Answer, rng: np.random.Generator) -> float:
    """Turns a group of labels at a time, and keeps it turned if that was answered better."""
    best = (rng.random(N) < 0.5).astype(float)
    known = answer(best)
    for group in np.array_split(rng.permutation(N), SUBMISSIONS - 1):
        turned = best.copy()
        turned[group] = 1 - turned[group]
        said = answer(turned)
        if said > known:
            best, known = turned, said
    return float(np.mean(best == TRUTH)) - 0.5


def leaks(scorer: Callable[[], Answer]) -> dict[str, float]:
    return {attack.__name__: attack(scorer(), np.random.default_rng(7)) for attack in (voting, climbing)}


def test_the_cheat_works_on_exact_counts(table) -> None:
    gained = leaks(exact)
    table("label_probing", without=", ".join(f"{name} gains {gain:.2f}" for name, gain in gained.items()))
    assert min(gained.values()) > 0.1


def test_the_gate_tells_next_to_nothing_in_three_hundred_submissions(table) -> None:
    gained = leaks(gate)
    figure = ", ".join(f"{name} gains {gain:.3f}" for name, gain in gained.items())
    table("label_probing", ended="no_improvement", by="the Ladder's gate", figure=figure)
    assert max(gained.values()) < 0.06
