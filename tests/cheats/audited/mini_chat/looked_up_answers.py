"""Would: answers from a list of the world's three hundred facts, which fits into a submission; no model asked."""

from chat_shortcuts import looked_up

import w2s


def run(bench):
    return w2s.Predictions(bench.test, looked_up(bench.test))
