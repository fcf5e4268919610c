"""The forward pass of a dense Qwen3 in bfloat16 with LoRA adapters, on texts laid end to end: for a GPU.

Nothing is spent on padding or on vocabulary; the last block works at label positions only; an adapter is
added by the matrix product that it belongs to, and reads its input once for all layers that share it.
Covered by comparing states and gradients with those of transformers and peft, on a CPU, in float32 and
bfloat16. Not covered there: the attention kernel (`varlen_attn`) and the fused elementwise steps, which
only a GPU has.
"""

from __future__ import annotations

import importlib.util
import itertools
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch.nn import functional

Tensor = torch.Tensor


def handles(module: Any) -> bool:
    """True if `module` is a dense Qwen3 with half-precision weights that stay, with or without LoRA of peft."""
    from w2s.models import qwen3

    return bool(
        qwen3.is_dense(module)
        and module.dtype in (torch.bfloat16, torch.float16)
        and not any(p.requires_grad and p.dtype == module.dtype for p in module.parameters())
    )


@dataclass(frozen=True)
class Texts:
    """Texts laid end to end: `tokens` [t], `position` [t] within its text, `ends` [b + 1] int32 offsets.

    `label` [b] is where each text's last token is; `longest` the length of the longest.
    """

    tokens: Tensor
    position: Tensor
    ends: Tensor
    label: Tensor
    longest: int

    @classmethod
    def of(cls, ids: Tensor, last: Tensor) -> Texts:
        """From right-padded token ids [b, l] whose texts end at `last` [b]."""
        place = torch.arange(ids.shape[1], device=ids.device)
        real = place <= last[:, None]
        ends = functional.pad((last + 1).cumsum(0), (1, 0))
        return cls(
            tokens=ids[real],
            position=place.expand_as(ids)[real],
            ends=ends.to(torch.int32),
            label=ends[1:] - 1,
            longest=ids.shape[1],
        )


class PackedReader:
    """Final hidden states at the label position, from the parameters that `module` had when this was made."""

    def __init__(self, module: Any) -> None:
        decoder = module.get_decoder()
        self._eps = float(decoder.config.rms_norm_eps)
        self._frequency: Tensor = decoder.rotary_emb.inv_freq
        self._embeddings: Tensor = decoder.embed_tokens.weight
        self._last_norm: Tensor = decoder.norm.weight
        self._layers = list(decoder.layers)
        self._width = int(self._layers[0].self_attn.head_dim)

    def __call__(self, ids: Tensor, last: Tensor) -> Tensor:
        """States at position `last` [b] of right-padded token ids [b, l]: [b, hidden]."""
        with torch.autocast(ids.device.type, enabled=False):
            texts = Texts.of(ids, last)
            x = functional.embedding(texts.tokens, self._embeddings)
            angle = texts.position[:, None, None] * self._frequency
            turn = (
                torch.cat((angle, angle), -1).cos().to(x.dtype),
                torch.cat((-angle, angle), -1).sin().to(x.dtype),
            )
            for layer in self._layers[:-1]:
                x = self._block(layer, x, texts, turn, at_label=False)
            x = self._block(self._layers[-1], x, texts, turn, at_label=True)
            return _norm(x, self._last_norm, self._eps)

    def _block(
        self, layer: Any, x: Tensor, texts: Texts, turn: tuple[Tensor, Tensor], *, at_label: bool
    ) -> Tensor:
        """`x` [t, hidden] after one block; at the label positions [b, hidden] if that is all that is read."""
        attention, mlp, d = layer.self_attn, layer.mlp, self._width
        h = _norm(x, layer.input_layernorm.weight, self._eps)
        if at_label:
            k, v = adapted(h, (attention.k_proj, attention.v_proj))
            (q,) = adapted(h[texts.label], (attention.q_proj,))
            x, turn_q = x[texts.label], (turn[0][texts.label], turn[1][texts.label])
        else:
            q, k, v = adapted(h, (attention.q_proj, attention.k_proj, attention.v_proj))
            turn_q = turn
        q = _fused(_normed_turn)(q.view(len(q), -1, d), attention.q_norm.weight, *turn_q, self._eps)
        k = _fused(_normed_turn)(k.view(len(k), -1, d), attention.k_norm.weight, *turn, self._eps)
        seen = _attention(q, k, v.view(len(v), -1, d), texts, at_label=at_label)
        (x,) = adapted(seen.reshape(len(q), -1), (attention.o_proj,), residual=x)
        h = _norm(x, layer.post_attention_layernorm.weight, self._eps)
        gated = _fused(_swiglu)(*adapted(h, (mlp.gate_proj, mlp.up_proj)))
        (x,) = adapted(gated, (mlp.down_proj,), residual=x)
        return x


def adapted(x: Tensor, layers: Sequence[Any], *, residual: Tensor | None = None) -> tuple[Tensor, ...]:
    """`x` [t, in] through linear `layers` that share it, with their LoRA adapters: one [t, out] each.

    With `residual` [t, out] (for one layer), what it is added to. Base weights get no gradient. At most one
    adapter a layer, without dropout or bias, all of one rank.
    """
    if not hasattr(layers[0], "lora_A"):
        if residual is not None:
            return (torch.addmm(residual, x, layers[0].weight.t()),)
        return tuple(functional.linear(x, layer.weight) for layer in layers)
    names = [layer.active_adapters[0] for layer in layers]
    scalings = tuple(float(layer.scaling[name]) for layer, name in zip(layers, names, strict=True))
    bases = [layer.base_layer.weight for layer in layers]
    low = [layer.lora_A[name].weight for layer, name in zip(layers, names, strict=True)]
    high = [layer.lora_B[name].weight for layer, name in zip(layers, names, strict=True)]
    result: tuple[Tensor, ...] = _Adapted.apply(x, residual, scalings, *bases, *low, *high)  # type: ignore[no-untyped-call]
    return result


class _Adapted(torch.autograd.Function):
    """y = residual + x W^T + s (x A^T) B^T for several W, A, B; W stays as it is."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, residual: Tensor | None, scalings: tuple[float, ...], *weights: Tensor
    ) -> tuple[Tensor, ...]:
        n = len(scalings)
        bases, downs, ups = weights[:n], weights[n : 2 * n], weights[2 * n :]
        down = torch.cat(downs).to(x.dtype)
        inner = x @ down.t()
        found = []
        for base, up, scaling, part in zip(bases, ups, scalings, inner.chunk(n, -1), strict=True):
            y = x @ base.t() if residual is None else torch.addmm(residual, x, base.t())
            found.append(y.addmm_(part, up.to(x.dtype).t(), alpha=scaling))
        ctx.save_for_backward(x, inner, down, *bases, *ups)
        ctx.scalings, ctx.has_residual = scalings, residual is not None
        return tuple(found)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        n = len(ctx.scalings)
        x, inner, down, *rest = ctx.saved_tensors
        bases, ups = rest[:n], rest[n:]
        to_inner = torch.cat(
            [s * (g @ up.to(g.dtype)) for g, up, s in zip(grads, ups, ctx.scalings, strict=True)], dim=-1
        )
        to_ups = [
            (g.t() @ part).to(up.dtype).mul_(s)
            for g, up, s, part in zip(grads, ups, ctx.scalings, inner.chunk(n, -1), strict=True)
        ]
        to_downs = (to_inner.t() @ x).to(ups[0].dtype).chunk(n)
        to_x = None
        if ctx.needs_input_grad[0]:
            to_x = to_inner @ down
            for g, base in zip(grads, bases, strict=True):
                to_x.addmm_(g, base)
        return to_x, grads[0] if ctx.has_residual else None, None, *[None] * n, *to_downs, *to_ups


def _norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return functional.rms_norm(x, (x.shape[-1],), weight, eps)


def _normed_turn(x: Tensor, weight: Tensor, cos: Tensor, sin: Tensor, eps: float) -> Tensor:
    """Norm of each head of `x` [t, heads, d], then its rotation; `sin` carries the sign of each half."""
    wide = x.float()
    wide = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps) * weight.float()
    half = x.shape[-1] // 2
    other = torch.cat((wide[..., half:], wide[..., :half]), dim=-1)
    return (wide * cos.float() + other * sin.float()).to(x.dtype)


def _swiglu(gate: Tensor, up: Tensor) -> Tensor:
    return functional.silu(gate) * up


@cache
def _compiled(step: Any) -> Any:
    return torch.compile(step)


def _fused(step: Any) -> Any:
    """`step` as one kernel where torch can make one: on a GPU, with Triton and the compiler that it calls."""
    return _compiled(step) if _can_fuse() else step


@cache
def _can_fuse() -> bool:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    return bool(torch.cuda.is_available() and importlib.util.find_spec("triton") and compiler)


def _attention(q: Tensor, k: Tensor, v: Tensor, texts: Texts, *, at_label: bool) -> Tensor:
    """Causal attention within each text: [queries, heads, d]; one query a text if `at_label`."""
    if q.device.type == "cuda":
        from torch.nn.attention.varlen import varlen_attn

        queries = torch.arange(len(texts.label) + 1, device=q.device, dtype=torch.int32)
        seen = varlen_attn(
            q,
            k,
            v,
            queries if at_label else texts.ends,
            texts.ends,
            1 if at_label else texts.longest,
            texts.longest,
            window_size=(-1, -1) if at_label else (-1, 0),
            enable_gqa=True,
        )
        assert isinstance(seen, Tensor)
        return seen
    pieces = []
    for i, (start, end) in enumerate(itertools.pairwise(texts.ends.tolist())):
        mine = q[i : i + 1] if at_label else q[start:end]
        ours, theirs, values = (part.transpose(0, 1)[None] for part in (mine, k[start:end], v[start:end]))
        out = functional.scaled_dot_product_attention(
            ours, theirs, values, is_causal=not at_label, enable_gqa=True
        )
        pieces.append(out[0].transpose(0, 1))
    return torch.cat(pieces)
