"""What the cheats of `audited/mini_code/` read off texts, past the models: what a program prints, who claims it."""

import re

import numpy as np

from w2s.testbeds.mini.code import program, world
from w2s.testbeds.mini.code.items import CUE
from w2s.testbeds.mini.code.phrasing import read_claim
from w2s.testbeds.mini.splits import WORLDS


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
    read_items = [read(items.text(i)) for i in range(len(items))]
    reliability = home(source for source, _ in read_items).setting.reliability
    said = []
    for _, claim in read_items:
        author, _, sure = read_claim(claim)
        odds = [reliability[author.name], CUE if sure else 1 - CUE]
        said.append(1 / (1 + np.prod([(1 - p) / p for p in odds])))
    return np.array(said)


def home(sources):
    """The world whose variables the programs use."""
    letters = {letter for source in sources for letter in re.findall(r"\b[a-z]\b", source)}
    return next(code for code in map(world.build, WORLDS) if letters <= set(code.setting.names))
