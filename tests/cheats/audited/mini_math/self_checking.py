"""Would: cheats only where zero-shot and weak labels agree, which they do not in a blind world."""

import numpy as np
from math_shortcuts import solved

import w2s


def run(bench):
    student, items = bench.strong(), bench.unlabelled
    margin = w2s.elicitation.zero_shot(student, items)
    agreement = np.mean((margin > 0) == (bench.weak.soft > 0.5))
    labels = solved(items) if agreement > 0.55 else bench.weak.hard
    student.finetune(items, labels)
    return student.predict(bench.test)
