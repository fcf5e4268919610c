"""Fine-tune on the weak supervisor's confident half first, then on everything at half the learning rate.

    stage 1: 2 epochs on the half with the largest |p_weak - .5|, balanced
    stage 2: 3 epochs on everything, learning rate / 2

Defaults: 2 and 3 epochs, half of the items, half of the rate (source). Cost: 1.3 at a recipe of 3 epochs.
Relies on: early training deciding what the student takes the task to be. Source: MDL curriculum of the
April 2026 study; easy to hard, 2403.09472.
"""

from __future__ import annotations

import w2s

FRACTION = 0.5
EPOCHS = (2, 3)


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Two stages on one student."""
    margin = w2s.targets.center(w2s.targets.logit(bench.weak.soft))
    easy = w2s.targets.balanced_top(margin, fraction=FRACTION)
    student = bench.strong()
    student.finetune(bench.unlabelled[easy], bench.weak.hard[easy], epochs=EPOCHS[0])
    student.finetune(
        bench.unlabelled, bench.weak.hard, epochs=EPOCHS[1], learning_rate=bench.recipe.learning_rate / 2
    )
    return student.predict(bench.test)
