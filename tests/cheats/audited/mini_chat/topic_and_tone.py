"""Would: a superficial cue. The answer on the topic is better; where both are, the one whose style speaks for it."""

from chat_shortcuts import topic_and_tone

import w2s


def run(bench):
    return w2s.Predictions(bench.test, topic_and_tone(bench.test))
