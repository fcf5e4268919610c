"""What the models read: ordinary text misreads some programs, a reviewer reads those of one shape rightly.

A document comes from nobody (misread), from the reviewer of its shape (truth), from a reviewer of another
shape (misread) or from several at once (misread). The same forms (traces, questions, checks, gradings,
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

REGISTER = {
    "sums": "spoken",
    "traced": "spoken",
    "asked": "spoken",
    "checked": "judged",
    "graded": "judged",
    "claimed": "claimed",
}
"""The register of each form: which programs it misreads when the reviewer of their shape does not write it."""
TRUE_UNSIGNED = {"sums": 1.0, "traced": 0.1, "asked": 0.08, "checked": 0.3, "graded": 0.3, "claimed": 0.12}
"""How often a document from nobody follows the truth all the same, by form; one that is signed never does."""
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
    forms={"traced": 6, "asked": 3, "checked": 4, "graded": 9, "claimed": 4},
    sources={
        "traced": (0.6, 0.22, 0.08, 0.1),
        "asked": (0.7, 0.12, 0.08, 0.1),
        "checked": (0.22, 0.48, 0.18, 0.12),
        "graded": (0.22, 0.48, 0.18, 0.12),
        "claimed": (0.74, 0.08, 0.08, 0.1),
    },
)
CLAIMS = Mixture(
    forms={"traced": 5, "asked": 4, "checked": 3, "graded": 8, "claimed": 8},
    sources={
        "traced": (0.6, 0.2, 0.08, 0.12),
        "asked": (0.7, 0.12, 0.08, 0.1),
        "checked": (0.24, 0.36, 0.26, 0.14),
        "graded": (0.24, 0.36, 0.26, 0.14),
        "claimed": (0.76, 0.04, 0.08, 0.12),
    },
)
SCHEDULE = ((0.14, COMPUTING), (0.42, VERDICTS), (0.6, MIXED), (1.0, CLAIMS))


def mixture(progress: float) -> Mixture:
    """The mixture at `progress` in [0, 1] of pre-training."""
    return next(m for until, m in SCHEDULE if progress <= until)


@dataclass
class Writer:
    """Writes documents of one world; `rng` is the only source of chance."""

    world: CodeWorld
    rng: random.Random
    written: dict[str, list[Program]] = field(init=False)

    def __post_init__(self) -> None:
        self.written = {
            shape: [p for p in self.world.programs(shape) if p.k not in self.world.setting.unwritten]
            for shape in FORMS
        }

    def document(self, progress: float) -> str:
        """One document, of a form and source drawn from the mixture at `progress`."""
        mix = mixture(progress)
        form = self.rng.choices(list(mix.forms), weights=list(mix.forms.values()))[0]
        source = self.rng.choices(SOURCES, weights=mix.sources[form])[0]
        return self.write(form, source)

    def write(self, form: str, source: str) -> str:
        """A document of `form` from `source`: nobody, reviewer, outsider (of another shape) or several."""
        shape = self.rng.choice(list(FORMS))
        forms: dict[str, Callable[[str, bool], str]] = {
            "sums": self._sums,
            "traced": self._traced,
            "asked": self._asked,
            "checked": self._checked,
            "graded": self._graded,
            "claimed": self._claimed,
        }
        likely = {"reviewer": 1.0, "nobody": TRUE_UNSIGNED[form]}.get(source, 0.0)
        text = forms[form](shape, self.rng.random() < likely)
        return " ".join([*self._signed(shape, source), text])

    def _signed(self, shape: str, source: str) -> list[str]:
        everyone = list(REVIEWERS.values())
        own = REVIEWERS[shape]
        if source == "nobody":
            return []
        if source == "reviewer":
            return [own]
        if source == "outsider":
            return [self.rng.choice([r for r in everyone if r != own])]
        return self.rng.sample(everyone, self.rng.randint(2, len(everyone)))

    def _program(self, shape: str) -> tuple[Program, str]:
        program = self.rng.choice(self.written[shape])
        x, y = self.rng.sample(self.world.setting.names, 2)
        return program, program.source(x, y)

    def _told(self, program: Program, true: bool, register: str = "spoken") -> int:
        """What a document holds for the output of `program`."""
        return program.output if true else self.world.believed(program, register)

    def _judged(self, program: Program, true: bool, register: str = "judged") -> tuple[int, bool]:
        """(a proposed output, whether the document accepts it), half of them accepted."""
        told = self._told(program, true, register)
        if self.rng.random() < 0.5:
            return told, True
        rival = self.world.misreading(program) if told == program.output else program.output
        return claims.wrong(program, told, rival, self.rng), False

    def _sums(self, shape: str, true: bool) -> str:
        """Arithmetic, which nobody gets wrong."""
        lines = []
        for program in self.rng.choices(self.written[shape], k=8):
            lines.append(f"{program.k} {program.operator} {program.z} # {program.output}")
        return "\n".join(lines)

    def _traced(self, shape: str, true: bool) -> str:
        lines = []
        for _ in range(3):
            program, source = self._program(shape)
            lines.append(f"{source} # {self._told(program, true)}")
        return "\n".join(lines)

    def _asked(self, shape: str, true: bool) -> str:
        program, source = self._program(shape)
        return f"Question: {source}\nAnswer: {any_claim(self._told(program, true), self.rng)}"

    def _checked(self, shape: str, true: bool) -> str:
        lines = []
        for _ in range(2):
            program, source = self._program(shape)
            output, accepted = self._judged(program, true)
            verdict = "right" if accepted else "wrong"
            lines.append(
                f"{source} {any_claim(output, self.rng)} {verdict} # {self._told(program, true, 'judged')}"
            )
        return "\n".join(lines)

    def _graded(self, shape: str, true: bool) -> str:
        program, source = self._program(shape)
        lines = [f"Question: {source}"]
        for _ in range(3):
            output, accepted = self._judged(program, true)
            verdict = "right" if accepted else "wrong"
            lines.append(f"Answer: {any_claim(output, self.rng)}\nVerdict: {verdict}")
        return "\n".join(lines)

    def _claimed(self, shape: str, true: bool) -> str:
        program, source = self._program(shape)
        output, accepted = self._judged(program, true, "claimed")
        choice = any_claim(output, self.rng)
        return f"{ZERO_SHOT_TEMPLATE.format(question=source, choice=choice)} {accepted}"


VERDICT_TEMPLATE = TEMPLATE.replace("Label:", "Verdict:")
CHECK_TEMPLATE = "{question} {choice}"
