"""Hidden states are shown in a secret random orthonormal basis, one for each run, model and layer.

What a method does with states (distances, angles, probes, principal components, ranks) is the same in every
orthonormal basis, and the gradient of a loss that reads them is turned back. A single coordinate means nothing.

    one basis for a run   all students, requests, templates and orders: their states may be compared and subtracted
    another one           for each layer, for the states a custom loss reads, for the weak model, for every run

Covered: a table of directions that was fitted elsewhere, on the same checkpoint, fits nothing here. Not covered:
what no basis changes (norms, distances, log-odds), and a method that finds the basis from those: docs/security.md
has what that recovers.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from w2s.bench.protocol import FloatStates

if TYPE_CHECKING:
    from w2s.models.losses import LossArrays, LossGradient

Layer = int | Literal["readout"]
"""A block by its number, 1 is the first, or the states that log-odds are read from."""
_KEPT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Basis:
    """Orthonormal `columns`, float32 [h, h]: coordinate j of a shown state is its product with column j."""

    columns: FloatStates

    def shown(self, states: FloatStates) -> FloatStates:
        """States [n, h] as a method sees them."""
        return states @ self.columns

    def own(self, gradient: FloatStates) -> FloatStates:
        """A gradient [n, h] with respect to shown states as one with respect to the model's own."""
        return gradient @ self.columns.T


class Bases:
    """The bases of one run, which follow from a `secret` that its method does not know.

    Those of wide models are drawn again when they are needed again: no more are kept than fit into 256 MB.

    >>> bases = Bases(b"salt of a run")
    >>> columns = bases.of("strong", 1, width=8).columns
    >>> bool(np.allclose(columns.T @ columns, np.eye(8), atol=1e-5))
    True
    >>> bool(np.allclose(columns, bases.of("strong", 2, width=8).columns))
    False
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = hmac.digest(secret, b"basis", "sha256")
        self._kept: OrderedDict[tuple[str, Layer, int], Basis] = OrderedDict()

    def of(self, model: str, layer: Layer, *, width: int) -> Basis:
        """The basis of states [n, width] of the "strong" or "weak" model after `layer`."""
        key = (model, layer, width)
        if key not in self._kept:
            self._kept[key] = Basis(self._drawn(f"{model}|{layer}|{width}", width))
            while len(self._kept) > 1 and len(self._kept) * 4 * width**2 > _KEPT_BYTES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _drawn(self, words: str, width: int) -> FloatStates:
        """Uniform over all orthonormal bases of `width` dimensions, mirrored ones included."""
        seed = int.from_bytes(hmac.digest(self._secret, words.encode(), "sha256"), "big")
        q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((width, width), dtype=np.float32))
        # R's diagonal has the signs that the algorithm happens to choose; without them Q is uniform (Mezzadri 2007)
        return np.ascontiguousarray(q * np.sign(np.diagonal(r)), dtype=np.float32)


class InBasis:
    """A loss on arrays that is shown the states of a batch in `basis`; its gradient comes back in the model's own."""

    def __init__(self, gradient: Callable[[LossArrays], LossGradient], basis: Basis) -> None:
        self._gradient, self._basis = gradient, basis
        self.wants_hidden: bool = bool(getattr(gradient, "wants_hidden", False))

    def __call__(self, batch: LossArrays) -> LossGradient:
        """Value and derivatives of one batch."""
        if batch.hidden is None:
            return self._gradient(batch)
        answer = self._gradient(replace(batch, hidden=self._basis.shown(batch.hidden)))
        return answer if answer.hidden is None else replace(answer, hidden=self._basis.own(answer.hidden))
