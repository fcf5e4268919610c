"""One short trial of a testbed's models, so that what will not work is known before anything long starts.

Each model is loaded, its words for the classes are looked up, all items are counted in tokens, one step of the recipe
is taken, one zero-shot question and one generation are asked, and its answers are held against the model's own forward
pass.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from w2s.errors import W2SError
from w2s.records import Example, Recipe
from w2s.testbeds.testbed import Testbed

if TYPE_CHECKING:
    from w2s.models import BaseModel, Prompting

SEED = bytes(16)
"""Item seed of the items that are tried; of a real testbed it changes ids and order only."""
ITEMS = 2
"""Items of the step and of the questions, the longest ones of the dev pools."""
CLOSE = 0.02
"""Log-odds may differ so much between a batch and the model's own pass; by rounding they differ by less."""


@dataclass(frozen=True)
class ModelTrial:
    """What came of trying one model of a testbed.

    Attributes:
        world: Name of the world.
        role: "weak" or "strong".
        place: Folder or hub name of the checkpoint.
        family: Its type in transformers; empty if it was not loaded.
        parameters: Number of its parameters.
        forward: Which forward pass students use, a value of `w2s.models.forward.ForwardPass`; empty likewise.
        items: Number of items that were counted.
        too_long: Number of these that lose words, because their text is longer than the recipe or the model allows.
        longest: Most tokens of an item's text.
        allowed: Tokens that are allowed.
        step_seconds: Duration of one training step of `ITEMS` items.
        problem: Why it will not work, and what to do; empty if it works.
    """

    world: str
    role: str
    place: str
    family: str = ""
    parameters: int = 0
    forward: str = ""
    items: int = 0
    too_long: int = 0
    longest: int = 0
    allowed: int = 0
    step_seconds: float = 0.0
    problem: str = ""


def try_models(testbed: Testbed) -> list[ModelTrial]:
    """Try both models of every world of `testbed` on its own items; a model that does not work has its problem said."""
    from w2s.models import Prompting

    splits, _ = testbed.make_items(SEED)
    prompting = Prompting.of(testbed)
    trials = []
    for world in testbed.worlds.values():
        items = [
            example
            for parts in splits.values()
            for part in parts
            if part.world == world.name
            for example in (*part.labelled, *part.unlabelled, *part.test)
        ]
        for role, place, recipe in (
            ("weak", world.weak, testbed.weak_recipe),
            ("strong", world.strong, testbed.recipe),
        ):
            trial = ModelTrial(world.name, role, str(place))
            trials.append(_tried(trial, place, recipe, prompting, items))
    return trials


def _tried(
    trial: ModelTrial, place: Path | str, recipe: Recipe, prompting: Prompting, items: Sequence[Example]
) -> ModelTrial:
    from w2s.models import load_model
    from w2s.testbeds.real.hub import fetched

    try:
        model = load_model(place if isinstance(place, Path) else fetched(place))
        trial = _described(trial, model, recipe, prompting, items)
        return replace(trial, step_seconds=_worked(model, recipe, prompting, items))
    except W2SError as error:
        return replace(trial, problem=str(error))


def _described(
    trial: ModelTrial, model: BaseModel, recipe: Recipe, prompting: Prompting, items: Sequence[Example]
) -> ModelTrial:
    from w2s.models.forward import forward_pass

    lengths = [model.length(prompting.template, example) for example in items]
    allowed = min(recipe.max_length, model.longest or recipe.max_length)
    return replace(
        trial,
        family=str(model.module.config.model_type),
        parameters=sum(p.numel() for p in model.module.parameters()),
        forward=forward_pass(model.module).value,
        items=len(items),
        too_long=sum(length > allowed for length in lengths),
        longest=max(lengths, default=0),
        allowed=allowed,
    )


def _worked(model: BaseModel, recipe: Recipe, prompting: Prompting, items: Sequence[Example]) -> float:
    """Seconds of a training step, after everything that a method may ask was asked once."""
    from w2s.models import TextStudent

    if not items:
        raise W2SError("its world has no items")
    by_length = sorted(items, key=lambda example: -model.length(prompting.template, example))
    some, shortest = by_length[:ITEMS], by_length[-1:]
    upright = np.zeros(len(some), dtype=bool)
    student = TextStudent(model, prompting, replace(recipe, epochs=1, batch_size=len(some)), seed=0)
    said = student.zero_shot(some, upright)
    alone = float(student.zero_shot(shortest, upright[:1])[0])
    _same_as_alone(model, prompting, shortest[0], alone, longest=recipe.max_length)
    likely = student.likelihood(some, upright)
    student.hidden_states(some[-1:], upright[-1:], model.layers)
    student.generate(some[-1:], upright[-1:], prompting.template, into="tried", max_new_tokens=2)
    start = time.monotonic()
    student.finetune(some, upright, np.arange(len(some)) % 2)
    seconds = time.monotonic() - start
    taught = student.predict(some, upright)
    if not all(np.isfinite(answers).all() for answers in (said, likely, taught)):
        raise W2SError(
            "its answers are not numbers (nan or infinite); try dtype float32, or another checkpoint"
        )
    return round(seconds, 2)


def _same_as_alone(
    model: BaseModel, prompting: Prompting, example: Example, said: float, *, longest: int
) -> None:
    """`W2SError` if the student's answer is not that of the model's own forward pass, on a text that fits."""
    import torch

    from w2s.models.prompting import render, shown_fields

    ids = model.encode(render(prompting.zero_shot_template, shown_fields(example, False)))
    labels = model.label_tokens(prompting.zero_shot_labels)
    ids = [*ids, *labels.shared]
    if len(ids) > min(longest, model.longest or longest):
        return
    with torch.inference_mode():
        scores = model.module(input_ids=torch.tensor([ids], device=model.device)).logits[0, -1].float()
    alone = float(scores[labels.one] - scores[labels.zero])
    if abs(alone - said) > CLOSE * max(1.0, abs(alone)):
        raise W2SError(
            f"its answers are read in another way than it gives them ({said:+.3f} instead of {alone:+.3f} on one "
            f"item): models of type {model.module.config.model_type!r} are not supported; please report it"
        )
