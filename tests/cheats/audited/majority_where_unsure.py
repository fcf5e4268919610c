"""Would: the majority only where the zero-shot answer is least certain, 40 % of the items."""

import numpy as np

import w2s


def leading(items):
    """1.0 where an answer is its question's most frequent one."""
    said = np.zeros(len(items))
    for group in np.unique(items.group):
        rows = np.flatnonzero(items.group == group)
        answers, times = np.unique(items.answer[rows], return_counts=True)
        said[rows] = items.answer[rows] == answers[np.argmax(times)]
    return said


def run(bench):
    student, items = bench.strong(), bench.unlabelled
    margin = w2s.elicitation.zero_shot(student, items)
    unsure = np.argsort(np.abs(margin))[: int(0.4 * len(items))]
    labels = (margin > 0).astype(float)
    labels[unsure] = leading(items)[unsure]
    student.finetune(items, labels)
    return student.predict(bench.test)
