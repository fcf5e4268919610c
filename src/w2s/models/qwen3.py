"""The forward pass of a dense Qwen3, written for speed on one CPU core; the same numbers as transformers.

A mini testbed's students spend their time here. It leaves out what is not read (queries of the last block,
and all that follows them, at any position but the label's), needs no masks, and makes one product of
queries, keys and values, and one of gate and up, with the weight of the norm before them folded in. Texts
that begin alike share those positions (`prefixes`), and padding costs nothing outside attention. The
parameters are the module's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from w2s.models import kernels
from w2s.models.kernels import Heads
from w2s.models.prefixes import Prefixes

Tensor = torch.Tensor


def is_dense(module: Any) -> bool:
    """True if `module` is a dense Qwen3 of the usual form, with or without LoRA adapters of peft."""
    config = module.config
    return bool(
        config.model_type == "qwen3"
        and config.hidden_act == "silu"
        and not config.attention_bias
        and not config.attention_dropout
        and set(config.layer_types) == {"full_attention"}
        and config.rope_parameters.get("rope_type", "default") == "default"
    )


def handles(module: Any) -> bool:
    """True if `module` is a dense Qwen3 in float32 on a CPU."""
    return is_dense(module) and module.device.type == "cpu" and module.dtype == torch.float32


class LabelReader:
    """Final hidden states at the label position, from the parameters that `module` had when this was made.

    Parameters are looked up once: their values may change afterwards, which ones they are may not.
    """

    def __init__(self, module: Any) -> None:
        decoder = module.get_decoder()
        self._config = decoder.config
        self._eps = float(decoder.config.rms_norm_eps)
        self._frequency: Tensor = decoder.rotary_emb.inv_freq
        self._embeddings: Tensor = decoder.embed_tokens.weight
        self._last_norm: Tensor = decoder.norm.weight
        self._blocks = [_Block.of(layer) for layer in decoder.layers]
        self._width = int(decoder.layers[0].self_attn.head_dim)

    def __call__(self, ids: Tensor, last: Tensor) -> Tensor:
        """States at position `last` [b] of right-padded token ids [b, l]: [b, hidden]."""
        shared = Prefixes.of(ids, last)
        heads = self._heads(len(ids), ids.shape[1], shared)
        x = functional.embedding(shared.tokens, self._embeddings)
        *blocks, final = self._blocks
        for block in blocks:
            x = self._mlp(block, self._attend(block, x, heads))
        x = self._mlp(final, self._attend_at(final, x, last, heads, shared))
        return kernels.rms_unit(x, self._eps) * self._last_norm

    def _heads(self, batch: int, length: int, shared: Prefixes) -> Heads:
        nodes, kv = len(shared.tokens), self._config.num_key_value_heads
        queries = self._config.num_attention_heads // kv
        parts = (queries + 1) * kv  # head vectors of a node that are turned: queries and keys
        angle = shared.position[:, None] * self._frequency
        cos, sin = angle.cos(), angle.sin()
        ahead = torch.full((length, length), -torch.inf).triu(1)
        node = shared.node.view(batch, 1, 1, length)
        key_head = torch.arange(kv)[:, None, None]
        query_head = key_head * queries + torch.arange(queries)[:, None]
        row, place = shared.first // length, shared.first % length
        seen_key = (row[:, None] * kv + torch.arange(kv)) * length + place[:, None]
        heads = torch.arange(queries * kv)
        seen = (row[:, None] * queries * kv + heads) * length + place[:, None]
        unseen = torch.full((batch * queries * kv * length,), nodes * queries * kv)
        unseen[seen.flatten()] = torch.arange(nodes * queries * kv)
        again = (shared.again // length * kv)[:, None] + torch.arange(kv)
        return Heads(
            batch=batch,
            length=length,
            nodes=nodes,
            heads=queries * kv,
            kv_heads=kv,
            width=self._width,
            cos=torch.cat((cos, cos), dim=-1)[:, None, :],
            sin=torch.cat((-sin, sin), dim=-1)[:, None, :],
            causal=ahead.repeat(queries, 1),
            query=(node * parts + query_head).flatten(),
            key=(node * parts + queries * kv + key_head).flatten(),
            value=(node * (parts + kv) + parts + key_head).flatten(),
            seen=seen.flatten(),
            unseen=unseen,
            seen_key=seen_key.flatten(),
            again=(again * length + (shared.again % length)[:, None]).flatten(),
            again_key=(shared.again_node[:, None] * kv + torch.arange(kv)).flatten(),
        )

    def _attend(self, block: _Block, x: Tensor, heads: Heads) -> Tensor:
        """`x` [m, hidden] of every node with what attention adds to it."""
        weight = torch.cat((block.q.weight, block.k.weight, block.v.weight)) * block.attention_norm
        parts = heads.heads + 2 * heads.kv_heads
        projected = functional.linear(kernels.rms_unit(x, self._eps), weight)
        scale = torch.cat((block.q_norm.expand(heads.heads, -1), block.k_norm.expand(heads.kv_heads, -1)))
        seen = kernels.attention(projected.view(heads.nodes, parts, heads.width), scale, self._eps, heads)
        return torch.addmm(x, seen, block.o.weight.t())

    def _attend_at(self, block: _Block, x: Tensor, last: Tensor, heads: Heads, shared: Prefixes) -> Tensor:
        """`x` [m, hidden] of the nodes at position `last` [b] with what attention adds to it: [b, hidden]."""
        rows = shared.node[torch.arange(heads.batch) * heads.length + last]
        b, n, kv, g, d = heads.batch, heads.length, heads.kv_heads, heads.queries, heads.width
        h = kernels.rms_unit(x, self._eps)
        weight = torch.cat((block.k.weight, block.v.weight)) * block.attention_norm
        projected = functional.linear(h, weight).view(heads.nodes, 2 * kv, d)
        k = kernels.rms_unit(projected[:, :kv], self._eps) * block.k_norm
        k = shared.spread(kernels.rotate(k, heads.cos, heads.sin).view(-1, kv * d))
        k = k.view(b, n, kv, d).permute(0, 2, 3, 1).reshape(b * kv, d, n)
        v = shared.spread(projected[:, kv:].reshape(-1, kv * d)).view(b, n, kv, d)
        v = v.transpose(1, 2).reshape(b * kv, n, d)
        q = functional.linear(h[rows], block.q.weight * block.attention_norm).view(b, heads.heads, d)
        q = kernels.rms_unit(q, self._eps) * block.q_norm
        q = kernels.rotate(q, heads.cos[rows], heads.sin[rows]).view(b * kv, g, d)
        padding = torch.arange(n) > last[:, None]
        unseen = torch.zeros(b, 1, 1, n).masked_fill(padding[:, None, None, :], -torch.inf)
        scores = torch.baddbmm(unseen.expand(b, kv, g, n).reshape(b * kv, g, n), q, k, alpha=heads.scale)
        seen = (scores.softmax(-1) @ v).view(b, heads.heads * d)
        return torch.addmm(x[rows], seen, block.o.weight.t())

    def _mlp(self, block: _Block, x: Tensor) -> Tensor:
        weight = torch.cat((block.gate.weight, block.up.weight)) * block.mlp_norm
        gated = kernels.swiglu(functional.linear(kernels.rms_unit(x, self._eps), weight))
        return torch.addmm(x, gated, block.down.weight.t())


@dataclass(frozen=True)
class _Linear:
    """A linear layer's weight, and the LoRA adapters on it as (B, A, scaling)."""

    base: Tensor
    adapters: tuple[tuple[Tensor, Tensor, float], ...] = ()

    @classmethod
    def of(cls, layer: Any) -> _Linear:
        if not hasattr(layer, "lora_A"):
            return cls(layer.weight)
        adapters = [
            (layer.lora_B[name].weight, layer.lora_A[name].weight, float(layer.scaling[name]))
            for name in layer.active_adapters
        ]
        return cls(layer.base_layer.weight, tuple(adapters))

    @property
    def weight(self) -> Tensor:
        """The sum of base and adapters, which for small models is cheaper than applying each."""
        total = self.base
        for b, a, scaling in self.adapters:
            total = torch.addmm(total, b, a, alpha=scaling)
        return total


@dataclass(frozen=True)
class _Block:
    q: _Linear
    k: _Linear
    v: _Linear
    o: _Linear
    gate: _Linear
    up: _Linear
    down: _Linear
    attention_norm: Tensor
    mlp_norm: Tensor
    q_norm: Tensor
    k_norm: Tensor

    @classmethod
    def of(cls, layer: Any) -> _Block:
        attention, mlp = layer.self_attn, layer.mlp
        return cls(
            q=_Linear.of(attention.q_proj),
            k=_Linear.of(attention.k_proj),
            v=_Linear.of(attention.v_proj),
            o=_Linear.of(attention.o_proj),
            gate=_Linear.of(mlp.gate_proj),
            up=_Linear.of(mlp.up_proj),
            down=_Linear.of(mlp.down_proj),
            attention_norm=layer.input_layernorm.weight,
            mlp_norm=layer.post_attention_layernorm.weight,
            q_norm=attention.q_norm.weight,
            k_norm=attention.k_norm.weight,
        )
