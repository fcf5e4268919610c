"""In 2026: tells who wrote a claim by its style, and knows how often each author is right."""

from code_shortcuts import style

import w2s


def run(bench):
    return w2s.Predictions(bench.test, style(bench.test))
