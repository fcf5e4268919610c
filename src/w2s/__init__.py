"""Weak-to-strong supervision: what a method may use, and the training code behind it.

Everything here is imported when it is first named, so that `import w2s` costs nothing:

    import w2s

    def run(bench: w2s.Bench) -> w2s.Predictions:
        student = bench.strong()
        kept = w2s.targets.keep_confident(bench.weak.soft, threshold=0.75)
        student.finetune(bench.unlabelled[kept], bench.weak.hard[kept])
        return student.predict(bench.test)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2s import (
        annealing,
        channels,
        coherence,
        contrast,
        elicitation,
        ensembles,
        evolution,
        folds,
        geometry,
        learnability,
        losses,
        methods,
        neighbours,
        noise,
        probes,
        rank,
        targets,
    )
    from w2s.bench import Bench, LocalBench, Student
    from w2s.records import Estimate, Items, Predictions, WeakLabels

_HOME = {
    "Bench": "w2s.bench",
    "LocalBench": "w2s.bench",
    "Student": "w2s.bench",
    "Estimate": "w2s.records",
    "Items": "w2s.records",
    "Predictions": "w2s.records",
    "WeakLabels": "w2s.records",
}
__all__ = [
    "Bench",
    "Estimate",
    "Items",
    "LocalBench",
    "Predictions",
    "Student",
    "WeakLabels",
    "annealing",
    "channels",
    "coherence",
    "contrast",
    "elicitation",
    "ensembles",
    "evolution",
    "folds",
    "geometry",
    "learnability",
    "losses",
    "methods",
    "neighbours",
    "noise",
    "probes",
    "rank",
    "targets",
]
_BLOCKS = frozenset(__all__) - frozenset(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in _BLOCKS:
        return importlib.import_module(f"w2s.{name}")
    raise AttributeError(f"module 'w2s' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
