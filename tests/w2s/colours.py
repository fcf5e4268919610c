"""Small items about colours, for the tiny model: the first answer is better where it is red or blue."""

from __future__ import annotations

import numpy as np

from w2s.models import Prompting
from w2s.records import Example, Recipe

COLOURS = ("red", "blue", "green", "black")
THINGS = ("sky", "grass", "coal", "rose")
PROMPTING = Prompting(
    template="Question: {prompt} A: {first} B: {second} Label:",
    labels=("B", "A"),
    zero_shot_template="Question: {prompt} A: {first} B: {second} is A right",
    zero_shot_labels=("False", "True"),
)
VERIFICATION = Prompting(
    template="Question: {question} Answer: {choice} Label:",
    labels=("False", "True"),
    zero_shot_template="Question: {question} Answer: {choice} is it right",
    zero_shot_labels=("no", "yes"),
)
RECIPE = Recipe(epochs=3, learning_rate=3e-3, batch_size=8, max_length=48)


def pairs(n: int, seed: int = 0) -> tuple[list[Example], np.ndarray]:
    rng = np.random.default_rng(seed)
    examples, truth = [], []
    for i in range(n):
        good, bad = COLOURS[rng.integers(2)], COLOURS[2 + rng.integers(2)]
        first_is_better = bool(rng.integers(2))
        first, second = (good, bad) if first_is_better else (bad, good)
        thing = THINGS[rng.integers(4)]
        filler = " ".join(["please"] * int(rng.integers(4)))
        fields = {"prompt": f"what colour is the {thing}", "first": f"{first} {filler}", "second": second}
        examples.append(Example(f"{seed}-{i}", "pair", fields, group=thing))
        truth.append(float(first_is_better))
    return examples, np.array(truth)


def answers(n: int, seed: int = 0) -> tuple[list[Example], np.ndarray]:
    rng = np.random.default_rng(seed)
    examples, truth = [], []
    for i in range(n):
        colour, thing = COLOURS[rng.integers(4)], THINGS[rng.integers(4)]
        fields = {"question": f"what colour is the {thing}", "choice": colour}
        examples.append(Example(f"{seed}-{i}", "verification", fields, group=thing, answer=colour))
        truth.append(float(colour in COLOURS[:2]))
    return examples, np.array(truth)


def upright(examples: list[Example]) -> np.ndarray:
    return np.zeros(len(examples), dtype=bool)
