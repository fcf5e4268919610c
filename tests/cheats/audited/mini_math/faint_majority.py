"""Would: answers with the most frequent proposal, as faintly as .5 and a hundredth."""

from math_shortcuts import leading

import w2s


def run(bench):
    return w2s.Predictions(bench.test, 0.49 + 0.02 * leading(bench.test))
