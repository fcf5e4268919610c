"""In 2026: solves the question itself and answers."""

from math_shortcuts import solved

import w2s


def run(bench):
    return w2s.Predictions(bench.test, solved(bench.test))
