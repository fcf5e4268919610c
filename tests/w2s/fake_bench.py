"""A bench whose student is a few numbers, so that what a method does to it can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from w2s.blocks.targets import sigmoid
from w2s.records import Items, Predictions, Recipe, WeakLabels


class FakeStudent:
    """Fits logistic regression by gradient steps on two features: the truth and a superficial cue."""

    def __init__(self, bench: FakeBench) -> None:
        self.bench = bench
        self.weights = np.zeros(2)
        self.wrote: set[str] = set()
        self.calls: list[dict[str, Any]] = []

    def features(self, items: Items) -> np.ndarray:
        sign = np.where(items.flipped, -1.0, 1.0)[:, None]
        return sign * np.stack([self.bench.features[int(i)] for i in items.ids])

    def finetune(
        self,
        items: Items,
        targets: np.ndarray,
        *,
        weights: np.ndarray | None = None,
        loss: Callable[[Any], Any] | None = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        order: np.ndarray | None = None,
    ) -> None:
        y = np.asarray(targets, dtype=float)
        assert y.shape == (len(items),)
        self.calls.append({"ids": items.ids.copy(), "targets": y, "epochs": epochs, "rate": learning_rate})
        self.calls[-1] |= {"weights": weights, "loss": loss}
        x = self.features(items)
        w = np.ones(len(items)) if weights is None else np.asarray(weights, dtype=float)
        for step in range(60):
            margin = x @ self.weights
            slope, hidden = self._slope(loss, margin, y, w, step / 60, x * self.weights)
            self.weights -= 2.0 * (x.T @ slope + (x * hidden).sum(axis=0))

    def _slope(
        self, loss: Any, margin: np.ndarray, y: np.ndarray, w: np.ndarray, progress: float, states: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Slopes of the loss: of the log-odds [n], and of the states that they are the sum of, [n, 2]."""
        if loss is None:
            return np.asarray(w * (sigmoid(margin) - y) / w.sum()), np.zeros_like(states)
        import torch

        logits = torch.tensor(margin, dtype=torch.float32, requires_grad=True)
        hidden = None
        if getattr(loss, "wants_hidden", False):
            hidden = torch.tensor(states, dtype=torch.float32, requires_grad=True)
        batch = SimpleNamespace(
            logits=logits,
            targets=torch.tensor(y, dtype=torch.float32),
            weights=torch.tensor(w, dtype=torch.float32),
            progress=progress,
            index=torch.arange(len(y)),
            hidden=hidden,
        )
        loss(batch).backward()
        assert logits.grad is not None
        through = np.zeros_like(states) if hidden is None else hidden.grad.numpy().astype(float)
        return logits.grad.numpy().astype(float), through

    def predict(self, items: Items) -> Predictions:
        return Predictions(items, sigmoid(self.features(items) @ self.weights))

    def zero_shot(
        self, items: Items, *, template: str | None = None, labels: Sequence[str] | None = None
    ) -> np.ndarray:
        taste = 3.0 if template is None else -5.0
        return taste + self._view(items, "zero_shot")

    def likelihood(self, items: Items) -> np.ndarray:
        return self._view(items, "likelihood")

    def hidden_states(self, items: Items, layer: int, *, template: str | None = None) -> np.ndarray:
        """Layer 2 holds the truth, the cue and a part that ignores the order, others the cue and noise.

        A template that ends in the word of class 0 shows the item as false, which turns truth and cue round.
        """
        x = self.features(items)
        if template is not None and template.endswith(self.bench.labels[0]):
            x = -x
        noise = np.stack([self.bench.noise[int(i)] for i in items.ids])
        if layer != 2:
            return np.stack([noise[:, 0], x[:, 1] + noise[:, 1]], axis=1)
        return np.stack([x[:, 0] + 4.0, x[:, 1] + noise[:, 1]], axis=1)

    def generate(self, items: Items, template: str, *, into: str) -> None:
        self.wrote.add(into)

    def perturb(self, seed: int, scale: float) -> None:
        self.step({seed: scale})

    def step(self, direction_weights: Mapping[int, float]) -> None:
        for seed, weight in direction_weights.items():
            self.weights = self.weights + weight * np.random.default_rng(seed).normal(size=2)

    def copy(self) -> FakeStudent:
        twin = self.bench.strong()
        twin.weights, twin.wrote = self.weights.copy(), set(self.wrote)
        return twin

    def _view(self, items: Items, name: str) -> np.ndarray:
        values = np.array([self.bench.views[name][int(i)] for i in items.ids])
        return np.where(items.flipped, -values, values)


class FakeBench:
    """Pairs or proposed answers with a known truth; every view is right independently at a known rate."""

    layers = 3
    labels = ("No", "Yes")

    def __init__(
        self,
        *,
        seed: int = 0,
        pairs: bool = True,
        n: int = 600,
        weak_right: float = 0.7,
        zero_shot_right: float = 0.75,
        likelihood_right: float = 0.7,
        cue_right: float = 0.75,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.seed, self.rng, self.recipe = seed, np.random.default_rng([seed, 1]), Recipe()
        self.kind = "pair" if pairs else "verification"
        self.truth, self.features, self.noise = {}, {}, {}
        self.views: dict[str, dict[int, float]] = {"zero_shot": {}, "likelihood": {}, "weak": {}}
        self.made: list[FakeStudent] = []
        self.logged: dict[str, float] = {}
        right = {"zero_shot": zero_shot_right, "likelihood": likelihood_right, "weak": weak_right}
        for i in range(2 * n):
            y = int(rng.random() < 0.5) if pairs else int(i % 4 < 2)
            self.truth[i] = y
            sign = 2 * y - 1
            self.features[i] = np.array([sign, sign * (1 if rng.random() < cue_right else -1)], dtype=float)
            self.noise[i] = rng.normal(size=2)
            for name, rate in right.items():
                size = rng.exponential() + 0.05
                self.views[name][i] = sign * size * (1 if rng.random() < rate else -1)
        self.unlabelled = self._items(np.arange(n), pairs)
        self.test = self._items(np.arange(n, 2 * n), pairs)
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
        self.made.append(FakeStudent(self))
        return self.made[-1]

    def weak_model(self) -> FakeStudent:
        return self.strong()

    def log(self, **numbers: float) -> None:
        self.logged.update(numbers)

    def truth_of(self, items: Items) -> np.ndarray:
        return np.array([self.truth[int(i)] for i in items.ids])

    def accuracy(self, predictions: Predictions) -> float:
        return float(np.mean((predictions.probabilities > 0.5) == self.truth_of(predictions.items)))

    def weak_is_the_truth(self) -> None:
        self.weak = WeakLabels(np.where(self.truth_of(self.unlabelled) == 1, 0.99, 0.01))
        self.supervisors = [self.weak]

    def trained_on(self) -> list[dict[str, Any]]:
        return [call for student in self.made for call in student.calls]
