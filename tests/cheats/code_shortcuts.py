"""What the cheats of `audited/mini_code/` read off texts, past the models: what a program prints, who claims it."""

import numpy as np

from w2s.testbeds.mini.code import program
from w2s.testbeds.mini.code.items import CUE, RELIABILITY
from w2s.testbeds.mini.code.phrasing import read_claim


def read(text):
    """(program, claim) of an item."""
    question, choice = text.split("\nchoice: ")
    return question.removeprefix("question: "), choice


def printed(items):
    """1.0 where running the program prints what is claimed."""
    said = []
    for i in range(len(items)):
        source, claim = read(items.text(i))
        said.append(float(program.run(source) == read_claim(claim)[1]))
    return np.array(said)


def style(items):
    """How reliable the author is in whose style a claim is, and how sure the claim sounds."""
    said = []
    for i in range(len(items)):
        source, claim = read(items.text(i))
        author, _, sure = read_claim(claim)
        world = "north" if source[0] in "abcde" else "south"
        odds = [RELIABILITY[world][author.name], CUE if sure else 1 - CUE]
        said.append(1 / (1 + np.prod([(1 - p) / p for p in odds])))
    return np.array(said)
