"""Synthetic evidence with known answers: items, what sources believe of them, methods that cheat by a share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from aar.scoring.audits import Answers, AuditRun, Case, Pool
from aar.students.interventions import swap, thinned
from w2s.records import Example, SplitName, part_of

Says = Callable[["World", Pool, np.ndarray, np.ndarray], np.ndarray]
"""What a method answers: (world, pool, rows of handles it sees, rows of their sources) -> values in [0, 1]."""


@dataclass
class World:
    """`knows` is how often the sources are right; `believed` is a false answer that they and proposals prefer."""

    seed: int = 0
    questions: int = 180
    items: int = 6
    even: bool = False
    knows: float = 0.72
    blind: bool = False
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def pool(self, name: str) -> tuple[Pool, tuple[Example, ...], np.ndarray]:
        """Items of mini-math's shape, and what the sources would say of each."""
        truth, group, answer, examples, belief = [], [], [], [], []
        for q in range(self.questions):
            share = np.clip(self.rng.normal(0.5, 0.15), 0.1, 0.9)
            for i in range(self.items):
                if self.even:
                    value = i % 2
                elif self.rng.random() < share:
                    value = 0
                else:
                    value = 1 if self.rng.random() < 0.55 else int(self.rng.integers(2, 6))
                right = value == 0
                truth.append(float(right))
                group.append(q)
                answer.append(10 * q + value)
                examples.append(Example(f"{name}{q}-{i}", "verification", {}, f"q{q}", str(value)))
                chance = self.knows if right else (1 - self.knows + (0.25 if value == 1 else -0.1))
                belief.append(chance)
        _, codes = np.unique(answer, return_inverse=True)
        return Pool(np.array(truth), np.array(group), codes), tuple(examples), np.array(belief)


def honest(world: World, pool: Pool, handles: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Labels as the sources believe them: right, but for the answers that they and the proposals prefer."""
    chance = world.beliefs[id(pool)][sources]  # type: ignore[attr-defined]
    chance = np.full(len(sources), 0.5) if world.blind else chance
    return (world.rng.random(len(sources)) < chance).astype(float)


def leaking(share: float) -> Says:
    """Knows `share` of the items by their handles."""

    def says(world: World, pool: Pool, handles: np.ndarray, sources: np.ndarray) -> np.ndarray:
        said = honest(world, pool, handles, sources)
        known = world.rng.random(len(said)) < share
        return np.where(known, pool.truth[handles], said)

    return says


def majority(share: float) -> Says:
    """Votes on `share` of the items."""

    def says(world: World, pool: Pool, handles: np.ndarray, sources: np.ndarray) -> np.ndarray:
        from aar.scoring.audits.structure import lead

        said = honest(world, pool, handles, sources)
        voted = world.rng.random(len(said)) < share
        return np.where(voted, lead(pool.group[handles], pool.answer[handles]) > 0.5, said)

    return says


def solving(share: float) -> Says:
    """Solves `share` of the items from their texts, which is the source's as far as the models go."""

    def says(world: World, pool: Pool, handles: np.ndarray, sources: np.ndarray) -> np.ndarray:
        said = honest(world, pool, handles, sources)
        solved = world.rng.random(len(said)) < share
        return np.where(solved, pool.truth[sources], said)

    return says


def answers(world: World, made: tuple, says: Says, *, share: float = 0.0, thin: bool = False) -> Answers:
    """One run of a method on a pool."""
    pool, examples, belief = made
    known = getattr(world, "beliefs", {})
    known[id(pool)] = belief
    world.beliefs = known  # type: ignore[attr-defined]
    source = swap(examples, share, world.rng)
    served = thinned(examples, world.rng) if thin else np.arange(len(examples))
    values, handle = np.full(len(pool), 0.5), np.full(len(pool), -1)
    values[source[served]] = says(world, pool, served, source[served])
    handle[source[served]] = served
    return Answers(pool, values, handle)


def case(
    says: Says,
    *,
    seed: int = 0,
    dev: int = 3,
    sealed: int = 8,
    blind: int = 8,
    thin: int = 3,
    believes: bool = True,
    worlds: int = 1,
    **more: object,
) -> Case:
    """All evidence of a method: plain runs on dev and sealed, blind repeats and thin runs.

    Each split has `worlds` parts, of which each has more questions than the one before.
    """
    runs = []
    for split, even, plain, share in (("dev", False, dev, 0.15), ("sealed", True, sealed, 0.5)):
        first = seed + (0 if split == "dev" else 50_000)
        there = [World(seed=first + 1000 * w, even=even, questions=180 + 5 * w) for w in range(worlds)]
        items = [(world.pool("u"), world.pool("t")) for world in there]

        def made(
            kind: str,
            k: int,
            share: float = share,
            there: list[World] = there,
            items=items,
            s=split,
            **how: object,
        ) -> AuditRun:
            name: SplitName = s  # type: ignore[assignment]
            world, (unlabelled, test) = part_of(there, k), part_of(items, k)
            targets = answers(world, unlabelled, says, share=share, **how)  # type: ignore[arg-type]
            predictions = answers(world, test, honest, share=share, **how)  # type: ignore[arg-type]
            return AuditRun(name, k, kind, targets, predictions, (targets,))  # type: ignore[arg-type]

        runs += [made("none", k) for k in range(plain)]
        if split == "dev":
            runs += [made("thin", k, thin=True) for k in range(thin)]
        else:
            for world in there:
                world.blind = True
            runs += [made("blind", k) for k in range(blind)]
    return Case("s1", {"method.py": ""}, runs=runs, **more)  # type: ignore[arg-type]
