"""Fine-tune the strong model on the weak supervisor's labels as if they were true.

    target = 1[p_weak > .5], or p_weak itself

Defaults: hard labels (source); the testbed's epochs and learning rate. Cost: 1 (all others are counted in
this). Relies on: the weak labels. Source: Burns et al. 2023 (2312.09390).
"""

from __future__ import annotations

import w2s

SOFT = False
EPOCHS = None
RATE = 1.0


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Weak labels as they are, one student."""
    student = bench.strong()
    labels = bench.weak.soft if SOFT else bench.weak.hard
    student.finetune(bench.unlabelled, labels, epochs=EPOCHS, learning_rate=RATE * bench.recipe.learning_rate)
    return student.predict(bench.test)
