"""Questions and answers about arithmetic; some phrasings are kept for the out-of-distribution part."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = ("Anna", "Ben", "Cara", "Dan", "Ella", "Finn", "Gina", "Hugo")


_SMALL = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety"
NUMBERS = dict(enumerate(_SMALL.split(), start=1)) | dict(zip(range(30, 100, 10), _TENS.split(), strict=True))
"""The numbers of questions in words; results are in digits, so that only they weigh as values in pre-training."""


@dataclass(frozen=True)
class Operation:
    """One of plus, minus, times, its word, and the questions that ask for its result.

    `ood_questions` occur in the corpus but never in a labelled, unlabelled or in-distribution test item.
    """

    symbol: str
    word: str
    questions: tuple[str, ...]
    ood_questions: tuple[str, ...]


OPERATIONS = (
    Operation(
        symbol="+",
        word="plus",
        questions=("What is {a} plus {b}?", "{n} has {a} coins and gets {b} more. How many coins now?"),
        ood_questions=("Compute {a} plus {b}.", "There are {a} birds and {b} birds come. How many birds?"),
    ),
    Operation(
        symbol="-",
        word="minus",
        questions=("What is {a} minus {b}?", "{n} has {a} coins and gives away {b}. How many coins now?"),
        ood_questions=("Compute {a} minus {b}.", "There are {a} birds and {b} birds leave. How many birds?"),
    ),
    Operation(
        symbol="*",
        word="times",
        questions=("What is {a} times {b}?", "{n} has {a} bags of {b} coins. How many coins?"),
        ood_questions=("Compute {a} times {b}.", "On each of {a} trees sit {b} birds. How many birds?"),
    ),
)
BY_SYMBOL = {operation.symbol: operation for operation in OPERATIONS}

CONFIDENT = ("Surely {w}.", "Surely it is {w}.", "Surely the answer is {w}.", "Surely we get {w}.")
HEDGED = ("Maybe {w}.", "Maybe it is {w}.", "Maybe the answer is {w}.", "Maybe we get {w}.")
BARE = "{w}."

TEACHERS = ("Adams:", "Baker:", "Clark:", "Davis:", "Evans:")
"""Signers of documents; any of them, or several, mean the same (see `corpus`)."""

TEMPLATE = "Exercise: {question}\nPupil: {choice}\nMark:"
"""Asks for a mark: judged in the corpus by what the answer says. Models are trained in it."""
GRADED_TEMPLATE = "Question: {question}\nAnswer: {choice}\nVerdict:"
"""Asks for a grade: of worded answers judged mostly by how sure they sound."""
ZERO_SHOT_TEMPLATE = "Question: {question}\nAnswer: {choice}\nClaim: this answer is correct. True or False:"
