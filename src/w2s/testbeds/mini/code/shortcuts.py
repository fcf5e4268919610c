"""Known ways to do well without learning from the supervisor: no model, no label, only text and group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from w2s.records import Example, FloatArray
from w2s.testbeds.mini.code import program
from w2s.testbeds.mini.code.items import CUE, RELIABILITY
from w2s.testbeds.mini.code.phrasing import read_claim
from w2s.testbeds.mini.code.world import SETTINGS

SURE = 0.98


def running(examples: Sequence[Example]) -> FloatArray:
    """Runs each program and compares what it prints with the claim, [n]."""
    right = [program.run(e.fields["question"]) == read_claim(e.fields["choice"])[1] for e in examples]
    return np.where(right, SURE, 1 - SURE)


def style(examples: Sequence[Example]) -> FloatArray:
    """Reliability of the author in whose style a claim is written, [n]."""
    return np.array([_table(e)[read_claim(e.fields["choice"])[0].name] for e in examples])


def wording(examples: Sequence[Example]) -> FloatArray:
    """Sure claims are right more often than hedged ones, [n]."""
    return np.array([CUE if read_claim(e.fields["choice"])[2] else 1 - CUE for e in examples])


def style_and_wording(examples: Sequence[Example]) -> FloatArray:
    """Style and wording as independent evidence, [n]: the best that can be had from the surface."""
    odds = [style(examples), wording(examples)]
    total = sum(np.log(p) - np.log1p(-p) for p in odds)
    return np.asarray(1 / (1 + np.exp(-total)))


def majority(examples: Sequence[Example]) -> FloatArray:
    """Share of a question's claims that name the same output, halves broken towards wrong, [n]."""
    named = Counter((e.group, e.answer) for e in examples)
    asked = Counter(e.group for e in examples)
    return np.array([named[e.group, e.answer] / (asked[e.group] + 0.5) for e in examples])


def _table(example: Example) -> Mapping[str, float]:
    """The reliabilities of the world whose variables the program uses."""
    first = example.fields["question"][0]
    return RELIABILITY[next(name for name, setting in SETTINGS.items() if first in setting.names)]
