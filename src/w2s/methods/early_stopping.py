"""Stop where the student agrees best with weak labels that it was not trained on, before it learns their errors.

    a fifth of the questions is held out; after each epoch: agreement = mean of 1[f > .5] == 1[p_weak > .5]
    on the held-out items; the state with the best agreement answers, the earliest of equals

Never looks at truth: a held-out weak label is as wrong as any other, but a student cannot have learnt it by
heart. Each epoch is its own fine-tune call, so the learning rate warms up and falls to 0 in every one of them
and the optimizer starts anew: a saw where one long fine-tune has a single slope. Defaults: one fifth held out,
as many epochs as the recipe (set here). Cost: .9, the share that is not held out and a pass over the rest an
epoch. Relies on: the student fitting what is true before it fits the supervisor's mistakes; agreement with
mistakes that a student can learn rises all the same. Source: Burns et al. 2023 (2312.09390), who find that
students overfit weak labels; stopping on held-out weak labels, because stopping on truth is no method.
"""

from __future__ import annotations

import numpy as np

import w2s

FOLDS = 5


def run(bench: w2s.Bench) -> w2s.Predictions:
    """One student, kept as it was after its best epoch."""
    items, labels = bench.unlabelled, bench.weak.hard
    held = w2s.folds.of(items.group, count=FOLDS, rng=bench.rng) == 0
    student = bench.strong()
    best, best_agreement, best_epoch = student, -1.0, 0
    for epoch in range(1, bench.recipe.epochs + 1):
        student.finetune(items[~held], labels[~held], epochs=1)
        said = student.predict(items[held]).probabilities
        agreement = float(np.mean((said > 0.5) == (labels[held] > 0.5)))
        if agreement > best_agreement:
            best, best_agreement, best_epoch = student.copy(), agreement, epoch
    bench.log(epoch=best_epoch, agreement=best_agreement)
    return best.predict(bench.test)
