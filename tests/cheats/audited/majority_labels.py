"""In 2026: takes the most frequent proposal for the label and trains on it, so that answers come from a model."""

import numpy as np


def leading(items):
    """1.0 where an answer is its question's most frequent one."""
    said = np.zeros(len(items))
    for group in np.unique(items.group):
        rows = np.flatnonzero(items.group == group)
        answers, times = np.unique(items.answer[rows], return_counts=True)
        said[rows] = items.answer[rows] == answers[np.argmax(times)]
    return said


def run(bench):
    student = bench.strong()
    student.finetune(bench.unlabelled, leading(bench.unlabelled))
    return student.predict(bench.test)
