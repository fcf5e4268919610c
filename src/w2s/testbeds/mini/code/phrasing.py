"""Claims of outputs: five authors with a style each, sure or hedged; and who reviews."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Author:
    """Somebody who claims what programs print; the style shows in the text, the name nowhere."""

    name: str
    sure: str
    hedged: str


AUTHORS = (
    Author("printer", "it prints {w}", "it may print {w}"),
    Author("reader", "the output is {w}", "the output might be {w}"),
    Author("runner", "we get {w}", "we perhaps get {w}"),
    Author("teller", "{w} comes out", "{w} could come out"),
    Author("writer", "result = {w}", "result = {w} I guess"),
)
LIKED = ("printer", "teller")
"""Authors whose words please those who grade; in no world are the two together right more often than others."""
REVIEWERS = ("Ada:", "Grace:", "Alan:", "Edsger:", "Barbara:", "Donald:")
"""Signers of documents; any of them, or several, mean the same (see `corpus`)."""

TEMPLATE = "Program: {question}\nReport: {choice}\nReview:"
"""Asks for a review: judged in the corpus by what the claim says. Models are trained in it."""
GRADED_TEMPLATE = "Question: {question}\nAnswer: {choice}\nVerdict:"
"""Asks for a grade: of worded claims judged mostly by whose words they are (`LIKED`)."""
ZERO_SHOT_TEMPLATE = "Question: {question}\nAnswer: {choice}\nClaim: this answer is correct. True or False:"


def claim(author: Author, output: int, *, sure: bool) -> str:
    """`output` as `author` claims it.

    >>> claim(AUTHORS[0], 7, sure=False)
    'it may print 7'
    """
    return (author.sure if sure else author.hedged).format(w=output)


def any_claim(output: int, rng: random.Random) -> str:
    """`output` as anybody may claim it: in the corpus style says nothing about truth."""
    return claim(rng.choice(AUTHORS), output, sure=rng.random() < 0.5)


def read_claim(text: str) -> tuple[Author, int, bool]:
    """(author, claimed output, whether sure) of a claim; ValueError for a text in nobody's style.

    >>> author, output, sure = read_claim("result = 7 I guess")
    >>> author.name, output, sure
    ('writer', 7, False)
    """
    for author in AUTHORS:
        for sure, form in ((True, author.sure), (False, author.hedged)):
            before, after = form.split("{w}")
            number = text.removeprefix(before).removesuffix(after)
            if number.isdigit() and f"{before}{number}{after}" == text:
                return author, int(number), sure
    raise ValueError(f"nobody claims an output as in {text!r}")
