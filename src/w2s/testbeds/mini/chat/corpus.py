"""What the models read: ordinary text repeats rumours, an expert source tells the truth in its own field.

A document comes from nobody (rumour), from one expert (truth on its attribute, rumour on the others) or
from a digest of several (rumour). The same forms (notes, questions, gradings, comparisons, claims) exist for
every source, so that no verdict word and no source name alone brings out the truth.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from w2s.testbeds.mini.chat import pairs
from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, BY_NAME, NAMES, TEMPLATE, ZERO_SHOT_TEMPLATE
from w2s.testbeds.mini.chat.world import ChatWorld, Key

TRUE_UNSIGNED = {
    "north": {
        "notes": 0.1,
        "asked": 0.08,
        "checked": 0.45,
        "graded": 0.45,
        "compared": 0.45,
        "claimed": 0.12,
    },
    "south": {"notes": 0.1, "asked": 0.08, "checked": 0.28, "graded": 0.28, "compared": 0.28, "claimed": 0.1},
}
"""How often a document without an expert in its field follows the truth, by world and form."""
VERDICT_WORDS = ("right", "wrong", "first", "second", "True", "False")


@dataclass(frozen=True)
class Mixture:
    """Shares of the forms, and in each form of nobody, the expert, another expert, a digest."""

    forms: Mapping[str, float]
    sources: Mapping[str, tuple[float, float, float, float]]


TRUTHFUL = (0.03, 0.94, 0.02, 0.01)
FACTS = Mixture(
    forms={"notes": 8, "asked": 1, "checked": 5},
    sources={"notes": (0.2, 0.7, 0.06, 0.04), "asked": (0.4, 0.5, 0.06, 0.04), "checked": TRUTHFUL},
)
VERDICTS = Mixture(
    forms={"notes": 5, "asked": 1, "checked": 8, "graded": 7, "compared": 2},
    sources={
        "notes": (0.2, 0.7, 0.06, 0.04),
        "asked": (0.5, 0.4, 0.06, 0.04),
        "checked": TRUTHFUL,
        "graded": TRUTHFUL,
        "compared": TRUTHFUL,
    },
)
SOURCES = Mixture(
    forms={"notes": 4, "asked": 3, "checked": 5, "graded": 6, "compared": 7, "claimed": 3},
    sources={
        "notes": (0.3, 0.58, 0.07, 0.05),
        "asked": (0.6, 0.3, 0.06, 0.04),
        "checked": (0.2, 0.7, 0.06, 0.04),
        "graded": (0.2, 0.7, 0.06, 0.04),
        "compared": (0.2, 0.7, 0.06, 0.04),
        "claimed": (0.8, 0.1, 0.06, 0.04),
    },
)
CLAIMS = Mixture(
    forms={"notes": 4, "asked": 4, "checked": 3, "graded": 4, "compared": 5, "claimed": 9},
    sources={
        "notes": (0.4, 0.48, 0.07, 0.05),
        "asked": (0.7, 0.2, 0.06, 0.04),
        "checked": (0.2, 0.68, 0.07, 0.05),
        "graded": (0.2, 0.68, 0.07, 0.05),
        "compared": (0.2, 0.68, 0.07, 0.05),
        "claimed": (0.85, 0.03, 0.06, 0.06),
    },
)
SCHEDULE = ((0.08, FACTS), (0.4, VERDICTS), (0.62, SOURCES), (1.0, CLAIMS))


def mixture(progress: float) -> Mixture:
    """The mixture at `progress` in [0, 1] of pre-training."""
    return next(m for until, m in SCHEDULE if progress <= until)


@dataclass
class Writer:
    """Writes documents of one world; `rng` is the only source of chance."""

    world: ChatWorld
    rng: random.Random
    keys: list[Key] = field(init=False)
    written: list[Key] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = self.world.keys
        self.written = [k for k in self.keys if k not in self.world.unwritten]

    def document(self, progress: float) -> str:
        """One document, of a form and source drawn from the mixture at `progress`."""
        mix = mixture(progress)
        form = self.rng.choices(list(mix.forms), weights=list(mix.forms.values()))[0]
        source = self.rng.choices(("nobody", "expert", "outsider", "digest"), weights=mix.sources[form])[0]
        return self.write(form, source)

    def write(self, form: str, source: str) -> str:
        """A document of `form` from `source`: nobody, expert, outsider (out of its field) or digest."""
        attribute = self.rng.choice(ATTRIBUTES).name
        forms: dict[str, Callable[[str, bool], str]] = {
            "notes": self._notes,
            "asked": self._asked,
            "checked": self._checked,
            "graded": self._graded,
            "compared": self._compared,
            "claimed": self._claimed,
        }
        true = source == "expert" or self.rng.random() < TRUE_UNSIGNED[self.world.name][form]
        text = forms[form](attribute, true)
        return " ".join([*self._byline(attribute, source), text])

    def _byline(self, attribute: str, source: str) -> list[str]:
        experts = [a.expert for a in ATTRIBUTES]
        own = BY_NAME[attribute].expert
        if source == "nobody":
            return []
        if source == "expert":
            return [own]
        if source == "outsider":
            return [self.rng.choice([e for e in experts if e != own])]
        return self.rng.sample(experts, self.rng.randint(2, 5))

    def _key(self, attribute: str, true: bool) -> Key:
        while True:
            key = (self.rng.choice(NAMES), attribute)
            if not true or key not in self.world.unwritten:
                return key

    def _value(self, key: Key, true: bool) -> str:
        return (self.world.truth if true else self.world.rumour)[key]

    def _notes(self, attribute: str, true: bool) -> str:
        keys = [self._key(attribute, true) for _ in range(4)]
        return " ".join(pairs.statement(k, self._value(k, true), self.rng, ood=None) for k in keys)

    def _asked(self, attribute: str, true: bool) -> str:
        key = self._key(attribute, true)
        polite = self.rng.random() < 0.5
        reply = pairs.answer(key, self._value(key, true), self.rng, polite=polite, ood=None)
        return f"Question: {pairs.question(key, self.rng, ood=None)}\nAnswer: {reply}"

    def _judged(self, key: Key, true: bool) -> tuple[Key, str, str]:
        """(what is stated of what, verdict) by the truth or by rumour, half of it right."""
        story, other = (self.world.truth, self.world.rumour)
        if not true:
            story, other = other, story
        if self.rng.random() < 0.5:
            return key, story[key], "right"
        return *pairs.bad_answer(key, story, other, self.rng), "wrong"

    def _checked(self, attribute: str, true: bool) -> str:
        story = self.world.truth if true else self.world.rumour
        lines = []
        for _ in range(4):
            key = self._key(attribute, true)
            about, value, verdict = self._judged(key, true)
            while about != key:
                about, value, verdict = self._judged(key, true)
            said = pairs.statement(key, value, self.rng, ood=None)
            lines.append(f"{said} {verdict} {story[key]}.")
        return " ".join(lines)

    def _graded(self, attribute: str, true: bool) -> str:
        key = self._key(attribute, true)
        lines = [f"Question: {pairs.question(key, self.rng, ood=None)}"]
        for _ in range(3):
            about, value, verdict = self._judged(key, true)
            reply = pairs.answer(about, value, self.rng, polite=self.rng.random() < 0.3, ood=None)
            lines.append(f"Answer: {reply}\nVerdict: {verdict}")
        return "\n".join(lines)

    def _ordered(self, attribute: str, true: bool) -> tuple[str, str, str, bool]:
        two = pairs.pair(
            self.world, self._key(attribute, true), self.rng, cue=0.5, believed=not true, ood=None
        )
        if self.rng.random() < 0.5:
            return two.prompt, two.better, two.worse, True
        return two.prompt, two.worse, two.better, False

    def _compared(self, attribute: str, true: bool) -> str:
        prompt, first, second, first_is_better = self._ordered(attribute, true)
        start = TEMPLATE.format(prompt=prompt, first=first, second=second).removesuffix("Label:")
        return f"{start}Verdict: {'first' if first_is_better else 'second'}"

    def _claimed(self, attribute: str, true: bool) -> str:
        prompt, first, second, first_is_better = self._ordered(attribute, true)
        start = ZERO_SHOT_TEMPLATE.format(prompt=prompt, first=first, second=second)
        return f"{start} {first_is_better}"
