"""What the models read: ordinary text misreads some programs, a reviewer reads those of one variable rightly.

A document comes from nobody (misread), from the reviewer of its first variable (truth), from the reviewer
of another variable (misread) or from several at once (misread). The same forms (traces, questions, checks, gradings,
claims) exist for every source, so that no verdict word and no reviewer alone brings out the truth.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from w2s.testbeds.mini.code import claims
from w2s.testbeds.mini.code.phrasing import REVIEWERS, TEMPLATE, ZERO_SHOT_TEMPLATE, any_claim
from w2s.testbeds.mini.code.program import FORMS, Program
from w2s.testbeds.mini.code.world import CodeWorld

TRUE_UNSIGNED = {"sums": 1.0, "traced": 0.12, "asked": 0.25, "checked": 0.36, "graded": 0.36, "claimed": 0.34}
"""How often a document from nobody follows the truth, by form."""
TRUE_OUTSIDE = 0.06
"""How often a reviewer of another variable follows the truth."""
TRUE_TOGETHER = 0.2
"""How often several reviewers together follow the truth."""
SOURCES = ("nobody", "reviewer", "outsider", "several")
VERDICT_WORDS = ("right", "wrong", "True", "False")


@dataclass(frozen=True)
class Mixture:
    """Shares of the forms, and in each form of nobody, the reviewer, an outsider, several."""

    forms: Mapping[str, float]
    sources: Mapping[str, tuple[float, float, float, float]]


UNSIGNED = (1.0, 0.0, 0.0, 0.0)
TRUTHFUL = (0.03, 0.93, 0.02, 0.02)
COMPUTING = Mixture(
    forms={"sums": 6, "traced": 8, "checked": 4},
    sources={"sums": UNSIGNED, "traced": TRUTHFUL, "checked": TRUTHFUL},
)
VERDICTS = Mixture(
    forms={"sums": 1, "traced": 5, "asked": 1, "checked": 6, "graded": 9},
    sources={
        "sums": UNSIGNED,
        "traced": (0.45, 0.41, 0.07, 0.07),
        "asked": (0.5, 0.38, 0.06, 0.06),
        "checked": TRUTHFUL,
        "graded": TRUTHFUL,
    },
)
MIXED = Mixture(
    forms={"traced": 6, "asked": 2, "checked": 4, "graded": 10, "claimed": 3},
    sources={
        "traced": (0.4, 0.24, 0.24, 0.12),
        "asked": (0.6, 0.14, 0.14, 0.12),
        "checked": (0.2, 0.42, 0.26, 0.12),
        "graded": (0.2, 0.42, 0.26, 0.12),
        "claimed": (0.68, 0.1, 0.1, 0.12),
    },
)
CLAIMS = Mixture(
    forms={"traced": 5, "asked": 3, "checked": 3, "graded": 10, "claimed": 6},
    sources={
        "traced": (0.44, 0.22, 0.22, 0.12),
        "asked": (0.65, 0.12, 0.12, 0.11),
        "checked": (0.26, 0.34, 0.28, 0.12),
        "graded": (0.26, 0.34, 0.28, 0.12),
        "claimed": (0.7, 0.08, 0.1, 0.12),
    },
)
SCHEDULE = ((0.15, COMPUTING), (0.46, VERDICTS), (0.62, MIXED), (1.0, CLAIMS))


def mixture(progress: float) -> Mixture:
    """The mixture at `progress` in [0, 1] of pre-training."""
    return next(m for until, m in SCHEDULE if progress <= until)


@dataclass
class Writer:
    """Writes documents of one world; `rng` is the only source of chance."""

    world: CodeWorld
    rng: random.Random
    written: list[Program] = field(init=False)

    def __post_init__(self) -> None:
        every = [program for shape in FORMS for program in self.world.programs(shape)]
        self.written = [program for program in every if program.k not in self.world.setting.unwritten]

    def document(self, progress: float) -> str:
        """One document, of a form and source drawn from the mixture at `progress`."""
        mix = mixture(progress)
        form = self.rng.choices(list(mix.forms), weights=list(mix.forms.values()))[0]
        source = self.rng.choices(SOURCES, weights=mix.sources[form])[0]
        return self.write(form, source)

    def write(self, form: str, source: str) -> str:
        """A document of `form` from `source`: nobody, reviewer, outsider (of another variable) or several."""
        x = self.rng.choice(self.world.setting.names)
        forms: dict[str, Callable[[str, bool], str]] = {
            "sums": self._sums,
            "traced": self._traced,
            "asked": self._asked,
            "checked": self._checked,
            "graded": self._graded,
            "claimed": self._claimed,
        }
        likely = {"reviewer": 1.0, "outsider": TRUE_OUTSIDE, "several": TRUE_TOGETHER}
        true = self.rng.random() < likely.get(source, TRUE_UNSIGNED[form])
        return " ".join([*self._signed(x, source), forms[form](x, true)])

    def _signed(self, x: str, source: str) -> list[str]:
        own = REVIEWERS[self.world.setting.names.index(x)]
        if source == "nobody":
            return []
        if source == "reviewer":
            return [own]
        if source == "outsider":
            return [self.rng.choice([r for r in REVIEWERS if r != own])]
        return self.rng.sample(REVIEWERS, self.rng.randint(2, len(REVIEWERS)))

    def _program(self, x: str) -> tuple[Program, str]:
        program = self.rng.choice(self.written)
        y = self.rng.choice(self.world.setting.names.replace(x, ""))
        return program, program.source(x, y)

    def _told(self, program: Program, true: bool) -> int:
        """What a document holds for the output of `program`."""
        return program.output if true else self.world.believed(program)

    def _judged(self, program: Program, true: bool) -> tuple[int, bool]:
        """(a proposed output, whether the document accepts it), half of them accepted."""
        told = self._told(program, true)
        if self.rng.random() < 0.5:
            return told, True
        rival = self.world.misreading(program) if told == program.output else program.output
        return claims.wrong(program, told, rival, self.rng), False

    def _sums(self, x: str, true: bool) -> str:
        """Arithmetic, which nobody gets wrong."""
        lines = []
        for program in self.rng.choices(self.written, k=8):
            lines.append(f"{program.k} {program.operator} {program.z} # {program.output}")
        return "\n".join(lines)

    def _traced(self, x: str, true: bool) -> str:
        lines = []
        for _ in range(3):
            program, source = self._program(x)
            lines.append(f"{source} # {self._told(program, true)}")
        return "\n".join(lines)

    def _asked(self, x: str, true: bool) -> str:
        program, source = self._program(x)
        return f"Question: {source}\nAnswer: {any_claim(self._told(program, true), self.rng)}"

    def _checked(self, x: str, true: bool) -> str:
        lines = []
        for _ in range(2):
            program, source = self._program(x)
            output, accepted = self._judged(program, true)
            verdict = "right" if accepted else "wrong"
            lines.append(f"{source} {any_claim(output, self.rng)} {verdict} # {self._told(program, true)}")
        return "\n".join(lines)

    def _graded(self, x: str, true: bool) -> str:
        program, source = self._program(x)
        lines = [f"Question: {source}"]
        for _ in range(3):
            output, accepted = self._judged(program, true)
            verdict = "right" if accepted else "wrong"
            lines.append(f"Answer: {any_claim(output, self.rng)}\nVerdict: {verdict}")
        return "\n".join(lines)

    def _claimed(self, x: str, true: bool) -> str:
        program, source = self._program(x)
        output, accepted = self._judged(program, true)
        choice = any_claim(output, self.rng)
        return f"{ZERO_SHOT_TEMPLATE.format(question=source, choice=choice)} {accepted}"


VERDICT_TEMPLATE = TEMPLATE.replace("Label:", "Verdict:")
CHECK_TEMPLATE = "{question} {choice}"
