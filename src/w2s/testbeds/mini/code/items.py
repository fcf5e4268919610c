"""The scored items of mini-code, made in each lab from a secret seed: is this what the program prints?

No computation (operator, operands) serves two roles of one world, in whatever shape and with whatever variables. Two
worlds may share variables and computations, and so a program; what is misread, and by whom, is each world's own.
"""

from __future__ import annotations

import random

from w2s.testbeds.mini import splits
from w2s.testbeds.mini.code import claims, world
from w2s.testbeds.mini.code.phrasing import (
    AUTHORS,
    GRADED_TEMPLATE,
    REVIEWERS,
    TEMPLATE,
    ZERO_SHOT_TEMPLATE,
    Author,
    claim,
)
from w2s.testbeds.mini.code.program import ID_SHAPES, OOD_SHAPES, Program
from w2s.testbeds.mini.code.world import CodeWorld
from w2s.testbeds.mini.splits import ItemDraw, NewItem
from w2s.testbeds.testbed import MadeItems

CUE = 0.6
"""P(a claim is sure | it is right) = P(it is hedged | it is wrong)."""
OTHER_READING = 0.92
"""Probability that a wrong claim is that of a misread program."""
WILD = 0.1
"""Share of the wrong claims that their size gives away."""
LABELS = ("wrong", "right")
CLAIMS = 5
"""Claims about one program, one of each author."""
COMPUTATIONS = {
    "practice unlabelled": 10,
    "practice test": 20,
    "labelled": 40,
    "unlabelled": 54,
    "test": 200,
}
"""Computations that are kept for each role; those of a test are asked about once, others in every shape."""


def generate(item_seed: bytes) -> MadeItems:
    """All splits and the truth by example id (1: the claim is right), from `item_seed` alone."""
    return splits.generate(
        item_seed, _rows, kind="verification", practice_roles=("practice unlabelled", "practice test")
    )


def _programs(draw: ItemDraw, code: CodeWorld) -> list[tuple[Program, str]]:
    """(program, subset) of one role: of a test one for each of its computations, else one in every shape."""
    every = code.computations
    splits.rng(draw.seed, "roles", code.name).shuffle(every)
    left_over = len(every) - sum(COMPUTATIONS.values())
    mine = splits.deal(every, {**COMPUTATIONS, "left over": left_over}, code.kind)[draw.role]
    splits.rng(draw.seed, "order", code.name, draw.role).shuffle(mine)  # dealt kind by kind
    if not draw.role.endswith("test"):
        return [(Program(shape, *computation), "id") for computation in mine for shape in ID_SHAPES]
    ood = draw.ood // CLAIMS
    kept = [(OOD_SHAPES[i % len(OOD_SHAPES)], "ood") for i in range(ood)]
    usual = [(ID_SHAPES[i % len(ID_SHAPES)], "id") for i in range(len(mine) - ood)]
    return [
        (Program(shape, *computation), subset)
        for computation, (shape, subset) in zip(mine, kept + usual, strict=True)
    ]


def _rows(draw: ItemDraw, rng: random.Random) -> list[NewItem]:
    """Distinct items; those out of distribution are about shapes that training never shows."""
    code = world.build(draw.world)
    items: list[NewItem] = []
    for program, subset in _programs(draw, code):
        source = program.source(*rng.sample(code.setting.names, 2))
        for author in rng.sample(AUTHORS, CLAIMS):
            output, text, label = _claimed(code, program, author, rng)
            fields = {"question": source, "choice": text}
            items.append(NewItem(fields, group=source, label=label, answer=str(output), subset=subset))
    return items


def _claimed(code: CodeWorld, program: Program, author: Author, rng: random.Random) -> tuple[int, str, int]:
    """(claimed output, the claim's text, 1 if it is right) of one author."""
    right = rng.random() < code.setting.reliability[author.name]
    output = program.output
    if not right and rng.random() < WILD:
        output = claims.wild(output, rng)
    elif not right:
        output = claims.wrong(program, output, code.misreading(program), rng, other_reading=OTHER_READING)
    return output, claim(author, output, sure=(rng.random() < CUE) == right), int(right)


def sample_texts(world_name: str) -> list[str]:
    """Texts that together hold every word an item about a world can contain."""
    texts = [t.format(question="", choice="") for t in (TEMPLATE, GRADED_TEMPLATE, ZERO_SHOT_TEMPLATE)]
    texts += [claim(author, 0, sure=sure) for author in AUTHORS for sure in (True, False)]
    texts += [str(output) for output in range(claims.LARGEST + 1)] + [*REVIEWERS, *LABELS]
    names = world.build(world_name).setting.names
    return [*texts, " ".join(names), Program("chain", "+", 1, 1).source(*names[:2])]
