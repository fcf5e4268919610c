"""What was learned of each item, and the price of directions."""

from types import SimpleNamespace

import numpy as np
import pytest

from w2s.blocks import learnability, losses, rank
from w2s.errors import BadTargets

torch = pytest.importorskip("torch")


def batch(logits, targets, index=None, hidden=None):
    n = len(logits)
    return SimpleNamespace(
        logits=torch.tensor(logits, dtype=torch.float64, requires_grad=True),
        targets=torch.tensor(targets, dtype=torch.float64),
        weights=torch.ones(n, dtype=torch.float64),
        index=torch.tensor(range(n) if index is None else index),
        progress=0.0,
        hidden=hidden,
    )


def test_the_trace_is_cross_entropy_and_keeps_the_first_and_the_last_loss():
    trace = learnability.LossTrace(3)
    first, later = batch([0.0, 0.0], [1.0, 0.0], [2, 0]), batch([2.0, -1.0], [1.0, 1.0], [2, 1])
    for shown in (first, later):
        assert float(trace(shown).detach()) == pytest.approx(float(losses.cross_entropy(shown).detach()))
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(trace.first, trace.last)
    np.testing.assert_allclose(trace.learned, [0.0, 0.0, np.log(2) - np.log1p(np.exp(-2))])


def test_what_was_never_visited_is_refused():
    trace = learnability.LossTrace(2)
    trace(batch([0.0], [1.0], [1]))
    with pytest.raises(BadTargets, match="1 of 2 items"):
        _ = trace.learned


def test_smoothing_falls_from_the_least_learned_to_none_at_the_fraction():
    amount = learnability.smoothing(np.arange(10.0)[::-1], fraction=0.4, power=2.0)
    np.testing.assert_allclose(amount, [0] * 6 + [1 / 16, 1 / 4, 9 / 16, 1])
    np.testing.assert_allclose(learnability.smoothing(np.arange(4.0), fraction=0.5, power=0.0), [1, 1, 0, 0])


def test_effective_rank_counts_equal_directions():
    rng = np.random.default_rng(0)
    for k in (1, 3, 5):
        basis = np.linalg.qr(rng.normal(size=(20, k)))[0] @ np.linalg.qr(rng.normal(size=(8, k)))[0].T
        assert float(rank.effective_rank(torch.tensor(basis))) == pytest.approx(k, abs=1e-6)


def test_effective_rank_is_the_exponential_of_the_entropy_of_singular_values():
    x = np.random.default_rng(1).normal(size=(12, 5))
    share = np.linalg.svd(x, compute_uv=False)
    share = share / share.sum()
    assert float(rank.effective_rank(torch.tensor(x))) == pytest.approx(
        np.exp(-(share * np.log(share)).sum())
    )


def test_without_weight_low_rank_is_cross_entropy_and_with_it_adds_the_rank():
    states = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    shown = batch([0.5, -1.0, 2.0, 0.1], [1.0, 0.0, 1.0, 0.0], hidden=states)
    plain = float(losses.cross_entropy(shown).detach())
    assert float(rank.LowRank(weight=0.0)(shown).detach()) == pytest.approx(plain)
    priced = rank.LowRank(weight=0.1)(shown)
    assert float(priced.detach()) == pytest.approx(plain + 0.1 * float(rank.effective_rank(states).detach()))
    priced.backward()
    assert states.grad is not None
    assert torch.isfinite(states.grad).all()


def test_going_down_its_slope_lowers_the_rank():
    states = torch.randn(16, 6, dtype=torch.float64, requires_grad=True)
    before = rank.effective_rank(states)
    before.backward()
    assert rank.effective_rank(states - 0.1 * states.grad) < before


def test_a_batch_without_states_is_refused():
    with pytest.raises(BadTargets, match="no hidden states"):
        rank.LowRank()(batch([0.0], [1.0]))
