"""The bench as a method's process sees it: handles and weak labels here, everything else by request.

`RemoteBench` and `RemoteStudent` obey the same protocols and the same contract (`w2s.contract`) as the in-process
bench. Only numpy is imported; a custom loss brings torch with it (`gradient_of` turns the loss into arrays).
"""

from __future__ import annotations

import builtins
import math
import socket
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from w2s import contract, errors, wire
from w2s.bench.checked import Asked, CheckedStudent
from w2s.contract import Training
from w2s.errors import BadTargets, ServiceLost, W2SError
from w2s.records import BoolArray, FloatArray, IdArray, Items, Predictions, Recipe, WeakLabels

_RECIPE_FIELDS = tuple(Recipe.__dataclass_fields__)
_ANSWERS: Mapping[Asked, str] = {
    "predict": "probabilities",
    "zero_shot": "logodds",
    "likelihood": "values",
    "hidden_states": "states",
}
"""Name of the array that answers each question."""

BatchGradient = Callable[..., Any]
"""One batch by keyword (progress, logits, targets, weights, index, hidden) to `.value`, `.logits`, `.hidden`."""
GradientOf = Callable[[Any], BatchGradient]


class RemoteBench:
    """The bench of one run, on the other side of `sock`.

    `gradient_of` adapts a torch loss (`w2s.models.losses.torch_gradient`); without it custom losses are
    refused.
    """

    def __init__(self, sock: socket.socket, *, gradient_of: GradientOf | None = None) -> None:
        self._line = Line(sock)
        self._gradient_of = gradient_of
        header, arrays = self._line.ask({"op": "hello"})
        self.seed: int = header["seed"]
        self.rng = np.random.default_rng(self.seed)
        self.recipe = Recipe(**{name: header["recipe"][name] for name in _RECIPE_FIELDS})
        self.kind: str = header["kind"]
        self.labels: tuple[str, str] = (header["labels"][0], header["labels"][1])
        self.layers: int = header["layers"]
        self.practice: bool = header["practice"]
        self.unlabelled = _items("unlabelled", arrays)
        self.test = _items("test", arrays)
        self.supervisors = [WeakLabels(arrays[f"weak_{k}"]) for k in range(header["supervisors"])]
        self.weak = self.supervisors[0]

    def strong(self) -> RemoteStudent:
        """A new student: the strong model, not yet fine-tuned."""
        return self._student("strong")

    def weak_model(self) -> RemoteStudent:
        """A new student from the weak model, not yet fine-tuned."""
        return self._student("weak")

    def log(self, **numbers: float) -> None:
        """Keep numbers with the run: 32 names at most, each written as a keyword in the source."""
        self._line.ask({"op": "log", "numbers": contract.logged(numbers)})

    def finish(self, predictions: Predictions) -> None:
        """Hand in the predictions of `test`; the run is over when this returns.

        Raises `WrongIds` unless they are for exactly the test items, each once, in any order.
        """
        ids, probabilities = contract.handed_in(predictions)
        self._line.ask({"op": "finish"}, {"ids": ids, "probabilities": probabilities})

    def fail(self, error_type: str, *, file: str, line: int, message: str) -> None:
        """Tell the service that the method raised; the message is dropped in scored runs."""
        shown = message[:2000] if self.practice else ""
        self._line.ask({"op": "failed", "type": error_type, "file": file, "line": line, "message": shown})

    def _student(self, which: str) -> RemoteStudent:
        header, _ = self._line.ask({"op": "student", "which": which})
        return RemoteStudent(self._line, header["student"], self._gradient_of)


class RemoteStudent(CheckedStudent):
    """A student that lives in the service; see `w2s.bench.Student` for what each request means."""

    def __init__(self, line: Line, number: int, gradient_of: GradientOf | None) -> None:
        self._line, self._number, self._gradient_of = line, number, gradient_of

    def copy(self) -> RemoteStudent:
        """A second student in the same state; they part from here."""
        header, _ = self._line.ask({"op": "copy", "student": self._number})
        return RemoteStudent(self._line, header["student"], self._gradient_of)

    def _train(
        self, ids: IdArray, flipped: BoolArray, training: Training, loss: Callable[[Any], Any] | None
    ) -> None:
        header: dict[str, Any] = {
            "op": "finetune",
            "student": self._number,
            "custom": loss is not None,
            "wants_hidden": bool(getattr(loss, "wants_hidden", False)),
        }
        if training.epochs is not None:
            header["epochs"] = training.epochs
        if training.learning_rate is not None:
            header["learning_rate"] = training.learning_rate
        arrays: dict[str, wire.Array] = {"ids": ids, "flipped": flipped, "targets": training.targets}
        if training.weights is not None:
            arrays["weights"] = training.weights
        if training.order is not None:
            arrays["order"] = training.order
        gradient = None
        if loss is not None:
            if self._gradient_of is None:
                raise errors.Unavailable(
                    "custom losses need torch in the method's process; it is missing here"
                )
            gradient = self._gradient_of(loss)
        answer, batch = self._line.ask(header, arrays)
        while gradient is not None and answer.get("event") == "batch":
            answer, batch = self._answer_batch(gradient, answer, batch)

    def _ask(
        self,
        op: Asked,
        ids: IdArray,
        flipped: BoolArray,
        *,
        template: str | None = None,
        labels: tuple[str, str] | None = None,
        layer: int | None = None,
    ) -> FloatArray:
        question = {"template": template, "labels": labels, "layer": layer}
        header: dict[str, Any] = {"op": op, "student": self._number}
        header |= {name: value for name, value in question.items() if value is not None}
        _, arrays = self._line.ask(header, {"ids": ids, "flipped": flipped})
        return cast(FloatArray, arrays[_ANSWERS[op]])

    def _generate(self, ids: IdArray, flipped: BoolArray, template: str, into: str) -> None:
        header = {"op": "generate", "student": self._number, "template": template, "into": into}
        self._line.ask(header, {"ids": ids, "flipped": flipped})

    def _step(self, directions: Mapping[int, float]) -> None:
        seeds = np.array(list(directions), dtype=np.int64)
        weights = np.array(list(directions.values()), dtype=np.float64)
        self._line.ask({"op": "step", "student": self._number}, {"seeds": seeds, "weights": weights})

    def _answer_batch(
        self, gradient: BatchGradient, header: wire.Header, arrays: Mapping[str, wire.Array]
    ) -> tuple[wire.Header, dict[str, wire.Array]]:
        try:
            answer = gradient(progress=header["progress"], **arrays)
        except BaseException:
            self._line.stop()
            raise
        back = {"grad": np.asarray(answer.logits, dtype=np.float32)}
        if answer.hidden is not None:
            back["grad_hidden"] = np.asarray(answer.hidden, dtype=np.float32)
        value = float(answer.value)
        if not math.isfinite(value) or not all(np.isfinite(array).all() for array in back.values()):
            self._line.stop()
            raise BadTargets(
                f"the loss is {value} at progress {header['progress']:.2f}, or its gradient is not finite"
            )
        return self._line.ask({"op": "gradient", "loss": value}, back)


class Line:
    """Requests and answers over one socket; what the service refuses is raised here by its name."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def ask(
        self, header: Mapping[str, Any], arrays: Mapping[str, wire.Array] | None = None
    ) -> tuple[wire.Header, dict[str, wire.Array]]:
        """One request and its answer, or the event that a custom loss has to answer.

        Raises the service's own error, or `ServiceLost` if it went away.
        """
        frame = wire.encode(header, arrays)
        try:
            self._sock.sendall(frame)
            answer, back = wire.recv(self._sock)
        except (wire.WireError, OSError) as error:
            raise ServiceLost("the student service went away; the run will be repeated") from error
        if answer.get("ok") is False:
            raise named_error(str(answer.get("error")), str(answer.get("message")))
        return answer, back

    def stop(self) -> None:
        """Tell the service that the loss of the running fine-tune failed; that student is gone."""
        try:
            self.ask({"op": "stop"})
        except W2SError:
            return


def named_error(name: str, message: str) -> Exception:
    """The error class `name` of `w2s.errors` or of Python itself, with `message`.

    >>> named_error("WrongIds", "3 items are not of this run")
    WrongIds('3 items are not of this run')
    """
    kind = getattr(errors, name, None) or getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        return kind(message)
    return W2SError(f"{name}: {message}")


def _items(name: str, arrays: Mapping[str, wire.Array]) -> Items:
    ids = arrays[f"{name}_ids"]
    texts: dict[int, str] | None = None
    if f"{name}_text" in arrays:
        ends = [0, *arrays[f"{name}_text_end"].tolist()]
        joined = arrays[f"{name}_text"].tobytes()
        texts = {
            int(i): joined[start:end].decode() for i, start, end in zip(ids, ends[:-1], ends[1:], strict=True)
        }
    return Items(
        ids=ids,
        group=arrays[f"{name}_group"],
        length=arrays[f"{name}_length"],
        answer=arrays.get(f"{name}_answer"),
        texts=texts,
    )
