"""A weak supervisor is the weak model taught on labelled examples; a student learns from what it then says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from w2s.errors import WrongIds
from w2s.records import Example, FloatArray, Recipe
from w2s.weak_labels.cache import cached
from w2s.weak_labels.training_code import code_version

if TYPE_CHECKING:
    from w2s.models import BaseModel, Prompting


def soft_labels(
    model: BaseModel,
    prompting: Prompting,
    recipe: Recipe,
    *,
    labelled: Sequence[Example],
    truth: Mapping[str, int],
    asked: Sequence[Example],
    seed: int,
    root: Path | None = None,
) -> FloatArray:
    """Probability of class 1 of each example in `asked` [n], from `model` taught on `labelled` by `seed`.

    `truth` maps example ids to 0 or 1 and is read for `labelled` alone. With `root` the result is kept there
    and found again as long as model, data, recipe, seed and training code are the same. Raises `WrongIds`
    if an example that it is to learn from has no truth.
    """
    missing = [example.id for example in labelled if example.id not in truth]
    if missing:
        raise WrongIds(
            f"{len(missing)} of {len(labelled)} labelled examples have no truth, e.g. {missing[0]}"
        )

    def make() -> FloatArray:
        from w2s.models import TextStudent

        student = TextStudent(model, prompting, recipe, seed)
        targets = np.array([truth[example.id] for example in labelled], dtype=np.float64)
        student.finetune(labelled, np.zeros(len(labelled), dtype=np.bool_), targets)
        return student.predict(asked, np.zeros(len(asked), dtype=np.bool_))

    if root is None:
        return make()
    learned = [(_content(example), int(truth[example.id])) for example in labelled]
    recipe_of_all = {
        "model": model.fingerprint,
        "prompting": asdict(prompting),
        "recipe": asdict(recipe),
        "labelled": learned,
        "asked": [_content(example) for example in asked],
        "seed": seed,
        "code": code_version(),
    }
    key = hashlib.sha256(json.dumps(recipe_of_all, sort_keys=True).encode()).hexdigest()
    return cached(key, make, root=root)


def _content(example: Example) -> list[str]:
    return [example.id, example.kind, *(f"{name}={value}" for name, value in sorted(example.fields.items()))]
