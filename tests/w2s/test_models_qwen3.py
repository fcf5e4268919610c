"""The fast forward pass gives the numbers that transformers gives, and so do its gradients."""

import copy

import numpy as np
import pytest
from colours import PROMPTING, RECIPE, pairs, upright

from w2s.models import TextStudent
from w2s.models.trainable import Trainable
from w2s.records import Recipe

torch = pytest.importorskip("torch")


def batch(model, seed=0, b=6, n=11):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, model.module.config.vocab_size, (b, n), generator=generator)
    last = torch.randint(3, n, (b,), generator=generator)
    return ids, last


def reference(module, ids, last):
    """transformers on each row alone, without any padding."""
    return torch.stack(
        [
            module.get_decoder()(input_ids=row[None, : end + 1]).last_hidden_state[0, end]
            for row, end in zip(ids, last, strict=True)
        ]
    )


def test_states_and_gradients_are_those_of_transformers(tiny_model):
    from w2s.models import qwen3

    ids, last = batch(tiny_model)
    found = []
    for forward in (reference, lambda module, *rows: qwen3.LabelReader(module)(*rows)):
        module = copy.deepcopy(tiny_model.module).requires_grad_(True)
        states = forward(module, ids, last)
        states.square().sum().backward()
        found.append((states.detach(), {name: p.grad for name, p in module.named_parameters()}))
    (states, gradients), (fast, fast_gradients) = found
    torch.testing.assert_close(fast, states, rtol=1e-4, atol=1e-5)
    for name, gradient in gradients.items():
        torch.testing.assert_close(fast_gradients[name], gradient, rtol=1e-3, atol=1e-4, msg=name)


def test_adapters_are_read_as_peft_reads_them(tiny_model):
    from w2s.models import qwen3

    own = Trainable.of(tiny_model, Recipe(lora_rank=4, lora_alpha=8), seed=3)
    own.perturb(5, 0.1)
    ids, last = batch(tiny_model)
    with torch.no_grad():
        torch.testing.assert_close(
            qwen3.LabelReader(own.module)(ids, last), reference(own.module, ids, last), rtol=1e-4, atol=1e-5
        )


def test_another_architecture_goes_through_transformers_and_says_the_same(tiny_model, monkeypatch):
    from w2s.models import qwen3

    examples, _ = pairs(20)
    fast = TextStudent(tiny_model, PROMPTING, RECIPE, 0).predict(examples, upright(examples))
    monkeypatch.setattr(qwen3, "handles", lambda module: False)
    slow = TextStudent(tiny_model, PROMPTING, RECIPE, 0).predict(examples, upright(examples))
    np.testing.assert_allclose(fast, slow, rtol=1e-4)
