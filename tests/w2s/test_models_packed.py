"""The forward pass for a GPU gives, on a CPU, what transformers and peft give; so do its gradients."""

import copy

import pytest

from w2s.models.trainable import Trainable
from w2s.records import Recipe

torch = pytest.importorskip("torch")
ADAPTERS = Recipe(lora_rank=4, lora_alpha=8)


def batch(model, b=6, n=11):
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, model.module.config.vocab_size, (b, n), generator=generator)
    last = torch.randint(3, n, (b,), generator=generator)
    last[0] = n - 1
    return ids, last


def adapted(model, dtype):
    """A module with adapters that do something, its base weights in `dtype`."""
    from w2s.models import BaseModel

    base = BaseModel(copy.deepcopy(model.module).to(dtype), model.tokenizer, "tiny")
    own = Trainable.of(base, ADAPTERS, seed=3)
    own.perturb(5, 0.1)
    return own


def by_transformers(own, ids, last):
    states = own.module.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
    return states[torch.arange(len(ids)), last]


def by_packed(own, ids, last):
    from w2s.models.packed import PackedReader

    return PackedReader(own.module)(ids, last)


def both(model, dtype):
    ids, last = batch(model)
    found = []
    for read in (by_transformers, by_packed):
        own = adapted(model, dtype)
        own.vector.grad.zero_()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype != torch.float32):
            states = read(own, ids, last)
        states.float().square().sum().backward()
        found.append((states.detach().float(), own.vector.grad.clone()))
    return found


def test_states_and_gradients_of_adapters_are_those_of_transformers_and_peft(tiny_model):
    (states, gradient), (packed, packed_gradient) = both(tiny_model, torch.float32)
    torch.testing.assert_close(packed, states, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(packed_gradient, gradient, rtol=1e-3, atol=1e-3)


def test_in_bfloat16_they_differ_by_rounding_alone(tiny_model):
    exact = both(tiny_model, torch.float32)[0]
    for rounded in both(tiny_model, torch.bfloat16):
        for close, to in zip(rounded, exact, strict=True):
            assert torch.nn.functional.cosine_similarity(close.flatten(), to.flatten(), dim=0) > 0.995


def test_without_adapters_it_reads_the_frozen_base(tiny_model):
    from w2s.models.packed import PackedReader

    ids, last = batch(tiny_model)
    with torch.inference_mode():
        states = tiny_model.module.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
        expected = states[torch.arange(len(ids)), last]
        torch.testing.assert_close(PackedReader(tiny_model.module)(ids, last), expected, rtol=1e-4, atol=1e-5)


def test_the_fused_steps_are_the_steps(tiny_model):
    from w2s.models import packed

    x = torch.randn(7, 2, 8, generator=torch.Generator().manual_seed(1))
    cos, sin = torch.rand(7, 1, 8), torch.rand(7, 1, 8)
    weight = torch.rand(8)
    expected = torch.nn.functional.rms_norm(x, (8,), weight, 1e-6)
    turned = expected * cos + torch.cat((expected[..., 4:], expected[..., :4]), -1) * sin
    torch.testing.assert_close(packed._normed_turn(x, weight, cos, sin, 1e-6), turned)


def test_only_frozen_half_precision_weights_go_this_way(tiny_model):
    from w2s.models import packed

    assert not packed.handles(tiny_model.module)
    half = copy.deepcopy(tiny_model.module).to(torch.bfloat16)
    assert packed.handles(half)
    assert not packed.handles(half.requires_grad_(True))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_the_packed_pass_agrees_with_transformers(tiny_model):
    from w2s.models import BaseModel, forward, packed

    module = copy.deepcopy(tiny_model.module).to("cuda", torch.bfloat16)
    own = Trainable.of(BaseModel(module, tiny_model.tokenizer, "tiny"), ADAPTERS, seed=3)
    assert packed.handles(own.module)
    own.perturb(5, 0.1)
    ids, last = (part.cuda() for part in batch(tiny_model))
    found = []
    for read in (by_transformers, lambda own, *rows: forward.label_reader(own.module)(*rows)):
        own.vector.grad.zero_()
        with torch.autocast("cuda", dtype=torch.bfloat16):
            states = read(own, ids, last)
        states.float().square().sum().backward()
        found.append((states.detach().float(), own.vector.grad.clone()))
    for expected, packed_one in zip(*found, strict=True):
        similarity = torch.nn.functional.cosine_similarity(expected.flatten(), packed_one.flatten(), dim=0)
        assert similarity > 0.99
