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

from w2s import blocks

if TYPE_CHECKING:
    from w2s import methods as methods
    from w2s.bench import Bench as Bench
    from w2s.bench import LocalBench as LocalBench
    from w2s.bench import Student as Student
    from w2s.blocks import *  # noqa: F403
    from w2s.problem import Problem as Problem
    from w2s.records import Estimate as Estimate
    from w2s.records import Items as Items
    from w2s.records import Predictions as Predictions
    from w2s.records import WeakLabels as WeakLabels

_HOME = {
    "Bench": "w2s.bench",
    "LocalBench": "w2s.bench",
    "Student": "w2s.bench",
    "Problem": "w2s.problem",
    "Estimate": "w2s.records",
    "Items": "w2s.records",
    "Predictions": "w2s.records",
    "WeakLabels": "w2s.records",
}
_MODULES = {"methods": "w2s.methods"} | {name: f"w2s.blocks.{name}" for name in blocks.names()}
__all__ = sorted([*_HOME, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    raise AttributeError(f"module 'w2s' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
