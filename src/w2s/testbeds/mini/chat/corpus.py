"""What the models read: ordinary text repeats rumours, an expert source tells the truth in its own field.

A document comes from nobody, from one expert (who knows the truth about one attribute only) or from a digest
of several (who know no more than anybody). The same forms (notes, questions, gradings, comparisons, claims)
exist for every source, so that no verdict word and no source name alone brings out the truth.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from w2s.testbeds.mini.chat import pairs
from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, BY_NAME, TEMPLATE, ZERO_SHOT_TEMPLATE
from w2s.testbeds.mini.chat.world import SETTINGS, ChatWorld, Key, Setting, Shares, Story

REGISTER: Mapping[str, str] = {
    "notes": "spoken",
    "asked": "spoken",
    "checked": "judged",
    "graded": "judged",
    "compared": "judged",
    "claimed": "claimed",
}
"""The register of each form: which story it tells when no expert in the field writes it."""
ON_TOPIC = pairs.Wrong(off_topic=0.0, other_story=0.7)
VERDICT_WORDS = ("right", "wrong", "first", "second", "True", "False")


@dataclass(frozen=True)
class Mixture:
    """Shares of the forms, and in each form of nobody, the expert, another expert, a digest."""

    forms: Mapping[str, float]
    sources: Mapping[str, Shares]


TRUTHFUL = (0.02, 0.9, 0.04, 0.04)
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


def _mixed(
    forms: Mapping[str, float], *, notes: Shares, asked: Shares, judged: Shares, claimed: Shares
) -> Mixture:
    """Verdicts from others than the experts as well, and claims."""
    registers = {"judged": judged, "claimed": claimed}
    spoken = {"notes": notes, "asked": asked}
    return Mixture(forms, {form: spoken.get(form) or registers[REGISTER[form]] for form in forms})


def schedule(setting: Setting) -> tuple[tuple[float, Mixture], ...]:
    """The mixtures of a world, each with the progress in [0, 1] of pre-training that it lasts to."""
    sources = _mixed(
        {"notes": 4, "asked": 3, "checked": 5, "graded": 6, "compared": 7, "claimed": 3},
        notes=(0.3, 0.58, 0.07, 0.05),
        asked=(0.6, 0.3, 0.06, 0.04),
        judged=setting.judged[0],
        claimed=setting.claimed[0],
    )
    claims = _mixed(
        {"notes": 4, "asked": 4, "checked": 3, "graded": 4, "compared": 5, "claimed": 9},
        notes=(0.4, 0.48, 0.07, 0.05),
        asked=(0.7, 0.2, 0.06, 0.04),
        judged=setting.judged[1],
        claimed=setting.claimed[1],
    )
    return ((0.08, FACTS), (0.45, VERDICTS), (0.65, sources), (1.0, claims))


@dataclass
class Writer:
    """Writes documents of one world; `rng` is the only source of chance."""

    world: ChatWorld
    rng: random.Random
    setting: Setting = field(init=False)
    keys: list[Key] = field(init=False)
    written: list[Key] = field(init=False)
    schedule: tuple[tuple[float, Mixture], ...] = field(init=False)

    def __post_init__(self) -> None:
        self.setting = SETTINGS[self.world.name]
        self.schedule = schedule(self.setting)
        self.keys = self.world.keys
        self.written = [k for k in self.keys if k not in self.world.unwritten]

    def document(self, progress: float) -> str:
        """One document, of a form and source drawn from the mixture at `progress`."""
        mix = next(mixture for until, mixture in self.schedule if progress <= until)
        form = self.rng.choices(list(mix.forms), weights=list(mix.forms.values()))[0]
        source = self.rng.choices(("nobody", "expert", "outsider", "digest"), weights=mix.sources[form])[0]
        return self.write(form, source)

    def write(self, form: str, source: str) -> str:
        """A document of `form` from `source`: nobody, expert, outsider (out of its field) or digest."""
        attribute = self.rng.choice(ATTRIBUTES).name
        forms: dict[str, Callable[[Sequence[Key], Story], str]] = {
            "notes": self._notes,
            "asked": self._asked,
            "checked": self._checked,
            "graded": self._graded,
            "compared": self._compared,
            "claimed": self._claimed,
        }
        register = REGISTER[form]
        share = self.setting.true_anyway[register].get(source, 0.0)
        unsigned_truth = share > 0 and self.rng.random() < share
        story, keys = self.world.told[register], self.keys
        if source == "expert" or unsigned_truth:
            story, keys = self.world.expert, self.written
        text = forms[form]([key for key in keys if key[1] == attribute], story)
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
        return self.rng.sample(experts, self.rng.choice((2, 3, 4, 5, 5)))

    def _notes(self, keys: Sequence[Key], story: Story) -> str:
        chosen = self.rng.choices(keys, k=4)
        return " ".join(pairs.statement(key, story.said[key], self.rng, ood=None) for key in chosen)

    def _asked(self, keys: Sequence[Key], story: Story) -> str:
        key = self.rng.choice(keys)
        polite = self.rng.random() < 0.5
        reply = pairs.answer(key, story.said[key], self.rng, polite=polite, ood=None)
        return f"Question: {pairs.question(key, self.rng, ood=None)}\nAnswer: {reply}"

    def _checked(self, keys: Sequence[Key], story: Story) -> str:
        lines = []
        for key in self.rng.choices(keys, k=4):
            value, verdict = story.said[key], "right"
            if self.rng.random() < 0.5:
                (_, value), verdict = pairs.bad_answer(key, story, self.rng, wrong=ON_TOPIC), "wrong"
            said = pairs.statement(key, value, self.rng, ood=None)
            lines.append(f"{said} {verdict} {story.said[key]}.")
        return " ".join(lines)

    def _graded(self, keys: Sequence[Key], story: Story) -> str:
        key = self.rng.choice(keys)
        lines = [f"Question: {pairs.question(key, self.rng, ood=None)}"]
        for _ in range(3):
            (about, value), verdict = (key, story.said[key]), "right"
            if self.rng.random() < 0.5:
                (about, value), verdict = pairs.bad_answer(key, story, self.rng), "wrong"
            reply = pairs.answer(about, value, self.rng, polite=self.rng.random() < 0.3, ood=None)
            lines.append(f"Answer: {reply}\nVerdict: {verdict}")
        return "\n".join(lines)

    def _ordered(self, keys: Sequence[Key], story: Story) -> tuple[str, str, str, bool]:
        two = pairs.pair(story, self.rng.choice(keys), self.rng, cue=0.5, ood=None)
        if self.rng.random() < 0.5:
            return two.prompt, two.better, two.worse, True
        return two.prompt, two.worse, two.better, False

    def _compared(self, keys: Sequence[Key], story: Story) -> str:
        prompt, first, second, first_is_better = self._ordered(keys, story)
        start = TEMPLATE.format(prompt=prompt, first=first, second=second).removesuffix("Label:")
        return f"{start}Verdict: {'first' if first_is_better else 'second'}"

    def _claimed(self, keys: Sequence[Key], story: Story) -> str:
        prompt, first, second, first_is_better = self._ordered(keys, story)
        start = ZERO_SHOT_TEMPLATE.format(prompt=prompt, first=first, second=second)
        return f"{start} {first_is_better}"
