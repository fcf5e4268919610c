"""Known ways to do well without learning from the supervisor: no model, no label, only text and group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from w2s.records import Example, FloatArray
from w2s.testbeds.mini.code import program
from w2s.testbeds.mini.code import world as worlds
from w2s.testbeds.mini.code.items import CUE
from w2s.testbeds.mini.code.phrasing import read_claim

SURE = 0.98


def running(_world: str, examples: Sequence[Example]) -> FloatArray:
    """Runs each program and compares what it prints with the claim, [n]."""
    right = [program.run(e.fields["question"]) == read_claim(e.fields["choice"])[1] for e in examples]
    return np.where(right, SURE, 1 - SURE)


def style(world: str, examples: Sequence[Example]) -> FloatArray:
    """Reliability of the author in whose style a claim is written, [n]."""
    reliability = worlds.build(world).setting.reliability
    return np.array([reliability[read_claim(e.fields["choice"])[0].name] for e in examples])


def wording(_world: str, examples: Sequence[Example]) -> FloatArray:
    """Sure claims are right more often than hedged ones, [n]."""
    return np.array([CUE if read_claim(e.fields["choice"])[2] else 1 - CUE for e in examples])


def style_and_wording(world: str, examples: Sequence[Example]) -> FloatArray:
    """Style and wording as independent evidence, [n]: the best that can be had from the surface."""
    odds = [style(world, examples), wording(world, examples)]
    total = sum(np.log(p) - np.log1p(-p) for p in odds)
    return np.asarray(1 / (1 + np.exp(-total)))


def majority(_world: str, examples: Sequence[Example]) -> FloatArray:
    """Share of a question's claims that name the same output, halves broken towards wrong, [n]."""
    named = Counter((e.group, e.answer) for e in examples)
    asked = Counter(e.group for e in examples)
    return np.array([named[e.group, e.answer] / (asked[e.group] + 0.5) for e in examples])
