"""Hidden states in a secret basis: what a method does with them stays, what a table would look for is gone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s import methods, testbeds
from w2s.bench import LocalBench
from w2s.bench.basis import Bases, Basis, InBasis
from w2s.bench.directions import in_run
from w2s.blocks import coherence, contrast, geometry, neighbours, probes, rank
from w2s.models import TextStudent
from w2s.models.losses import LossArrays, torch_gradient

READERS = ("icm", "mass_mean", "neighbour_relabelling", "overlap_density", "probe", "low_rank")
SLOW_READERS = ("ccs", "ccs_evolution")
"""Methods that read hidden states; CCS fits many probes, and `ccs_evolution` only reads what `ccs` reads."""

RESTARTS = 60
"""Starts of CCS. Its loss has minima that are nearly equal: with ten starts chance decides which one is found."""


def unrotated(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Bases, "of", lambda _, model, layer, *, width: Basis(np.eye(width, dtype=np.float32)))


@pytest.fixture(scope="module")
def practice():
    """Practice items of mini-math, cut short, and made-up soft labels that are right three times in four."""
    testbed = testbeds.load("mini-math")
    splits, truth = testbeds.generate(testbed, item_seed=b"another basis...")
    whole = splits["practice"][0]
    split = dataclasses.replace(whole, unlabelled=whole.unlabelled[:120], test=whole.test[:60])
    right = np.random.default_rng(0).uniform(0.35, 1.0, size=len(split.unlabelled))
    soft = [p if truth[e.id] else 1 - p for e, p in zip(split.unlabelled, right, strict=True)]
    return testbed, split, np.array(soft)


def test_every_method_that_reads_states_is_in_the_list():
    def reads(name: str) -> bool:
        source = methods.source(name)
        return any(word in source for word in ("hidden_states", "elicitation.states", "contrast.", "rank."))

    assert {name for name in methods.names() if reads(name)} == {*READERS, *SLOW_READERS}


@pytest.mark.parametrize(
    "name", [*READERS, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW_READERS)]
)
def test_a_method_predicts_the_same_in_another_basis(practice, monkeypatch, name):
    testbed, split, soft = practice

    def predicted() -> np.ndarray:
        run = methods.load(name)
        if "RESTARTS" in run.__globals__:
            monkeypatch.setitem(run.__globals__, "RESTARTS", RESTARTS)
        return run(LocalBench.from_split(testbed, split, soft, seed=7)).probabilities

    turned = predicted()
    unrotated(monkeypatch)
    np.testing.assert_allclose(turned, predicted(), atol=0.02)


def test_states_keep_lengths_and_angles_and_no_coordinate(practice, monkeypatch):
    testbed, split, soft = practice
    student = LocalBench.from_split(testbed, split, soft, seed=1).strong()
    items = LocalBench.from_split(testbed, split, soft, seed=1).test
    turned = student.hidden_states(items, 2)
    unrotated(monkeypatch)
    plain = LocalBench.from_split(testbed, split, soft, seed=1).strong().hidden_states(items, 2)
    assert turned.dtype == plain.dtype == np.float32
    np.testing.assert_allclose(turned @ turned.T, plain @ plain.T, rtol=1e-4, atol=1e-3)
    assert np.abs(turned - plain).max() > 0.1 * np.abs(plain).max()


def test_one_basis_serves_all_students_of_a_run_and_none_of_another(practice):
    testbed, split, soft = practice

    def states(seed: int, students: int = 1, layer: int = 2) -> np.ndarray:
        bench = LocalBench.from_split(testbed, split, soft, seed=seed)
        made = [bench.strong() for _ in range(students)]
        return made[-1].copy().hidden_states(bench.test, layer)

    np.testing.assert_allclose(states(1), states(1, students=3))
    assert np.abs(states(1) - states(2)).max() > 0.1


def test_every_layer_and_model_has_a_basis_of_its_own():
    bases = Bases(b"salt")
    made = [
        bases.of(*key, width=24).columns
        for key in (("strong", 1), ("strong", 2), ("weak", 1), ("strong", "readout"))
    ]
    for i, one in enumerate(made):
        np.testing.assert_allclose(one.T @ one, np.eye(24), atol=1e-5)
        assert all(np.abs(one - other).max() > 0.1 for other in made[:i])
    np.testing.assert_array_equal(made[0], Bases(b"salt").of("strong", 1, width=24).columns)


def test_coordinates_of_a_basis_are_uniform_on_the_sphere():
    columns = np.stack([Bases(bytes([i])).of("strong", 1, width=8).columns for i in range(256)])
    # 256 draws: the mean of an entry is 0 within 4 standard errors of 1 / sqrt(8 * 256), its square 1/8
    assert np.abs(columns.mean(axis=0)).max() < 4.5 / np.sqrt(8 * 256)
    assert np.abs((columns**2).mean(axis=0) - 1 / 8).max() < 0.06
    assert 64 < np.sum(np.linalg.det(columns.astype(float)) > 0) < 192


def test_wide_bases_are_not_all_kept(monkeypatch):
    monkeypatch.setattr("w2s.bench.basis._KEPT_BYTES", 2 * 4 * 16 * 16)
    bases = Bases(b"salt")
    first = bases.of("strong", 1, width=16)
    for layer in range(2, 6):
        bases.of("strong", layer, width=16)
    assert len(bases._kept) == 2
    np.testing.assert_array_equal(bases.of("strong", 1, width=16).columns, first.columns)


class OverStates:
    """A loss in which every state counts, in a direction of its own."""

    wants_hidden = True

    def __call__(self, batch):
        return (
            batch.logits.square().mean() + rank.effective_rank(batch.hidden) + batch.hidden.norm(dim=1).mean()
        )


def test_the_gradient_of_a_loss_over_states_comes_back_in_the_models_own_basis():
    rng = np.random.default_rng(0)
    gradient, basis = torch_gradient(OverStates()), Bases(b"salt").of("strong", "readout", width=12)
    one = np.ones(6, dtype=np.float32)
    hidden = rng.normal(size=(6, 12)).astype(np.float32)
    batch = LossArrays(rng.normal(size=6).astype(np.float32), one, one, np.arange(6), 0.5, hidden)
    plain, turned = gradient(batch), InBasis(gradient, basis)(batch)
    assert turned.value == pytest.approx(plain.value, rel=1e-5)
    np.testing.assert_allclose(turned.logits, plain.logits, atol=1e-6)
    np.testing.assert_allclose(turned.hidden, plain.hidden, atol=1e-5)
    assert not InBasis(torch_gradient(lambda batch: batch.logits.sum()), basis).wants_hidden


def test_a_direction_is_named_within_a_run_and_a_move_is_undone(practice):
    testbed, split, soft = practice

    def moved(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        bench = LocalBench.from_split(testbed, split, soft, seed=seed)
        student = bench.strong()
        before = student.zero_shot(bench.test)
        student.perturb(5, 0.01)
        there = student.zero_shot(bench.test)
        student.perturb(5, -0.01)
        return before, there, student.zero_shot(bench.test)

    (before, there, back), (_, elsewhere, _) = moved(1), moved(2)
    np.testing.assert_allclose(back, before, atol=1e-3)
    assert np.abs(there - elsewhere).max() > 1e-3
    assert list(in_run(b"salt", {3: 1.0, 4: -2.0}).values()) == [1.0, -2.0]


def test_what_an_attacker_knows_of_a_seed_does_not_hold_in_a_run(practice, monkeypatch):
    testbed, split, soft = practice
    bench = LocalBench.from_split(testbed, split, soft, seed=1)
    known: list[dict[int, float]] = []
    monkeypatch.setattr(TextStudent, "step", lambda _, directions: known.append(dict(directions)))
    bench.strong().step({0: 1.0, 1: 1.0})
    assert len(known[0]) == 2
    assert not known[0].keys() & {0, 1}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, 24), st.booleans())
def test_no_block_depends_on_the_basis(seed, h, odd):
    rng = np.random.default_rng(seed)
    y = (np.arange(80) % 2).astype(float)
    x = rng.normal(size=(80, h)) @ (rng.normal(size=(h, h)) + np.eye(h)) + np.outer(
        2 * y - 1, rng.normal(size=h)
    )
    q = Bases(bytes([seed % 256])).of("strong", 1, width=h).columns.astype(np.float64)
    q, _ = np.linalg.qr(q)  # orthonormal in float64, so that nothing but the basis differs
    for fit in (probes.mean_difference, probes.whitened, probes.ridge):
        np.testing.assert_allclose(fit(x @ q, y, odd=odd)(x @ q), fit(x, y, odd=odd)(x), atol=1e-6)
    theirs, ours = probes.logistic(x @ q, y, odd=odd)(x @ q), probes.logistic(x, y, odd=odd)(x)
    np.testing.assert_allclose(theirs, ours, atol=0.05 * (1 + np.abs(ours).max()))
    np.testing.assert_array_equal(
        neighbours.nearest(x @ q, k=5, odd=odd).index, neighbours.nearest(x, k=5, odd=odd).index
    )
    sure = rng.random(80)
    np.testing.assert_allclose(
        geometry.overlap(x @ q, sure).score, geometry.overlap(x, sure).score, atol=1e-9
    )
    few = min(3, h)
    theirs, ours = (coherence.principal(states, dimensions=few) for states in (x @ q, x))
    np.testing.assert_allclose(np.abs(theirs), np.abs(ours), atol=1e-6)
    shared = rng.normal(size=(80, h))
    found = [
        contrast.ccs(plus + shared, shared - plus, rng=np.random.default_rng(0), restarts=3).loss
        for plus, shared in ((x, shared), (x @ q, shared @ q))
    ]
    assert found[0] == pytest.approx(found[1], abs=0.02)
