"""The scored items of mini-code, made in each lab from a secret seed: is this what the program prints?

No program (shape, operator, operands) serves two roles of one world, whatever its variables are called,
and the worlds have no variable name in common: no text and no computation is in two splits or roles.
"""

from __future__ import annotations

import random

from w2s.testbeds.mini import splits
from w2s.testbeds.mini.code import claims, world
from w2s.testbeds.mini.code.phrasing import (
    AUTHORS,
    REVIEWERS,
    TEMPLATE,
    ZERO_SHOT_TEMPLATE,
    Author,
    claim,
)
from w2s.testbeds.mini.code.program import ID_SHAPES, OOD_SHAPES, Program
from w2s.testbeds.mini.code.world import CodeWorld
from w2s.testbeds.mini.splits import Draw, Row
from w2s.testbeds.testbed import MadeItems

RELIABILITY = {
    "north": {"printer": 0.72, "reader": 0.4, "runner": 0.6, "teller": 0.28, "writer": 0.5},
    "south": {"printer": 0.4, "reader": 0.72, "runner": 0.5, "teller": 0.6, "writer": 0.28},
}
"""P(right) of each author's claims, by world: one half on average. What clusters of style give away."""
CUE = 0.6
"""P(a claim is sure | it is right) = P(it is hedged | it is wrong)."""
CLAIMS = 5
"""Claims about one program, one of each author."""
ROLE_SHARE = {
    "practice unlabelled": 0.065,
    "practice test": 0.035,
    "labelled": 0.245,
    "unlabelled": 0.335,
    "test": 0.32,
}


def generate(item_seed: bytes) -> MadeItems:
    """All splits and the truth by example id (1: the claim is right), from `item_seed` alone."""
    return splits.generate(
        item_seed, _rows, kind="verification", practice_roles=("practice unlabelled", "practice test")
    )


def _programs(draw: Draw, code: CodeWorld, shapes: tuple[str, ...]) -> list[Program]:
    """The programs of `shapes` for one role, shuffled: its part of a partition of all of them."""
    every = [program for shape in shapes for program in code.programs(shape)]
    splits.rng(draw.seed, "roles", code.name, *shapes).shuffle(every)
    before = 0.0
    for role, share in ROLE_SHARE.items():
        if role == draw.role:
            return every[round(before * len(every)) : round((before + share) * len(every))]
        before += share
    raise ValueError(f"no role {draw.role!r}; there are {', '.join(ROLE_SHARE)}")


def _rows(draw: Draw, rng: random.Random) -> list[Row]:
    """Distinct items; those out of distribution are about shapes that training never shows."""
    code = world.build(draw.world)
    chosen = [(p, "id") for p in _programs(draw, code, ID_SHAPES)[: (draw.n - draw.ood) // CLAIMS]]
    if draw.ood:
        chosen += [(p, "ood") for p in _programs(draw, code, OOD_SHAPES)[: draw.ood // CLAIMS]]
    made: list[Row] = []
    for program, subset in chosen:
        source = program.source(*rng.sample(code.setting.names, 2))
        for author in rng.sample(AUTHORS, CLAIMS):
            output, text, label = _claimed(code, program, author, rng)
            fields = {"question": source, "choice": text}
            made.append(Row(fields, group=source, label=label, answer=str(output), subset=subset))
    return made


def _claimed(code: CodeWorld, program: Program, author: Author, rng: random.Random) -> tuple[int, str, int]:
    """(claimed output, the claim's text, 1 if it is right) of one author."""
    right = rng.random() < RELIABILITY[code.name][author.name]
    output = program.output
    if not right:
        output = claims.wrong(program, output, code.misreading(program), rng)
    return output, claim(author, output, sure=(rng.random() < CUE) == right), int(right)


def sample_texts() -> list[str]:
    """Texts that together hold every word an item can contain."""
    texts = [t.format(question="", choice="") for t in (TEMPLATE, ZERO_SHOT_TEMPLATE)]
    texts += [claim(author, 0, sure=sure) for author in AUTHORS for sure in (True, False)]
    texts += [str(output) for output in range(48)] + list(REVIEWERS.values()) + ["No Yes"]
    for setting in world.SETTINGS.values():
        texts += [program.source(*setting.names[:2]) for program in (Program("chain", "+", 1, 1),)]
        texts += [" ".join(setting.names)]
    return texts
