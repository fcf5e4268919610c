"""Would: the majority only where the zero-shot answer is least certain, 40 % of the items."""

import numpy as np
from math_shortcuts import leading

import w2s


def run(bench):
    student, items = bench.strong(), bench.unlabelled
    margin = w2s.elicitation.zero_shot(student, items)
    unsure = np.argsort(np.abs(margin))[: int(0.4 * len(items))]
    labels = (margin > 0).astype(float)
    labels[unsure] = leading(items)[unsure]
    student.finetune(items, labels)
    return student.predict(bench.test)
