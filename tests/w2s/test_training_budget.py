"""A batch that is too large for one pass is trained on in parts, and the student is the same."""

from dataclasses import replace

import numpy as np
import pytest
from colours import PROMPTING, RECIPE, pairs, upright

from w2s.blocks.losses import LogConfidence
from w2s.models import TextStudent
from w2s.models.batches import Rows
from w2s.models.losses import LossGradient


def taught(model, *, token_budget, **options):
    base = replace(model, token_budget=token_budget)
    examples, truth = pairs(40)
    student = TextStudent(base, PROMPTING, RECIPE, seed=1)
    record = student.finetune(
        examples, upright(examples), 0.1 + 0.8 * truth, weights=np.linspace(0.2, 2, 40), epochs=2, **options
    )
    return student.predict(examples, upright(examples)), record


class ThroughHidden:
    """A loss of the batch as a whole that also reads hidden states."""

    wants_hidden = True

    def __call__(self, batch):
        spread = batch.logits - batch.logits.mean()
        return spread.square().mean() + 0.1 * batch.hidden.square().mean()


@pytest.mark.parametrize("make", [lambda: None, LogConfidence, ThroughHidden])
@pytest.mark.parametrize("token_budget", [1, 40])
def test_parts_of_a_batch_add_up_to_the_same_student(tiny_model, make, token_budget):
    whole, of_whole = taught(tiny_model, token_budget=10_000, loss=make())
    parts, of_parts = taught(tiny_model, token_budget=token_budget, loss=make())
    np.testing.assert_allclose(parts, whole, atol=2e-4)
    np.testing.assert_allclose(of_parts.implied_targets, of_whole.implied_targets, atol=2e-4)
    assert of_parts.loss == pytest.approx(of_whole.loss, abs=1e-4)
    assert of_parts.steps == of_whole.steps


def test_a_loss_is_asked_once_a_batch_however_many_parts_it_has(tiny_model):
    sizes = []

    def counted(batch):
        sizes.append(len(batch.logits))
        return LossGradient(0.0, np.zeros_like(batch.logits))

    taught(tiny_model, token_budget=1, gradient=counted)
    assert sizes == [8] * 10


def test_parts_hold_every_row_once_within_the_budget_and_never_cut_one():
    lengths = [3, 30, 4, 8, 9, 2, 8]
    rows = Rows([[1] * n for n in lengths], pad=0, longest=64)
    index = np.arange(7)
    parts = rows.parts(index, tokens=20)
    assert sorted(np.concatenate(parts).tolist()) == list(range(7))
    assert all(len(part) == 1 or len(part) * rows.lengths[part].max() <= 20 for part in parts)
    assert [index.tolist()] == [part.tolist() for part in rows.parts(index, tokens=210)]
