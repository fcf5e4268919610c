"""In 2026: answers with the most frequent proposal of each question, no model asked."""

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
    return w2s.Predictions(bench.test, leading(bench.test))
