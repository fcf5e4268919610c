"""The steps of a transformer block that cost more by parts than as one: each with its own derivative.

Covered by comparing states and gradients with those of transformers; float32 on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

Tensor = torch.Tensor


@dataclass(frozen=True)
class Heads:
    """Sizes of a causal attention over `length` positions, and what depends on them alone.

    `cos` and `sin` [l, 1, d] turn a vector by its position (the sign of the rotation is in `sin`); `causal`
    [queries * l, l] is 0 where a position may look and -inf elsewhere.
    """

    batch: int
    length: int
    heads: int
    kv_heads: int
    width: int
    cos: Tensor
    sin: Tensor
    causal: Tensor

    @property
    def queries(self) -> int:
        """Query heads that share a key head."""
        return self.heads // self.kv_heads

    @property
    def scale(self) -> float:
        """What a score is multiplied by."""
        return float(self.width**-0.5)


def rms_unit(x: Tensor, eps: float) -> Tensor:
    """`x` over its root mean square along the last axis: RMSNorm without its weight."""
    result: Tensor = _Unit.apply(x, eps)  # type: ignore[no-untyped-call]
    return result


def swiglu(both: Tensor) -> Tensor:
    """silu(gate) * up, where `both` [n, 2 m] holds the gate in its first half and up in its second: [n, m]."""
    result: Tensor = _SwiGLU.apply(both)  # type: ignore[no-untyped-call]
    return result


def attention(projected: Tensor, scale: Tensor, eps: float, heads: Heads) -> Tensor:
    """Norm and rotation of queries and keys, then causal attention: [b * l, heads * d].

    `projected` [b, l, heads + 2 kv, d] holds queries, keys and values; `scale` [heads + kv, d] the weights of
    the norms.
    """
    result: Tensor = _Attention.apply(projected, scale, eps, heads)  # type: ignore[no-untyped-call]
    return result


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding; `sin` carries the sign of each half."""
    return torch.addcmul(x * cos, _swap(x), sin)


def _swap(x: Tensor) -> Tensor:
    """The two halves of the last axis in the other order."""
    half = x.shape[-1] // 2
    return torch.cat((x[..., half:], x[..., :half]), dim=-1)


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, projected: Tensor, scale: Tensor, eps: float, heads: Heads) -> Tensor:
        b, n, kv, g, d = heads.batch, heads.length, heads.kv_heads, heads.queries, heads.width
        raw = projected[:, :, : heads.heads + kv]
        unit, inverse = _unit(raw, eps)
        turned = rotate(unit * scale, heads.cos, heads.sin)
        q = turned[:, :, : heads.heads].view(b, n, kv, g, d).permute(0, 2, 3, 1, 4).reshape(b * kv, g * n, d)
        k = turned[:, :, heads.heads :].transpose(1, 2).reshape(b * kv, n, d)
        v = projected[:, :, heads.heads + kv :].transpose(1, 2).reshape(b * kv, n, d)
        share = torch.baddbmm(heads.causal, q, k.mT, alpha=heads.scale).softmax(-1)
        seen = torch.bmm(share, v)
        ctx.save_for_backward(unit, inverse, scale, q, k, v, share)
        ctx.heads = heads
        return seen.view(b, kv, g, n, d).permute(0, 3, 1, 2, 4).reshape(b * n, heads.heads * d)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        unit, inverse, scale, q, k, v, share = ctx.saved_tensors
        heads: Heads = ctx.heads
        b, n, kv, g, d = heads.batch, heads.length, heads.kv_heads, heads.queries, heads.width
        by_query = grads[0].view(b, n, kv, g, d).permute(0, 2, 3, 1, 4)
        to_seen = by_query.reshape(b * kv, g * n, d)
        to_share = torch.bmm(to_seen, v.mT)
        to_score = torch.ops.aten._softmax_backward_data(to_share, share, -1, share.dtype).mul_(heads.scale)
        result = grads[0].new_empty(b, n, heads.heads + 2 * kv, d)
        turned, plain = result[:, :, : heads.heads + kv], result[:, :, heads.heads + kv :]
        queries = turned[:, :, : heads.heads].view(b, n, kv, g, d).permute(0, 2, 3, 1, 4)
        queries.copy_(torch.bmm(to_score, k).view(b, kv, g, n, d))
        turned[:, :, heads.heads :].transpose(1, 2).copy_(torch.bmm(to_score.mT, q).view(b, kv, n, d))
        plain.transpose(1, 2).copy_(torch.bmm(share.mT, to_seen).view(b, kv, n, d))
        normed = (turned * heads.cos).add_(_swap(turned * heads.sin))
        to_scale = (normed * unit).sum((0, 1))
        turned.copy_(_through_unit(normed.mul_(scale), unit, inverse))
        return result, to_scale, None, None


def _unit(x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """`x` over its root mean square along the last axis, and one over that."""
    size = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    inverse: Tensor = size.square_().div_(x.shape[-1]).add_(eps).rsqrt_()
    return x * inverse, inverse


def _through_unit(grad: Tensor, unit: Tensor, inverse: Tensor) -> Tensor:
    """Derivative with respect to x of what `_unit` made of it, from the one with respect to that."""
    along = (grad * unit).sum(-1, keepdim=True).div_(unit.shape[-1])
    return torch.addcmul(grad, unit, along, value=-1).mul_(inverse)


class _Unit(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, eps: float) -> Tensor:
        result, inverse = _unit(x, eps)
        ctx.save_for_backward(result, inverse)
        return result

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        result, inverse = ctx.saved_tensors
        return _through_unit(grads[0], result, inverse), None


class _SwiGLU(torch.autograd.Function):
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
