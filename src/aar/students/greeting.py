"""Greeting of a method: handles, weak labels, a seed; texts on the practice split only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from aar.students.control import RunRequest
from aar.students.handles import Handles
from aar.students.shelf import Shelf
from w2s import wire
from w2s.records import Example, FloatArray, IntArray, Split


def greeting(
    request: RunRequest, split: Split, weak: Sequence[FloatArray], handles: Handles, shelf: Shelf
) -> tuple[dict[str, Any], dict[str, wire.Array]]:
    """Header and arrays of the answer to hello."""
    testbed = shelf.testbed
    model = shelf.model("strong", split.world)
    lengths: IntArray = shelf.cached(
        ("lengths", split.name),
        lambda: np.array([model.length(testbed.template, e) for e in handles.examples], dtype=np.int64),
    )
    shown = handles.arrays("unlabelled", lengths) | handles.arrays("test", lengths)
    for k, soft in enumerate(weak):
        shown[f"weak_{k}"] = soft[handles.source[handles.shown_unlabelled]]
    if shows_texts(request):
        shown |= _texts("unlabelled", [handles.examples[row] for row in handles.shown_unlabelled])
        shown |= _texts("test", [handles.examples[row] for row in handles.shown_test])
    header = {
        "seed": request.student_seed,
        "recipe": asdict(testbed.recipe),
        "kind": testbed.kind,
        "labels": list(testbed.labels),
        "layers": model.layers,
        "practice": request.practice,
        "supervisors": len(weak),
    }
    return header, shown


def shows_texts(request: RunRequest) -> bool:
    """Texts are the handles' own, and shown on practice only."""
    return request.practice


def text(example: Example) -> str:
    """An item's text as practice shows it: one line a field."""
    return "\n".join(f"{name}: {value}" for name, value in example.fields.items())


def _texts(name: str, examples: Sequence[Example]) -> dict[str, wire.Array]:
    encoded = [text(example).encode() for example in examples]
    return {
        f"{name}_text": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        f"{name}_text_end": np.cumsum([len(part) for part in encoded], dtype=np.int64),
    }
