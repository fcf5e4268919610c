"""The scored items of mini-code, made in each lab from a secret seed: is this what the program prints?

No program (shape, operator, operands) serves two roles of one world, whatever its variables are called,
and the worlds have no variable name in common: no text and no computation is in two splits or roles.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from dataclasses import dataclass

from w2s.records import Example, Split, SplitName
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

RELIABILITY = {
    "north": {"printer": 0.72, "reader": 0.4, "runner": 0.6, "teller": 0.28, "writer": 0.5},
    "south": {"printer": 0.4, "reader": 0.72, "runner": 0.5, "teller": 0.6, "writer": 0.28},
}
"""P(right) of each author's claims, by world: one half on average. What clusters of style give away."""
CUE = 0.6
"""P(a claim is sure | it is right) = P(it is hedged | it is wrong)."""
CLAIMS = 5
"""Claims about one program, one of each author."""
LABELLED, UNLABELLED, TEST = 800, 1080, 1000
PRACTICE_UNLABELLED, PRACTICE_TEST = 200, 100
SPLIT_WORLD: dict[SplitName, str] = {"practice": "north", "dev": "north", "sealed": "south"}
ROLE_SHARE = {
    "practice unlabelled": 0.065,
    "practice test": 0.035,
    "labelled": 0.245,
    "unlabelled": 0.335,
    "test": 0.32,
}


@dataclass(frozen=True)
class _Draw:
    """What makes the items of one role in one split."""

    split: SplitName
    role: str
    code: CodeWorld
    seed: bytes


def generate(item_seed: bytes) -> tuple[dict[SplitName, Split], dict[str, int]]:
    """All splits and the truth by example id (1: the claim is right), from `item_seed` alone."""
    splits: dict[SplitName, Split] = {}
    truth: dict[str, int] = {}

    def draw(split: SplitName, role: str, n: int, *, ood: int = 0) -> tuple[Example, ...]:
        made = _examples(_Draw(split, role, world.build(SPLIT_WORLD[split]), item_seed), n, ood)
        truth.update({example.id: label for example, label in made})
        return tuple(example for example, _ in made)

    practice = draw("practice", "practice unlabelled", PRACTICE_UNLABELLED)
    practice_test = draw("practice", "practice test", PRACTICE_TEST)
    splits["practice"] = Split("practice", SPLIT_WORLD["practice"], (), practice, practice_test)
    scored: tuple[tuple[SplitName, int], ...] = (("dev", 0), ("sealed", TEST // 2))
    for name, ood in scored:
        splits[name] = Split(
            name,
            SPLIT_WORLD[name],
            draw(name, "labelled", LABELLED),
            draw(name, "unlabelled", UNLABELLED),
            draw(name, "test", TEST, ood=ood),
        )
    return splits, truth


def _rng(seed: bytes, *words: str) -> random.Random:
    return random.Random(hmac.digest(seed, " ".join(words).encode(), "sha256"))


def _programs(draw: _Draw, shapes: tuple[str, ...]) -> list[Program]:
    """The programs of `shapes` for one role, shuffled: its part of a partition of all of them."""
    every = [program for shape in shapes for program in draw.code.programs(shape)]
    _rng(draw.seed, "roles", draw.code.name, *shapes).shuffle(every)
    before = 0.0
    for role, share in ROLE_SHARE.items():
        if role == draw.role:
            return every[round(before * len(every)) : round((before + share) * len(every))]
        before += share
    raise ValueError(f"no role {draw.role!r}; there are {', '.join(ROLE_SHARE)}")


def _examples(draw: _Draw, n: int, ood: int) -> list[tuple[Example, int]]:
    """`n` distinct items, `ood` of them about shapes that training never shows, in shuffled order."""
    rng = _rng(draw.seed, draw.split, draw.role)
    chosen = [(p, "id") for p in _programs(draw, ID_SHAPES)[: (n - ood) // CLAIMS]]
    if ood:
        chosen += [(p, "ood") for p in _programs(draw, OOD_SHAPES)[: ood // CLAIMS]]
    made: list[tuple[str, str, str, str, int]] = []
    for program, subset in chosen:
        source = program.source(*rng.sample(draw.code.setting.names, 2))
        for author in rng.sample(AUTHORS, CLAIMS):
            output, text, label = _claimed(draw.code, program, author, rng)
            made.append((source, text, str(output), subset, label))
    rng.shuffle(made)
    return [
        (
            Example(
                id=_opaque(draw.seed, draw.split, draw.role, i),
                kind="verification",
                fields={"question": source, "choice": text},
                group=source,
                answer=answer,
                subset=subset,
            ),
            label,
        )
        for i, (source, text, answer, subset, label) in enumerate(made)
    ]


def _claimed(code: CodeWorld, program: Program, author: Author, rng: random.Random) -> tuple[int, str, int]:
    """(claimed output, the claim's text, 1 if it is right) of one author."""
    right = rng.random() < RELIABILITY[code.name][author.name]
    output = program.output
    if not right:
        output = claims.wrong(program, output, code.misreading(program), rng)
    return output, claim(author, output, sure=(rng.random() < CUE) == right), int(right)


def _opaque(seed: bytes, split: str, role: str, i: int) -> str:
    return hashlib.blake2b(f"{split}/{role}/{i}".encode(), key=seed[:64], digest_size=8).hexdigest()


def sample_texts() -> list[str]:
    """Texts that together hold every word an item can contain."""
    texts = [t.format(question="", choice="") for t in (TEMPLATE, ZERO_SHOT_TEMPLATE)]
    texts += [claim(author, 0, sure=sure) for author in AUTHORS for sure in (True, False)]
    texts += [str(output) for output in range(48)] + list(REVIEWERS.values()) + ["No Yes"]
    for setting in world.SETTINGS.values():
        texts += [program.source(*setting.names[:2]) for program in (Program("chain", "+", 1, 1),)]
        texts += [" ".join(setting.names)]
    return texts
