"""Estimate from out-of-fold answers how many weak labels of each class are wrong, drop that many, train on the rest.

    f = student's probability out of fold;  t_c = mean f(c) over the items labelled c
    joint[given, true] = items given `given` with f(true) >= t_true, scaled to the number that were given it
    dropped of given c: the n joint[c, other] items with the smallest f(c);  weight 1 / P(given c | true c)

Folds are made of whole questions. With two classes pruning by class, by noise rate and by both are the same.
Defaults: 5 folds (the authors' library), each student one epoch (set here: it need not be good, only not have
learnt the labels by heart), weights (source). Cost: 2.1 at 3 epochs: 4 epochs for the folds, and the share that
is kept. Relies on: mistakes that look like noise to the strong model; what the supervisor gets wrong in a
learnable way is confirmed. Source: confident learning (1911.00068).
"""

from __future__ import annotations

import w2s

FOLDS = 5


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Weak labels without those estimated to be wrong, one student."""
    items, labels = bench.unlabelled, bench.weak.hard
    margin = w2s.folds.answers(bench.strong, items, labels, rng=bench.rng, count=FOLDS, epochs=1)
    soft = w2s.targets.sigmoid(margin)
    joint = w2s.noise.confident_joint(labels, soft)
    kept = w2s.noise.prune(labels, soft, joint)
    bench.log(noise=joint.noise, kept=len(kept) / len(items))
    student = bench.strong()
    student.finetune(items[kept], labels[kept], weights=joint.weights(labels)[kept])
    return student.predict(bench.test)
