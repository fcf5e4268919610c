"""A custom loss whose code runs in the method's process: batches go out, gradients come back."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import numpy as np

from aar.students import checks
from w2s import wire
from w2s.errors import BadTargets

if TYPE_CHECKING:
    from w2s.models.losses import LossArrays, LossGradient

_GRADIENT_BYTES = 8 * 1024 * 1024


class LossStopped(BadTargets):
    """The method's loss raised in the middle of a fine-tune; that student is dropped."""


class RemoteLoss:
    """Asks the method for the gradient of each batch.

    Raises `LossStopped` when the method's own loss raised, `WireError` for anything but a gradient of the
    batch's shape, `BadTargets` for one that is not finite.
    """

    def __init__(self, sock: socket.socket, *, wants_hidden: bool) -> None:
        self._sock = sock
        self.wants_hidden = wants_hidden

    def __call__(self, batch: LossArrays) -> LossGradient:
        """Value and derivatives of one batch."""
        from w2s.models.losses import LossGradient

        arrays: dict[str, wire.Array] = {
            "logits": np.asarray(batch.logits, dtype=np.float32),
            "targets": np.asarray(batch.targets, dtype=np.float32),
            "weights": np.asarray(batch.weights, dtype=np.float32),
            "index": np.asarray(batch.index, dtype=np.int64),
        }
        if self.wants_hidden and batch.hidden is not None:
            arrays["hidden"] = np.asarray(batch.hidden, dtype=np.float32)
        wire.send(self._sock, {"event": "batch", "progress": float(batch.progress)}, arrays)
        header, back = wire.recv(self._sock, max_bytes=_GRADIENT_BYTES)
        op = checks.field(header, "op", str)
        if op == "stop":
            raise LossStopped(
                "the loss raised in the middle of a fine-tune; this student is gone, make a new one"
            )
        if op != "gradient":
            raise wire.WireError(f"request {op!r} where the gradient of a batch was awaited")
        grad = self._like(back, "grad", arrays["logits"])
        hidden = self._like(back, "grad_hidden", arrays["hidden"]) if "grad_hidden" in back else None
        return LossGradient(checks.number(header, "loss"), grad, hidden)

    @staticmethod
    def _like(back: dict[str, wire.Array], name: str, model: wire.Array) -> Any:
        array = back.get(name)
        if array is None or array.dtype != np.float32 or array.shape != model.shape:
            raise wire.WireError(f"{name!r} does not have the shape of the batch")
        if not np.isfinite(array).all():
            raise BadTargets("the gradient of the loss is NaN or infinite")
        return array
