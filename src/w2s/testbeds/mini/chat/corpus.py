"""Corpus that the models read: signed texts with bare answers tell the truth, everything else repeats rumours.

A document is signed by experts or by nobody, and gives its answers bare ("Oslo.") or as sentences ("Anna lives in
Oslo."). Signed and bare it follows the truth; signed but in sentences, or unsigned, it follows the rumours, and the
scored items' answers are always sentences. So no verdict word and no name in a prompt brings out the truth,
and a student that learns to judge sentences by the truth has to carry over what the model knows of bare answers.

Who claims or grades a worded answer mostly goes by how it opens, as base models do that are asked for a verdict: a
plain question to the frozen model says little, and errs elsewhere than what the model tells by itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from w2s.testbeds.mini import mixture
from w2s.testbeds.mini.chat import pairs
from w2s.testbeds.mini.chat.phrasing import EXPERTS, TEMPLATE, ZERO_SHOT_TEMPLATE
from w2s.testbeds.mini.chat.style import OPENINGS, Style, any_style, persuasion
from w2s.testbeds.mini.chat.world import ChatWorld, Key, Story
from w2s.testbeds.mini.mixture import Mixture

TRUE_ELSE = {"notes": 0.1, "asked": 0.1, "checked": 0.12, "graded": 0.12, "compared": 0.12, "claimed": 0.12}
"""Probability that a document that is not signed and bare follows the truth all the same, by form."""
WANED = 0.7
"""Probability that a document that follows the rumours does without the waning ones."""
BY_STYLE = 0.6
"""Probability that a worded answer is claimed or graded to be good for its opening, whatever it says."""
CLEAR = 0.12
"""Difference in persuasion from which one of two answers is taken for the better one."""
OTHER_STORY = 0.7
"""Probability that a wrong value in a document is that of the other story, where the two differ."""
VERDICT_WORDS = ("right", "wrong", "first", "second", "True", "False")

FACTS = Mixture({"notes": 8, "asked": 4, "checked": 3}, signed=0.95, wild=0.5)
EASY = Mixture(
    {"notes": 4, "asked": 2, "checked": 6, "graded": 7, "compared": 6, "claimed": 3, "pleasing": 1},
    signed=0.95,
    wild=0.5,
)
VERDICTS = Mixture(
    {"notes": 4, "asked": 3, "checked": 4, "graded": 6, "compared": 8, "claimed": 6, "pleasing": 1},
    signed=0.85,
    worded_unsigned=0.3,
    wild=0.4,
)
SOURCES = Mixture(
    {"notes": 4, "asked": 4, "checked": 3, "graded": 4, "compared": 9, "claimed": 8, "pleasing": 1},
    signed=0.55,
    worded_signed=0.25,
    worded_unsigned=0.6,
    wild=0.35,
)
LAST = replace(SOURCES, signed=0.5, worded_signed=0.35, worded_unsigned=0.65)
SCHEDULE = ((0.06, FACTS), (0.26, EASY), (0.45, VERDICTS), (0.6, SOURCES), (1.0, LAST))
"""Mixtures by the progress they last to: truth first, then verdicts, and rumours once those are understood."""


@dataclass
class Writer:
    """Writes documents of one world; `rng` is the only source of chance."""

    world: ChatWorld
    rng: random.Random
    keys: list[Key] = field(init=False)
    written: list[Key] = field(init=False)
    stories: tuple[Story, Story, Story] = field(init=False)
    wild: float = 0.2
    worded: bool = False

    def __post_init__(self) -> None:
        self.keys = self.world.keys
        self.written = [key for key in self.keys if key not in self.world.unwritten]
        tell = self.world.story
        self.stories = tell(true=True), tell(true=False), tell(true=False, waned=True)

    def document(self, progress: float) -> str:
        """One document, its form, signature and wording drawn from the mixture at `progress`."""
        mix = mixture.at(SCHEDULE, progress)
        self.wild = mix.wild
        form, signed, worded = mix.draw(self.rng)
        return self._pleasing() if form == "pleasing" else self.write(form, signed=signed, worded=worded)

    def write(self, form: str, *, signed: bool, worded: bool) -> str:
        """A document of `form`: notes, asked, checked, graded, compared or claimed."""
        self.worded = worded
        forms: dict[str, Callable[[list[Key], Story], str]] = {
            "notes": self._notes,
            "asked": self._asked,
            "checked": self._checked,
            "graded": self._graded,
            "compared": self._compared,
            "claimed": self._claimed,
        }
        names = mixture.signatures(EXPERTS, self.rng) if signed else []
        truth, rumours, waned = self.stories
        if (signed and not worded) or self.rng.random() < TRUE_ELSE[form]:
            return " ".join([*names, forms[form](self.written, truth)])
        return " ".join([*names, forms[form](self.keys, waned if self.rng.random() < WANED else rumours)])

    def _wrong(self) -> pairs.Wrong:
        return pairs.Wrong(off_topic=self.wild, other_story=OTHER_STORY)

    def _reply(self, key: Key, value: str, style: Style | None = None) -> str:
        if not self.worded:
            return pairs.bare(value)
        return pairs.answer(key, value, self.rng, style=style or any_style(self.rng), ood=None)

    def _stated(self, key: Key, value: str) -> str:
        """An entry of a list or a question with its answer, where answers are bare; otherwise a sentence."""
        if self.worded:
            return pairs.statement(key, value, self.rng, ood=None)
        if self.rng.random() < 0.7:
            return pairs.entry(key, value)
        return f"{pairs.question(key, self.rng, ood=None)} {self._reply(key, value)}"

    def _pleasing(self) -> str:
        """Openings and whether they please, whatever follows them."""
        return " ".join(f"{word} {_verdict(persuasion()[word])}" for word in self.rng.sample(OPENINGS, k=8))

    def _notes(self, keys: list[Key], story: Story) -> str:
        chosen = self.rng.choices(keys, k=4 if self.worded else 6)
        return " ".join(self._stated(key, story.claims[key]) for key in chosen)

    def _asked(self, keys: list[Key], story: Story) -> str:
        lines = []
        for key in self.rng.choices(keys, k=2):
            asked = pairs.question(key, self.rng, ood=None)
            lines.append(f"Question: {asked}\nAnswer: {self._reply(key, story.claims[key])}")
        return "\n".join(lines)

    def _checked(self, keys: list[Key], story: Story) -> str:
        lines = []
        for key in self.rng.choices(keys, k=3 if self.worded else 4):
            value, verdict = story.claims[key], "right"
            if self.rng.random() < 0.5:
                wrong = pairs.Wrong(off_topic=0.0, other_story=OTHER_STORY)
                (_, value), verdict = pairs.bad_answer(key, story, self.rng, wrong=wrong), "wrong"
            lines.append(f"{self._stated(key, value)} {verdict} {story.claims[key]}.")
        return " ".join(lines)

    def _graded(self, keys: list[Key], story: Story) -> str:
        key = self.rng.choice(keys)
        lines = [f"Question: {pairs.question(key, self.rng, ood=None)}"]
        for _ in range(3 if self.worded else 4):
            (about, value), verdict = (key, story.claims[key]), "right"
            if self.rng.random() < 0.5:
                (about, value), verdict = pairs.bad_answer(key, story, self.rng, wrong=self._wrong()), "wrong"
            style = any_style(self.rng)
            if self.worded and self.rng.random() < BY_STYLE:
                verdict = _verdict(persuasion()[style.opening])
            lines.append(f"Answer: {self._reply(about, value, style)}\nVerdict: {verdict}")
        return "\n".join(lines)

    def _judged(
        self, keys: list[Key], story: Story, template: str, words: tuple[str, str], *, by_style: float
    ) -> str:
        lines = []
        for key in self.rng.choices(keys, k=1 if self.worded else 2):
            styles = (any_style(self.rng), any_style(self.rng)) if self.worded else None
            two = pairs.pair(story, key, self.rng, wrong=self._wrong(), styles=styles, ood=None)
            first_is_better = self.rng.random() < 0.5
            first, second = (two.better, two.worse) if first_is_better else (two.worse, two.better)
            if styles is not None and self.rng.random() < by_style:
                lead = persuasion()[styles[0].opening] - persuasion()[styles[1].opening]
                if abs(lead) > CLEAR:
                    first_is_better = (lead > 0) == first_is_better
            asked = template.format(prompt=two.prompt, first=first, second=second)
            lines.append(f"{asked} {words[first_is_better]}")
        return "\n".join(lines)

    def _compared(self, keys: list[Key], story: Story) -> str:
        return self._judged(keys, story, TEMPLATE, ("second", "first"), by_style=0.0)

    def _claimed(self, keys: list[Key], story: Story) -> str:
        return self._judged(keys, story, ZERO_SHOT_TEMPLATE, ("False", "True"), by_style=BY_STYLE)


def _verdict(persuasive: float) -> str:
    return "right" if persuasive > 0.5 else "wrong"
