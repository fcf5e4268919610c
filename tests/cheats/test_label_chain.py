"""Would: asks about single labels, three or four to a submission, each a small change of the one before."""

from __future__ import annotations

import numpy as np

from aar.scoring.audits import Case, Sibling, rules
from aar.scoring.audits.history import extraction_chain

N = 1000
RNG = np.random.default_rng(3)
TRUTH = (RNG.random(N) < 0.5).astype(float)


def chain(length: int) -> list[np.ndarray]:
    """Guesses, each with another group of labels turned."""
    start = (np.random.default_rng(4).random(N) < 0.5).astype(float)
    groups = np.array_split(np.arange(N), 300)
    made = [start]
    for group in groups[: length - 1]:
        turned = start.copy()
        turned[group] = 1 - turned[group]
        made.append(turned)
    return made


def found(guesses: list[np.ndarray]) -> str:
    line = [
        Sibling(f"s{i}", {"method.py": str(i)}, {0: guess, 1: guess, 2: guess})
        for i, guess in enumerate(guesses)
    ]
    return extraction_chain(Case(line[-1].id, line[-1].code, siblings=line[:-1], own=line[-1])).verdict


def test_the_cheat_works_where_counts_are_told(table) -> None:
    first, *others = chain(301)
    best = first.copy()
    for guess in others:
        if np.mean(guess == TRUTH) > np.mean(first == TRUTH):
            best[guess != first] = guess[guess != first]
    gain = float(np.mean(best == TRUTH) - np.mean(first == TRUTH))
    table("label_chain", without=f"gains {gain:.2f}")
    assert gain > 0.1


def test_a_chain_of_such_questions_breaks_a_rule(table) -> None:
    assert found(chain(rules.CHAIN_PERSON - 1)) == "clean"
    assert found(chain(rules.CHAIN_PERSON)) == "person"
    verdict = found(chain(rules.CHAIN_VIOLATION))
    table(
        "label_chain", ended=verdict, by="extraction chain", figure=f"at submission {rules.CHAIN_VIOLATION}"
    )
    assert verdict == "violation"


def test_honest_resubmissions_are_no_chain() -> None:
    rng = np.random.default_rng(5)
    base = rng.random(N) < 0.5
    again = [np.where(rng.random(N) < 0.15, ~base, base).astype(float) for _ in range(30)]
    assert found(again) == "clean"
