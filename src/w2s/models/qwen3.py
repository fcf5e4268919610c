"""The forward pass of a dense Qwen3, written for speed on one CPU core; the same numbers as transformers.

A mini testbed's students spend their time here, so it differs from the library's in what it leaves out:
queries, and everything after them, of the last block at any position but the label's; masks; one kernel for
each of many small steps (queries, keys and values are one product, and so are gate and up). The parameters
are the module's own.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

Tensor = torch.Tensor


def handles(module: Any) -> bool:
    """Whether `module` is a dense Qwen3 in float32 on a CPU, with or without LoRA adapters of peft."""
    config = module.config
    return bool(
        config.model_type == "qwen3"
        and config.hidden_act == "silu"
        and not config.attention_bias
        and not config.attention_dropout
        and set(config.layer_types) == {"full_attention"}
        and config.rope_parameters.get("rope_type", "default") == "default"
        and module.device.type == "cpu"
        and module.dtype == torch.float32
    )


def label_states(module: Any, ids: Tensor, last: Tensor) -> Tensor:
    """Final hidden states at position `last` [b] of right-padded token ids [b, l]: [b, hidden]."""
    decoder = module.get_decoder()
    shape = _Shape(decoder, ids, last)
    x = functional.embedding(ids, decoder.embed_tokens.weight).reshape(ids.numel(), -1)
    *blocks, final = decoder.layers
    for block in blocks:
        x = x + _linear(
            _everywhere(block.self_attn, _norm(x, block.input_layernorm), shape), block.self_attn.o_proj
        )
        x = x + _mlp(block.mlp, _norm(x, block.post_attention_layernorm))
    attended = _at_last(final.self_attn, _norm(x, final.input_layernorm), shape)
    x = x[shape.rows] + _linear(attended, final.self_attn.o_proj)
    x = x + _mlp(final.mlp, _norm(x, final.post_attention_layernorm))
    return _norm(x, decoder.norm)


class _Shape:
    """What all blocks share for one batch: sizes, rotary angles and causal masks."""

    def __init__(self, decoder: Any, ids: Tensor, last: Tensor) -> None:
        config = decoder.config
        self.batch, self.length = ids.shape
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.width = decoder.layers[0].self_attn.head_dim
        self.queries = self.heads // self.kv_heads
        self.scale = self.width**-0.5
        self.last = last
        self.rows = torch.arange(self.batch) * self.length + last
        position = torch.arange(self.length)
        angle = position[:, None] * decoder.rotary_emb.inv_freq
        angle = torch.cat((angle, angle), dim=-1)[:, None, :]
        self.cos, self.sin = angle.cos(), angle.sin()
        ahead = torch.full((self.length, self.length), -torch.inf).triu(1)
        self.causal = ahead.repeat(self.queries, 1)
        unseen = torch.where(position > last[:, None], -torch.inf, 0.0)[:, None, None, :]
        self.unseen = unseen.expand(-1, self.kv_heads, self.queries, -1).reshape(
            self.batch * self.kv_heads, self.queries, self.length
        )


def _everywhere(attention: Any, h: Tensor, shape: _Shape) -> Tensor:
    """Attention at every position: [b * l, heads * width]."""
    b, n, kv, g, d = shape.batch, shape.length, shape.kv_heads, shape.queries, shape.width
    weight = torch.cat([weight_of(p) for p in (attention.q_proj, attention.k_proj, attention.v_proj)])
    projected = functional.linear(h, weight).view(b, n, shape.heads + 2 * kv, d)
    turned, v = projected[:, :, : shape.heads + kv], projected[:, :, shape.heads + kv :]
    scale = torch.cat((attention.q_norm.weight.expand(shape.heads, d), attention.k_norm.weight.expand(kv, d)))
    turned = _rotate(_rms_norm(turned, scale, attention.q_norm.variance_epsilon), shape.cos, shape.sin)
    q = turned[:, :, : shape.heads].view(b, n, kv, g, d).permute(0, 2, 3, 1, 4).reshape(b * kv, g * n, d)
    k = turned[:, :, shape.heads :].permute(0, 2, 3, 1).reshape(b * kv, d, n)
    v = v.permute(0, 2, 1, 3).reshape(b * kv, n, d)
    seen = torch.baddbmm(shape.causal, q, k, alpha=shape.scale).softmax(-1) @ v
    return seen.view(b, kv, g, n, d).permute(0, 3, 1, 2, 4).reshape(b * n, shape.heads * d)


def _at_last(attention: Any, h: Tensor, shape: _Shape) -> Tensor:
    """Attention of the label position alone: [b, heads * width]."""
    b, n, kv, g, d = shape.batch, shape.length, shape.kv_heads, shape.queries, shape.width
    weight = torch.cat([weight_of(p) for p in (attention.k_proj, attention.v_proj)])
    projected = functional.linear(h, weight).view(b, n, 2 * kv, d)
    k = _rotate(_norm(projected[:, :, :kv], attention.k_norm), shape.cos, shape.sin)
    k = k.permute(0, 2, 3, 1).reshape(b * kv, d, n)
    v = projected[:, :, kv:].permute(0, 2, 1, 3).reshape(b * kv, n, d)
    q = _norm(_linear(h[shape.rows], attention.q_proj).view(b, shape.heads, d), attention.q_norm)
    q = _rotate(q, shape.cos[shape.last], shape.sin[shape.last]).view(b * kv, g, d)
    seen = torch.baddbmm(shape.unseen, q, k, alpha=shape.scale).softmax(-1) @ v
    return seen.view(b, shape.heads * d)


def _mlp(mlp: Any, h: Tensor) -> Tensor:
    both = functional.linear(h, torch.cat((weight_of(mlp.gate_proj), weight_of(mlp.up_proj))))
    gated: Tensor = _SwiGLU.apply(both)  # type: ignore[no-untyped-call]
    return _linear(gated, mlp.down_proj)


def weight_of(linear: Any) -> Tensor:
    """Weight of a linear layer; of one with a LoRA adapter the sum, which for small models is the cheaper form."""
    if not hasattr(linear, "lora_A"):
        weight: Tensor = linear.weight
        return weight
    total: Tensor = linear.base_layer.weight
    for name in linear.active_adapters:
        change: Tensor = linear.lora_B[name].weight @ linear.lora_A[name].weight
        total = total + linear.scaling[name] * change
    return total


def _linear(x: Tensor, linear: Any) -> Tensor:
    return functional.linear(x, weight_of(linear))


def _norm(x: Tensor, norm: Any) -> Tensor:
    return _rms_norm(x, norm.weight, norm.variance_epsilon)


def _rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    normed: Tensor = _RMSNorm.apply(x, weight, eps)  # type: ignore[no-untyped-call]
    return normed


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    quarter_turn = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
    return torch.addcmul(x * cos, quarter_turn, sin)


class _RMSNorm(torch.autograd.Function):
    """x / sqrt(mean(x^2) + eps) * weight over the last axis; `weight` broadcasts over the leading axes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        size = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        inverse: Tensor = size.square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        unit = x * inverse
        ctx.save_for_backward(unit, inverse, weight)
        scaled: Tensor = unit * weight
        return scaled

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        (grad,) = grads
        unit, inverse, weight = ctx.saved_tensors
        to_weight = (grad * unit).flatten(0, unit.dim() - 1 - weight.dim()).sum(0)
        inner = grad * weight
        along = (inner * unit).sum(-1, keepdim=True).div_(unit.shape[-1])
        return inner.addcmul_(unit, along, value=-1).mul_(inverse), to_weight, None


class _SwiGLU(torch.autograd.Function):
    """silu(gate) * up, where `both` [n, 2 m] holds the gate in its first half and up in its second."""

    @staticmethod
    def forward(ctx: Any, both: Tensor) -> Tensor:
        gate, up = both.chunk(2, -1)
        open_ = torch.sigmoid(gate)
        silu = open_ * gate
        ctx.save_for_backward(up, open_, silu)
        return silu * up

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (grad,) = grads
        up, open_, silu = ctx.saved_tensors
        result = grad.new_empty((*grad.shape[:-1], 2 * grad.shape[-1]))
        to_gate, to_up = result.chunk(2, -1)
        torch.mul(grad, silu, out=to_up)
        # d silu / d gate = open + silu * (1 - open)
        slope = torch.addcmul(open_ + silu, silu, open_, value=-1)
        torch.mul(slope.mul_(up), grad, out=to_gate)
        return result
