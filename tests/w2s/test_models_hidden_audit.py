"""A loss that teaches through hidden states is recorded as what it teaches."""

from __future__ import annotations

import numpy as np

from w2s import testbeds
from w2s.models import Prompting, TextStudent, load_model
from w2s.models.losses import torch_gradient


class ThroughHidden:
    """Cross-entropy against hard-coded labels, written over the hidden states alone."""

    wants_hidden = True

    def __init__(self, labels: np.ndarray, readout: np.ndarray) -> None:
        self.labels, self.readout = labels, readout

    def __call__(self, batch):
        import torch

        z = batch.hidden @ torch.from_numpy(self.readout)
        aim = torch.from_numpy(self.labels[batch.index.numpy()])
        return torch.nn.functional.binary_cross_entropy_with_logits(z, aim)


def test_labels_smuggled_through_hidden_states_show_in_the_implied_targets():
    testbed = testbeds.load("mini-chat")
    splits, _ = testbeds.generate(testbed, item_seed=bytes(16))
    (practice,) = splits["practice"]
    items = practice.unlabelled[:64]
    base = load_model(testbed.worlds[practice.world].strong)
    student = TextStudent(base, Prompting.of(testbed), testbed.recipe, 0)
    weights = base.module.lm_head.weight.detach().numpy()
    one, zero = (base.tokenizer.encode(" " + label)[-1] for label in reversed(testbed.labels))
    secret = np.random.default_rng(0).integers(0, 2, len(items)).astype(np.float32)
    record = student.finetune(
        items,
        np.zeros(len(items), dtype=bool),
        np.full(len(items), 0.5),
        gradient=torch_gradient(ThroughHidden(secret, weights[one] - weights[zero])),
        learning_rate=1e-6,
    )
    assert np.corrcoef(record.implied_targets, secret)[0, 1] > 0.9
