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
    """Sizes of a causal attention over rows [b, l] whose `nodes` are computed once, and what depends on both.

    `cos` and `sin` [m, 1, d] turn a node's vector by its position (the sign of the rotation is in `sin`);
    `causal` [queries * l, l] is 0 where a place may look and -inf elsewhere. The rest are rows of head
    vectors [., d]: `query`, `key`, `value` say which of the nodes' stands at a place of the batch [b, kv, (queries,)
    l], `seen` [m * heads] and `seen_key` [m * kv] where a node's first place is, `unseen` [b * heads * l] the
    reverse of `seen` (m * heads where a node was seen before), `again` and `again_key` the other places of
    keys, and which of [m * kv] they add to.
    """

    batch: int
    length: int
    nodes: int
    heads: int
    kv_heads: int
    width: int
    cos: Tensor
    sin: Tensor
    causal: Tensor
    query: Tensor
    key: Tensor
    value: Tensor
    seen: Tensor
    unseen: Tensor
    seen_key: Tensor
    again: Tensor
    again_key: Tensor

    @property
    def queries(self) -> int:
        """Query heads that share a key head."""
        return self.heads // self.kv_heads

    @property
    def scale(self) -> float:
        """Factor of every score."""
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
    """Norm and rotation of queries and keys, then causal attention: [m, heads * d].

    `projected` [m, heads + 2 kv, d] holds queries, keys and values; `scale` [heads + kv, d] the weights of
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
        unit, inverse = _unit(projected[:, : heads.heads + kv], eps)
        turned = rotate(unit * scale, heads.cos, heads.sin).view(-1, d)
        q = turned.index_select(0, heads.query).view(b * kv, g * n, d)
        k = turned.index_select(0, heads.key).view(b * kv, n, d)
        v = projected.view(-1, d).index_select(0, heads.value).view(b * kv, n, d)
        share = torch.baddbmm(heads.causal, q, k.mT, alpha=heads.scale).softmax(-1)
        seen = torch.bmm(share, v).view(-1, d).index_select(0, heads.seen)
        ctx.save_for_backward(unit, inverse, scale, q, k, v, share)
        ctx.heads = heads
        return seen.view(heads.nodes, heads.heads * d)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        unit, inverse, scale, q, k, v, share = ctx.saved_tensors
        heads: Heads = ctx.heads
        m, kv, d = heads.nodes, heads.kv_heads, heads.width
        by_head = torch.cat((grads[0].reshape(-1, d), grads[0].new_zeros(1, d)))
        to_seen = by_head.index_select(0, heads.unseen).view(q.shape)
        to_share = torch.bmm(to_seen, v.mT)
        to_score = torch.ops.aten._softmax_backward_data(to_share, share, -1, share.dtype).mul_(heads.scale)
        result = grads[0].new_empty(m, heads.heads + 2 * kv, d)
        turned = result[:, : heads.heads + kv]
        # what was read of a query is its first place alone; keys and values are read in all
        to_query = torch.bmm(to_score, k).view(-1, d).index_select(0, heads.seen)
        turned[:, : heads.heads].copy_(to_query.view(m, -1, d))
        turned[:, heads.heads :].copy_(_total(torch.bmm(to_score.mT, q), heads))
        result[:, heads.heads + kv :].copy_(_total(torch.bmm(share.mT, to_seen), heads))
        normed = (turned * heads.cos).add_(_swap(turned * heads.sin))
        to_scale = (normed * unit).sum(0)
        turned.copy_(_through_unit(normed.mul_(scale), unit, inverse))
        return result, to_scale, None, None


def _total(places: Tensor, heads: Heads) -> Tensor:
    """Sum of `places` [b * kv, l, d] over those of each node: [m, kv, d]."""
    rows = places.view(-1, heads.width)
    first = rows.index_select(0, heads.seen_key)
    return first.index_add_(0, heads.again_key, rows.index_select(0, heads.again)).view(
        heads.nodes, -1, heads.width
    )


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
