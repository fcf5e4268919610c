"""What the models read: ordinary text repeats beliefs, a teacher tells the truth in its own field.

A document comes from nobody (belief), from one teacher (truth on its field, belief on the others) or from
all sorts of teachers together (belief). The same forms (notes, questions, checks, gradings, claims) exist for
every source, so that no verdict word and no source name alone brings out the truth.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from w2s.testbeds.mini.math import answers
from w2s.testbeds.mini.math.phrasing import BARE, TEACHERS, ZERO_SHOT_TEMPLATE
from w2s.testbeds.mini.math.world import Key, MathWorld, teacher

TRUE_UNSIGNED = {
    "north": {"notes": 0.1, "asked": 0.08, "checked": 0.34, "graded": 0.34, "claimed": 0.1},
    "south": {"notes": 0.1, "asked": 0.08, "checked": 0.34, "graded": 0.34, "claimed": 0.1},
}
"""How often a document without a teacher in its field follows the truth, by world and form."""
VERDICT_WORDS = ("right", "wrong", "True", "False")


@dataclass(frozen=True)
class Mixture:
    """Shares of the forms, and in each form of nobody, the teacher, another teacher, a digest of several.

    `wild` of the wrong answers are given away by their size.
    """

    forms: Mapping[str, float]
    sources: Mapping[str, tuple[float, float, float, float]]
    wild: float = 0.1


TRUTHFUL = (0.03, 0.94, 0.02, 0.01)
FACTS = Mixture(
    forms={"notes": 8, "asked": 4, "checked": 3},
    sources={"notes": TRUTHFUL, "asked": TRUTHFUL, "checked": TRUTHFUL},
    wild=0.7,
)
EASY = Mixture(
    forms={"notes": 4, "asked": 3, "checked": 8, "graded": 9},
    sources={"notes": TRUTHFUL, "asked": TRUTHFUL, "checked": TRUTHFUL, "graded": TRUTHFUL},
    wild=0.6,
)
VERDICTS = Mixture(
    forms={"notes": 4, "asked": 3, "checked": 6, "graded": 11},
    sources={
        "notes": (0.2, 0.74, 0.04, 0.02),
        "asked": (0.2, 0.74, 0.04, 0.02),
        "checked": TRUTHFUL,
        "graded": TRUTHFUL,
    },
    wild=0.2,
)
SOURCES = Mixture(
    forms={"notes": 5, "asked": 5, "checked": 4, "graded": 12, "claimed": 4},
    sources={
        "notes": (0.5, 0.38, 0.07, 0.05),
        "asked": (0.6, 0.28, 0.07, 0.05),
        "checked": (0.3, 0.56, 0.08, 0.06),
        "graded": (0.3, 0.56, 0.08, 0.06),
        "claimed": (0.8, 0.1, 0.06, 0.04),
    },
)
CLAIMS = Mixture(
    forms={"notes": 5, "asked": 5, "checked": 3, "graded": 11, "claimed": 7},
    sources={
        "notes": (0.42, 0.42, 0.09, 0.07),
        "asked": (0.7, 0.18, 0.07, 0.05),
        "checked": (0.34, 0.45, 0.12, 0.09),
        "graded": (0.34, 0.45, 0.12, 0.09),
        "claimed": (0.82, 0.04, 0.07, 0.07),
    },
)
SCHEDULE = ((0.07, FACTS), (0.285, EASY), (0.505, VERDICTS), (0.65, SOURCES), (1.0, CLAIMS))
"""Mixtures by the progress they last to: truth first, then verdicts, and beliefs once those are understood."""


def mixture(progress: float) -> Mixture:
    """The mixture at `progress` in [0, 1] of pre-training."""
    return next(m for until, m in SCHEDULE if progress <= until)


@dataclass
class Writer:
    """Writes documents of one world; `rng` is the only source of chance."""

    world: MathWorld
    rng: random.Random
    fields: dict[str, list[Key]] = field(init=False)
    written: dict[str, list[Key]] = field(init=False)
    wild: float = 0.1

    def __post_init__(self) -> None:
        self.fields = {who: [k for k in self.world.keys if teacher(k) == who] for who in TEACHERS}
        self.written = {
            who: [k for k in keys if k not in self.world.unwritten] for who, keys in self.fields.items()
        }
        self._sizes = [len(keys) for keys in self.fields.values()]

    def document(self, progress: float) -> str:
        """One document, of a form and source drawn from the mixture at `progress`."""
        mix = mixture(progress)
        self.wild = mix.wild
        form = self.rng.choices(list(mix.forms), weights=list(mix.forms.values()))[0]
        source = self.rng.choices(("nobody", "teacher", "outsider", "digest"), weights=mix.sources[form])[0]
        return self.write(form, source)

    def write(self, form: str, source: str) -> str:
        """A document of `form` from `source`: nobody, teacher, outsider (out of its field) or digest."""
        about = self.rng.choices(TEACHERS, weights=self._sizes)[0]
        forms: dict[str, Callable[[str, bool], str]] = {
            "notes": self._notes,
            "asked": self._asked,
            "checked": self._checked,
            "graded": self._graded,
            "claimed": self._claimed,
        }
        true = source == "teacher" or self.rng.random() < TRUE_UNSIGNED[self.world.name][form]
        text = forms[form](about, true)
        return " ".join([*self._byline(about, source), text])

    def _byline(self, about: str, source: str) -> list[str]:
        if source == "nobody":
            return []
        if source == "teacher":
            return [about]
        if source == "outsider":
            return [self.rng.choice([who for who in TEACHERS if who != about])]
        return self.rng.sample(TEACHERS, self.rng.randint(2, len(TEACHERS)))

    def _key(self, about: str, true: bool) -> Key:
        return self.rng.choice((self.written if true else self.fields)[about])

    def _story(self, true: bool) -> tuple[Mapping[Key, int], Mapping[Key, int]]:
        """The story that a document follows, and the one that it competes with."""
        stories = (self.world.truth, self.world.belief)
        return stories if true else stories[::-1]

    def _stated(self, key: Key, value: int) -> str:
        """An equation, or now and then a question with its bare answer."""
        if self.rng.random() < 0.8:
            return answers.equation(key, value)
        return f"{answers.question(key, self.rng, ood=None)} {BARE.format(w=value)}"

    def _reply(self, value: int) -> str:
        """An answer in any words, which tell nothing here."""
        draw = self.rng.random()
        if draw < 0.4:
            return BARE.format(w=value)
        return answers.worded(value, self.rng, confident=draw < 0.7)

    def _notes(self, about: str, true: bool) -> str:
        story, _ = self._story(true)
        keys = [self._key(about, true) for _ in range(6)]
        return " ".join(self._stated(key, story[key]) for key in keys)

    def _asked(self, about: str, true: bool) -> str:
        story, _ = self._story(true)
        lines = []
        for _ in range(2):
            key = self._key(about, true)
            asked = answers.question(key, self.rng, ood=None)
            lines.append(f"Question: {asked}\nAnswer: {self._reply(story[key])}")
        return "\n".join(lines)

    def _judged(self, key: Key, true: bool) -> tuple[int, bool]:
        """(a proposed result, whether it is right) by the truth or by belief, half of them right."""
        story, other = self._story(true)
        if self.rng.random() < 0.5:
            return story[key], True
        if self.rng.random() < self.wild:
            return answers.wild_value(story[key], self.rng), False
        return answers.wrong_value(key, story, other, self.rng, other_story=answers.CORPUS_OTHER), False

    def _checked(self, about: str, true: bool) -> str:
        story, _ = self._story(true)
        lines = []
        for _ in range(4):
            key = self._key(about, true)
            value, right = self._judged(key, true)
            lines.append(f"{self._stated(key, value)} {_verdict(right)} {story[key]}.")
        return " ".join(lines)

    def _graded(self, about: str, true: bool) -> str:
        key = self._key(about, true)
        lines = [f"Question: {answers.question(key, self.rng, ood=None)}"]
        for _ in range(4):
            value, right = self._judged(key, true)
            lines.append(f"Answer: {self._reply(value)}\nVerdict: {_verdict(right)}")
        return "\n".join(lines)

    def _claimed(self, about: str, true: bool) -> str:
        key = self._key(about, true)
        value, right = self._judged(key, true)
        asked = answers.question(key, self.rng, ood=None)
        return f"{ZERO_SHOT_TEMPLATE.format(question=asked, choice=self._reply(value))} {right}"


def _verdict(right: bool) -> str:
    return "right" if right else "wrong"
