"""A bench whose student is a few numbers, so that what a method does to it can be worked out by hand.

It keeps the contract of every other bench; the suite in `tests/conformance/test_bench.py` compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from w2s import contract
from w2s.bench.checked import Asked, CheckedStudent
from w2s.blocks.targets import sigmoid
from w2s.contract import RunIds, Training, Usage
from w2s.records import Items, Predictions, Recipe, WeakLabels


class FakeStudent(CheckedStudent):
    """Fits logistic regression by gradient steps on two features: the truth and a superficial cue."""

    def __init__(self, bench: FakeBench) -> None:
        self.bench = bench
        self.number = bench.usage.student()
        self.gone = False
        self.weights = np.zeros(2)
        self.wrote: dict[str, set[tuple[int, bool]]] = {}
        self.calls: list[dict[str, Any]] = []

    def copy(self) -> FakeStudent:
        self._requested()
        twin = type(self)(self.bench)
        self.bench.made.append(twin)
        twin.weights = self.weights.copy()
        twin.wrote = {name: set(shown) for name, shown in self.wrote.items()}
        return twin

    def _requested(self) -> Usage:
        self.bench.usage.request()
        if self.gone:
            raise contract.gone(self.number)
        return self.bench.usage

    def _features(self, ids: np.ndarray, flipped: np.ndarray) -> np.ndarray:
        sign = np.where(flipped, -1.0, 1.0)[:, None]
        return sign * np.stack([self.bench.features[int(i)] for i in ids])

    def _train(
        self,
        ids: np.ndarray,
        flipped: np.ndarray,
        training: Training,
        loss: Callable[[Any], Any] | None,
    ) -> None:
        self._requested()
        self.bench.run_ids.places(ids, flipped, trained_on=True)
        y, weights = training.targets, training.weights
        self.calls.append({"ids": ids.copy(), "targets": y, "epochs": training.epochs})
        self.calls[-1] |= {"rate": training.learning_rate, "weights": weights, "loss": loss}
        x = self._features(ids, flipped)
        w = np.ones(len(ids)) if weights is None else weights
        self.gone = True
        for step in range(60):
            margin = x @ self.weights
            slope, hidden = self._slope(loss, margin, y, w, step / 60, x * self.weights)
            self.weights = self.weights - 2.0 * (x.T @ slope + (x * hidden).sum(axis=0))
        self.gone = False

    def _slope(
        self, loss: Any, margin: np.ndarray, y: np.ndarray, w: np.ndarray, progress: float, states: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Slopes of the loss: of the log-odds [n], and of the states that they are the sum of, [n, 2]."""
        if loss is None:
            return np.asarray(w * (sigmoid(margin) - y) / w.sum()), np.zeros_like(states)
        from w2s.models import LossArrays
        from w2s.models.losses import torch_gradient

        gradient = torch_gradient(loss)
        answer = gradient(
            LossArrays(
                logits=margin.astype(np.float32),
                targets=y.astype(np.float32),
                weights=w.astype(np.float32),
                index=np.arange(len(y)),
                progress=progress,
                hidden=states.astype(np.float32) if gradient.wants_hidden else None,
            )
        )
        through = np.zeros_like(states) if answer.hidden is None else answer.hidden.astype(float)
        return answer.logits.astype(float), through

    def _ask(
        self,
        op: Asked,
        ids: np.ndarray,
        flipped: np.ndarray,
        *,
        template: str | None = None,
        labels: tuple[str, str] | None = None,
        layer: int | None = None,
    ) -> np.ndarray:
        usage = self._requested()
        if layer is not None:
            layer = contract.layer(layer, layers=self.bench.layers)
            contract.states(len(ids), width=2)
        usage.question(template, labels, generated=self.wrote)
        self.bench.run_ids.places(ids, flipped)
        self._check_written(ids, flipped, template)
        if op == "predict":
            return np.asarray(sigmoid(self._features(ids, flipped) @ self.weights))
        if op == "zero_shot":
            return (3.0 if template is None else -5.0) + self._view(ids, flipped, "zero_shot")
        if layer is None:
            return self._view(ids, flipped, "likelihood")
        return self._states(ids, flipped, layer, template).astype(np.float32)

    def _states(self, ids: np.ndarray, flipped: np.ndarray, layer: int, template: str | None) -> np.ndarray:
        """Layer 2 holds the truth, the cue and a part that ignores the order, others the cue and noise.

        A template that ends in the word of class 0 shows the item as false, which turns truth and cue round.
        """
        x = self._features(ids, flipped)
        if template is not None and template.endswith(self.bench.labels[0]):
            x = -x
        noise = np.stack([self.bench.noise[int(i)] for i in ids])
        if layer != 2:
            return np.stack([noise[:, 0], x[:, 1] + noise[:, 1]], axis=1)
        return np.stack([x[:, 0] + 4.0, x[:, 1] + noise[:, 1]], axis=1)

    def _generate(self, ids: np.ndarray, flipped: np.ndarray, template: str, into: str) -> None:
        usage = self._requested()
        self.bench.run_ids.places(ids, flipped)
        usage.generated(into, already=self.wrote)
        usage.question(template, generated=self.wrote)
        self._check_written(ids, flipped, template)
        self.wrote.setdefault(into, set()).update(_shown(ids, flipped))

    def _step(self, directions: Mapping[int, float]) -> None:
        self._requested()
        for seed, weight in directions.items():
            self.weights = self.weights + weight * np.random.default_rng(seed).normal(size=2)

    def _check_written(self, ids: np.ndarray, flipped: np.ndarray, template: str | None) -> None:
        for shown in _shown(ids, flipped) if template is not None else ():
            written = [name for name, where in self.wrote.items() if shown in where]
            contract.check_fields(template, [*contract.fields_of(self.bench.kind), *written])

    def _view(self, ids: np.ndarray, flipped: np.ndarray, name: str) -> np.ndarray:
        values = np.array([self.bench.views[name][int(i)] for i in ids])
        return np.where(flipped, -values, values)


def _shown(ids: np.ndarray, flipped: np.ndarray) -> list[tuple[int, bool]]:
    return list(zip(ids.tolist(), flipped.tolist(), strict=True))


class FakeBench:
    """Pairs or proposed answers with a known truth; every view is right independently at a known rate."""

    labels = ("No", "Yes")

    def __init__(
        self,
        *,
        seed: int = 0,
        pairs: bool = True,
        n: int = 600,
        n_test: int | None = None,
        layers: int = 3,
        weak_right: float = 0.7,
        zero_shot_right: float = 0.75,
        likelihood_right: float = 0.7,
        cue_right: float = 0.75,
        log_names: Collection[str] | None = None,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.layers, whole = layers, n + (n if n_test is None else n_test)
        self.seed, self.rng, self.recipe = seed, np.random.default_rng([seed, 1]), Recipe()
        self.kind = "pair" if pairs else "verification"
        self.truth, self.features, self.noise = {}, {}, {}
        self.views: dict[str, dict[int, float]] = {"zero_shot": {}, "likelihood": {}, "weak": {}}
        self.made: list[FakeStudent] = []
        self.usage = Usage(fields=contract.fields_of(self.kind), log_names=log_names)
        self.usage.request()  # the lab counts the greeting
        right = {"zero_shot": zero_shot_right, "likelihood": likelihood_right, "weak": weak_right}
        for i in range(whole):
            y = int(rng.random() < 0.5) if pairs else int(i % 4 < 2)
            self.truth[i] = y
            sign = 2 * y - 1
            self.features[i] = np.array([sign, sign * (1 if rng.random() < cue_right else -1)], dtype=float)
            self.noise[i] = rng.normal(size=2)
            for name, rate in right.items():
                size = rng.exponential() + 0.05
                self.views[name][i] = sign * size * (1 if rng.random() < rate else -1)
        self.unlabelled = self._items(np.arange(n), pairs)
        self.test = self._items(np.arange(n, whole), pairs)
        self.run_ids = RunIds(self.unlabelled.ids, self.test.ids, pairs=pairs)
        soft = sigmoid(np.array([self.views["weak"][i] for i in range(n)]))
        self.weak = WeakLabels(soft)
        self.supervisors = [self.weak]

    def _items(self, ids: np.ndarray, pairs: bool) -> Items:
        return Items(
            ids=ids.astype(np.uint64),
            group=(ids if pairs else ids // 4).astype(np.int64),
            length=np.full(len(ids), 20, dtype=np.int64),
            # Of four answers to a question two are the right one, the others are wrong and different.
            answer=None if pairs else np.maximum(ids % 4 - 1, 0).astype(np.int64),
        )

    def strong(self) -> FakeStudent:
        self.usage.request()
        self.made.append(FakeStudent(self))
        return self.made[-1]

    def weak_model(self) -> FakeStudent:
        return self.strong()

    def log(self, **numbers: float) -> None:
        self.usage.request()
        self.usage.log(numbers)

    @property
    def logged(self) -> dict[str, float | None]:
        return self.usage.logged

    def finish(self, predictions: Predictions) -> np.ndarray:
        return self.run_ids.predicted(*contract.handed_in(predictions))

    def truth_of(self, items: Items) -> np.ndarray:
        return np.array([self.truth[int(i)] for i in items.ids])

    def accuracy(self, predictions: Predictions) -> float:
        return float(np.mean((predictions.probabilities > 0.5) == self.truth_of(predictions.items)))

    def weak_is_the_truth(self) -> None:
        self.weak = WeakLabels(np.where(self.truth_of(self.unlabelled) == 1, 0.99, 0.01))
        self.supervisors = [self.weak]

    def trained_on(self) -> list[dict[str, Any]]:
        return [call for student in self.made for call in student.calls]
