"""What the cheats of `audited/` read off texts and groups, past the models: arithmetic of mini-math, and votes."""

import re

import numpy as np

WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
WORDS += " seventeen eighteen nineteen twenty"
TENS = "thirty forty fifty sixty seventy eighty ninety"
NUMBERS = {word: i for i, word in enumerate(WORDS.split(), 1)}
NUMBERS |= {word: 10 * i for i, word in enumerate(TENS.split(), 3)}


def solved(items):
    """1.0 where the text's own arithmetic says so."""
    said = []
    for i in range(len(items)):
        question, choice = items.text(i).lower().split("choice:")
        words = re.findall("[a-z]+", question)
        a, b = [NUMBERS[word] for word in words if word in NUMBERS][:2]
        if "plus" in words or "more" in words or "come" in words:
            result = a + b
        elif "minus" in words or "away" in words or "leave" in words:
            result = a - b
        else:
            result = a * b
        said.append(float(int(re.findall("[0-9]+", choice)[0]) == result))
    return np.array(said)


def leading(items):
    """1.0 where an answer is its question's most frequent one."""
    said = np.zeros(len(items))
    for group in np.unique(items.group):
        rows = np.flatnonzero(items.group == group)
        answers, times = np.unique(items.answer[rows], return_counts=True)
        said[rows] = items.answer[rows] == answers[np.argmax(times)]
    return said
