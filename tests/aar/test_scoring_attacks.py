"""What attackers who know nothing learn from replies: from the scorer's functions, and from the scorer itself."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MOST_LEARNT = 0.06
"""Accuracy that 300 adversarial submissions may learn at n = 1000."""


@pytest.fixture(scope="module")
def attacks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scoring_attacks", BENCHMARKS / "scoring_attacks.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules["scoring_attacks"] = found
    spec.loader.exec_module(found)
    return found


def best(attacks: ModuleType, policy: str, *, n: int, k: int, repeats: int = 4) -> float:
    """Mean gain of the best attack."""
    return max(
        float(np.mean([attacks.gain(policy, attack, n=n, k=k, seed=seed) for seed in range(repeats)]))
        for attack in attacks.ATTACKS
    )


def test_exact_scores_give_the_labels_away_noisy_ones_less_and_the_gate_next_to_nothing(
    attacks: ModuleType,
) -> None:
    learnt = {policy: best(attacks, policy, n=400, k=100) for policy in ("exact", "noisy", "gate")}
    assert learnt["exact"] > 0.15
    assert learnt["exact"] > learnt["noisy"] + 0.03
    assert learnt["noisy"] > learnt["gate"] + 0.03
    assert learnt["gate"] < 0.06


def test_with_enough_exact_scores_every_label_is_known(attacks: ModuleType) -> None:
    assert attacks.gain("exact", "weighing", n=400, k=300, seed=0) > 0.45


def test_three_hundred_adversarial_submissions_to_the_scorer_learn_less_than_six_points(
    attacks: ModuleType,
) -> None:
    found = attacks.probe("climbing 0.15", seed=0)
    assert found["asked"] == 300
    assert found["gain"] < MOST_LEARNT
    assert found["gain"] < found["bound"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_no_known_attack_learns_more_from_the_scorer(attacks: ModuleType, seed: int) -> None:
    for attack in attacks.ATTACKS:
        found = attacks.probe(attack, seed=seed)
        assert found["gain"] < MOST_LEARNT, attack
        assert found["gain"] < found["bound"], attack


def test_single_flips_are_answered_as_the_submission_that_they_are_a_flip_of(attacks: ModuleType) -> None:
    found = attacks.probe("flips", seed=0, n=1000, k=60)
    assert found["repeated"] > 50
    assert found["gain"] == 0.0
