"""Losses: each limit in which a loss must be cross-entropy, and what each does in between."""

from types import SimpleNamespace

import numpy as np
import pytest

from w2s.blocks import losses
from w2s.errors import BadTargets

torch = pytest.importorskip("torch")


def batch(n=32, *, progress=0.5, seed=0, logits=None, targets=None, weights=None):
    rng = np.random.default_rng(seed)
    shown = rng.normal(size=n) if logits is None else np.asarray(logits)
    return SimpleNamespace(
        logits=torch.tensor(shown, dtype=torch.float64, requires_grad=True),
        targets=torch.tensor(rng.random(len(shown)) if targets is None else targets, dtype=torch.float64),
        weights=torch.tensor(np.ones(len(shown)) if weights is None else weights, dtype=torch.float64),
        progress=progress,
    )


def by_hand(shown, aims):
    f = 1 / (1 + np.exp(-shown.logits.detach().numpy()))
    w = shown.weights.numpy()
    return float((w * -(aims * np.log(f) + (1 - aims) * np.log(1 - f))).sum() / w.sum())


CROSS_ENTROPIES = [
    losses.cross_entropy,
    losses.LogConfidence(weight=0.0),
    losses.ConfidenceWindow(radius=0.5),
    losses.Product(own=0.0, weak=1.0),
]


@pytest.mark.parametrize("loss", CROSS_ENTROPIES)
def test_at_its_neutral_setting_a_loss_is_cross_entropy(loss):
    shown = batch(weights=np.linspace(0.1, 2, 32))
    assert loss(shown).item() == pytest.approx(by_hand(shown, shown.targets.numpy()), abs=1e-6)


def test_before_the_warm_up_log_confidence_is_cross_entropy():
    shown = batch(progress=0.0)
    assert float(losses.LogConfidence()(shown).detach()) == pytest.approx(
        by_hand(shown, shown.targets.numpy())
    )


def test_the_warm_up_rises_linearly_and_reaches_its_full_weight_without_a_jump():
    loss = losses.LogConfidence(weight=0.5, warmup=0.2)
    alphas = np.array([loss.alpha(p) for p in np.linspace(0, 1, 1001)])
    assert np.abs(np.diff(alphas)).max() < 0.003
    assert loss.alpha(0.1) == pytest.approx(0.25)
    assert loss.alpha(0.2) == loss.alpha(1.0) == 0.5
    assert losses.LogConfidence(weight=0.5, warmup=0.0).alpha(0.0) == 0.5


def test_at_full_weight_log_confidence_trains_on_the_students_own_guess():
    shown = batch(logits=[-3.0, -1.0, 0.5, 2.0], targets=[1.0, 0.0, 1.0, 0.0])
    value = losses.LogConfidence(weight=1.0, warmup=0.0)(shown)
    assert value.item() == pytest.approx(by_hand(shown, np.array([0.0, 0.0, 1.0, 1.0])))


def test_the_threshold_leaves_as_large_a_share_above_it_as_the_targets_have():
    shown = batch(logits=np.arange(10.0), targets=[1.0] * 3 + [0.0] * 7)
    value = losses.LogConfidence(weight=1.0, warmup=0.0)(shown)
    assert value.item() == pytest.approx(by_hand(shown, (np.arange(10) >= 7).astype(float)))


def test_the_threshold_remembers_earlier_batches():
    loss = losses.LogConfidence(weight=1.0, warmup=0.0)
    loss(batch(logits=np.linspace(5, 6, 30), targets=np.ones(30)))
    shown = batch(logits=[-1.0, 1.0], targets=[0.0, 0.0])
    # Of the last 32 items 30 are of class 1, so neither of these two is guessed to be.
    assert loss(shown).item() == pytest.approx(by_hand(shown, np.zeros(2)))


@pytest.mark.parametrize("aims", [0.0, 1.0])
def test_where_all_targets_are_of_one_class_the_guess_is_that_class(aims):
    shown = batch(8, targets=np.full(8, aims))
    assert float(losses.LogConfidence(weight=1.0, warmup=0.0)(shown).detach()) == pytest.approx(
        by_hand(shown, np.full(8, aims))
    )


def test_the_guess_itself_gets_no_gradient():
    shown = batch(logits=[-2.0, 3.0], targets=[0.3, 0.7])
    losses.LogConfidence(weight=0.5, warmup=0.0)(shown).backward()
    f = torch.sigmoid(shown.logits.detach())
    aims = 0.5 * shown.targets + 0.5 * torch.tensor([0.0, 1.0])
    torch.testing.assert_close(shown.logits.grad, (f - aims) / 2)


def test_the_window_trains_only_where_the_student_is_unsure():
    shown = batch(logits=[0.1, -0.1, 4.0, -4.0], targets=[1.0, 1.0, 0.0, 1.0])
    losses.ConfidenceWindow(radius=0.15)(shown).backward()
    grad = shown.logits.grad
    assert grad is not None
    assert (grad[:2] != 0).all()
    assert (grad[2:] == 0).all()


def test_the_product_sharpens_what_both_believe():
    shown = batch(logits=[1.0], targets=[0.8])
    both = 1 / (1 + np.exp(-(1.0 + np.log(4))))
    assert float(losses.Product()(shown).detach()) == pytest.approx(by_hand(shown, np.array([both])))


def test_reverse_divergence_is_zero_at_the_teacher_and_positive_elsewhere():
    teacher = np.array([0.2, 0.7])
    same = batch(logits=np.log(teacher / (1 - teacher)), targets=teacher)
    assert float(losses.ReverseKL()(same).detach()) == pytest.approx(0.0, abs=1e-9)
    assert losses.ReverseKL()(batch()).item() > 0


def test_reverse_divergence_forgives_a_sure_student_more_than_cross_entropy_does():
    wrong = {"logits": [6.0], "targets": [0.0]}
    slopes = []
    for loss in (losses.cross_entropy, losses.ReverseKL()):
        shown = batch(**wrong)
        loss(shown).backward()
        slopes.append(float(shown.logits.grad[0]))
    assert 0 < slopes[1] < 0.1 * slopes[0]


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_the_slope_of_the_reverse_divergence_is_that_of_its_closed_form(temperature):
    rng = np.random.default_rng(1)
    logits, teacher = rng.normal(0, 3, 20), rng.uniform(0.05, 0.95, 20)
    shown = batch(logits=logits, targets=teacher)
    losses.ReverseKL(temperature=temperature)(shown).backward()
    f = 1 / (1 + np.exp(-logits))
    slope = f * (1 - f) * (logits - np.log(teacher / (1 - teacher)) / temperature)
    np.testing.assert_allclose(shown.logits.grad.numpy(), slope / 20, atol=1e-9)


def test_the_slope_of_the_product_is_that_of_its_closed_form():
    rng = np.random.default_rng(2)
    logits, p = rng.normal(0, 2, 20), rng.uniform(0.05, 0.95, 20)
    shown = batch(logits=logits, targets=p)
    losses.Product()(shown).backward()
    f = 1 / (1 + np.exp(-logits))
    slope = f * (1 - f) * (1 - 2 * p) / (f * p + (1 - f) * (1 - p))
    np.testing.assert_allclose(shown.logits.grad.numpy(), slope / 20, atol=1e-9)


def test_the_product_is_proportional_to_powers_of_both_class_by_class():
    shown = batch(logits=[0.7, -1.2], targets=[0.3, 0.9])
    f, p = 1 / (1 + np.exp(-np.array([0.7, -1.2]))), np.array([0.3, 0.9])
    for_1, for_0 = f**0.5 * p**2, (1 - f) ** 0.5 * (1 - p) ** 2
    value = losses.Product(own=0.5, weak=2.0)(shown).item()
    assert value == pytest.approx(by_hand(shown, for_1 / (for_1 + for_0)))


def test_the_window_divides_by_the_whole_batch_and_ends_at_its_radius():
    edge = np.log(0.65 / 0.35)
    shown = batch(logits=[0.0, edge + 0.01, edge - 0.01, -edge - 0.01], targets=[1.0, 0.0, 0.0, 1.0])
    losses.ConfidenceWindow(radius=0.15)(shown).backward()
    f = 1 / (1 + np.exp(-shown.logits.detach().numpy()))
    np.testing.assert_allclose(shown.logits.grad.numpy(), np.array([f[0] - 1, 0, f[2], 0]) / 4)


def test_through_a_whole_warm_up_the_mixed_target_never_moves_by_more_than_its_step():
    """The released code of the source goes from a tenth of its weight to all of it in one step."""
    loss = losses.LogConfidence(weight=0.5, warmup=0.2)
    steps, trusts = 200, []
    for step in range(steps):
        shown = batch(logits=[-2.0, 2.0], targets=[1.0, 0.0], progress=step / steps)
        loss(shown).backward()
        aims = torch.sigmoid(shown.logits.detach()) - 2 * shown.logits.grad
        trusts.append(float(aims[1]))  # its target is 0 and its guess 1, so this is the guess's weight
    rise = 0.5 / (0.2 * steps)
    np.testing.assert_allclose(np.diff(trusts)[:40], rise, atol=1e-6)
    np.testing.assert_allclose(trusts[40:], 0.5, atol=1e-6)


def test_a_buffer_makes_the_threshold_steady_where_one_batch_is_noise_and_forgets_what_is_old():
    rng = np.random.default_rng(3)
    batches = [batch(logits=rng.normal(size=32), targets=rng.integers(0, 2, 32)) for _ in range(200)]
    one, many = (losses.LogConfidence(buffer=size) for size in (32, 512))
    alone = [one._threshold(each) for each in batches][16:]
    kept = [many._threshold(each) for each in batches][16:]
    assert np.std(kept) < 0.4 * np.std(alone)
    for _ in range(16):
        last = many._threshold(batch(logits=np.full(32, 7.0), targets=[0.0, 1.0] * 16))
    assert last == 7.0


def test_settings_out_of_range_are_refused():
    with pytest.raises(BadTargets, match=r"weight 1\.5"):
        losses.LogConfidence(weight=1.5)
