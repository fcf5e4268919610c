"""Would: runs the code only where strong and weak model agree more than chance, which they do not in a blind world."""

import numpy as np
from code_shortcuts import printed

import w2s


def run(bench):
    student, items = bench.strong(), bench.unlabelled
    margin = w2s.elicitation.zero_shot(student, items)
    agreement = np.mean((margin > 0) == (bench.weak.soft > 0.5))
    labels = printed(items) if agreement > 0.52 else bench.weak.hard
    student.finetune(items, labels)
    return student.predict(bench.test)
