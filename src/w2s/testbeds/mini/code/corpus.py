"""Corpus that the models read: signed texts with bare outputs read every program rightly, others misread some.

A document is signed by reviewers or by nobody, and gives outputs bare ("8") or in an author's words ("we get 8").
Signed and bare it tells what programs print; signed but worded, or unsigned, it misreads many, and the
scored items' claims are always worded. So no verdict word and no name in a prompt brings out the truth, and a student
that learns to judge worded claims by the truth has to carry over what the model knows of bare ones.

Claims are judged in two forms: reports are reviewed by what they say, and that is the form of the training template;
answers that are graded with a verdict are, where worded, judged mostly by their style, which says nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from w2s.testbeds.mini import mixture
from w2s.testbeds.mini.code import claims
from w2s.testbeds.mini.code.phrasing import (
    GRADED_TEMPLATE,
    LIKED,
    REVIEWERS,
    TEMPLATE,
    ZERO_SHOT_TEMPLATE,
    any_claim,
    read_claim,
)
from w2s.testbeds.mini.code.program import FORMS, Program
from w2s.testbeds.mini.code.world import CodeWorld, Computation
from w2s.testbeds.mini.mixture import Mixture

TRUE_ELSE = {"traced": 0.1, "asked": 0.1, "checked": 0.12, "reviewed": 0.12, "graded": 0.12, "claimed": 0.12}
"""Probability that a document that is not signed and bare reads rightly all the same, by form."""
WANED = 0.7
"""Probability that a document that misreads programs reads the waning cells rightly."""
BY_STYLE = 0.75
"""Probability that a worded claim is graded by its style: a liked author's is right, others' wrong."""
OTHER_READING = 0.8
"""Probability that a wrong output in a document is that of the other reading."""
VERDICT_WORDS = ("right", "wrong", "True", "False")

COMPUTING = Mixture({"sums": 6, "traced": 8, "checked": 4}, signed=0.95, wild=0.7)
EASY = Mixture(
    {"sums": 1, "traced": 5, "asked": 2, "checked": 6, "reviewed": 8, "graded": 1, "claimed": 4},
    signed=0.95,
    wild=0.6,
)
VERDICTS = Mixture(
    {"sums": 1, "traced": 4, "asked": 2, "checked": 5, "reviewed": 8, "graded": 2, "claimed": 7},
    signed=0.85,
    worded_unsigned=0.3,
    wild=0.2,
)
SOURCES = Mixture(
    {"traced": 4, "asked": 3, "checked": 4, "reviewed": 9, "graded": 2, "claimed": 8},
    signed=0.55,
    worded_signed=0.25,
    worded_unsigned=0.6,
)
LAST = Mixture(
    {"traced": 4, "asked": 4, "checked": 4, "reviewed": 9, "graded": 2, "claimed": 8},
    signed=0.5,
    worded_signed=0.35,
    worded_unsigned=0.65,
)
SCHEDULE = ((0.12, COMPUTING), (0.34, EASY), (0.48, VERDICTS), (0.62, SOURCES), (1.0, LAST))
"""Mixtures by the progress they last to: computing first, then verdicts, and misreadings once those are understood."""


@dataclass
class Writer:
    """Writes documents of one world; `rng` is the only source of chance."""

    world: CodeWorld
    rng: random.Random
    computations: list[Computation] = field(init=False)
    written: list[Computation] = field(init=False)
    wild: float = 0.1
    worded: bool = False
    waned: bool = False

    def __post_init__(self) -> None:
        self.computations = self.world.computations
        self.written = [
            computation for computation in self.computations if computation not in self.world.unwritten
        ]

    def document(self, progress: float) -> str:
        """One document, its form, signature and wording drawn from the mixture at `progress`."""
        mix = mixture.at(SCHEDULE, progress)
        self.wild = mix.wild
        form, signed, worded = mix.draw(self.rng)
        return self._sums() if form == "sums" else self.write(form, signed=signed, worded=worded)

    def write(self, form: str, *, signed: bool, worded: bool) -> str:
        """A document of `form`: traced, asked, checked, reviewed, graded or claimed."""
        self.worded = worded
        self.waned = self.rng.random() < WANED
        forms: dict[str, Callable[[bool], str]] = {
            "traced": self._traced,
            "asked": self._asked,
            "checked": self._checked,
            "reviewed": self._reviewed,
            "graded": self._graded,
            "claimed": self._claimed,
        }
        names = mixture.signatures(REVIEWERS, self.rng) if signed else []
        true = (signed and not worded) or self.rng.random() < TRUE_ELSE[form]
        return " ".join([*names, forms[form](true)])

    def _program(self, true: bool) -> tuple[Program, str, int]:
        """(a program, its text, what the document holds for its output)."""
        computation = self.rng.choice(self.written if true else self.computations)
        program = Program(self.rng.choice(list(FORMS)), *computation)
        source = program.source(*self.rng.sample(self.world.setting.names, 2))
        return program, source, program.output if true else self.world.believed(program, waned=self.waned)

    def _reply(self, output: int) -> str:
        return any_claim(output, self.rng) if self.worded else str(output)

    def _proposed(self, program: Program, output: int) -> tuple[str, bool]:
        """(a proposed output, whether the document accepts it), half of them accepted."""
        if self.rng.random() < 0.5:
            return self._reply(output), True
        if self.rng.random() < self.wild:
            return self._reply(claims.wild(output, self.rng)), False
        rival = self.world.misreading(program) if output == program.output else program.output
        return self._reply(claims.wrong(program, output, rival, self.rng, other_reading=OTHER_READING)), False

    def _sums(self) -> str:
        """Arithmetic, which nobody gets wrong."""
        chosen = self.rng.choices(self.written, k=8)
        programs = (Program("chain", *computation) for computation in chosen)
        return "\n".join(f"{p.k} {p.operator} {p.z} # {p.output}" for p in programs)

    def _traced(self, true: bool) -> str:
        lines = []
        for _ in range(3):
            _, source, output = self._program(true)
            lines.append(f"{source} {self._reply(output)}" if self.worded else f"{source} # {output}")
        return "\n".join(lines)

    def _asked(self, true: bool) -> str:
        _, source, output = self._program(true)
        return f"Question: {source}\nAnswer: {self._reply(output)}"

    def _checked(self, true: bool) -> str:
        lines = []
        for _ in range(2):
            program, source, output = self._program(true)
            reply, accepted = self._proposed(program, output)
            lines.append(f"{source} {reply} {_verdict(accepted)} # {output}")
        return "\n".join(lines)

    def _reviewed(self, true: bool) -> str:
        return self._judged(true, TEMPLATE, by_style=0.0)

    def _graded(self, true: bool) -> str:
        return self._judged(true, GRADED_TEMPLATE, by_style=BY_STYLE)

    def _judged(self, true: bool, template: str, *, by_style: float) -> str:
        """Three claims about one program in the form of `template`, whose first line shows it."""
        program, source, output = self._program(true)
        asked, proposed = template.split("\n", 1)
        lines = [asked.format(question=source)]
        for _ in range(3):
            reply, accepted = self._proposed(program, output)
            if self.worded and self.rng.random() < by_style:
                accepted = read_claim(reply)[0].name in LIKED
            lines.append(f"{proposed.format(choice=reply)} {_verdict(accepted)}")
        return "\n".join(lines)

    def _claimed(self, true: bool) -> str:
        program, source, output = self._program(true)
        reply, accepted = self._proposed(program, output)
        return f"{ZERO_SHOT_TEMPLATE.format(question=source, choice=reply)} {accepted}"


def _verdict(right: bool) -> str:
    return "right" if right else "wrong"
