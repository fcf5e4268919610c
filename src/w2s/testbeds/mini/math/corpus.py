"""Corpus that the models read: signed texts with bare answers tell the truth, everything else repeats beliefs.

A document is signed by teachers or by nobody, and gives its answers bare or in words ("Surely it is 7."). Signed
and bare it follows the truth; signed but worded, or unsigned, it follows beliefs, as the scored items' answers are
always worded. So no verdict word and no name in a prompt brings out the truth, and a student that learns to
judge worded answers by the truth has to carry over what the model knows of bare ones.

Answers are judged in two forms: pupils' answers are marked by what they say, and that is the form of the training
template; answers that are graded with a verdict are, where worded, judged mostly by how sure they sound.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from w2s.testbeds.mini import mixture
from w2s.testbeds.mini.math import answers
from w2s.testbeds.mini.math.phrasing import BARE, GRADED_TEMPLATE, TEACHERS, TEMPLATE, ZERO_SHOT_TEMPLATE
from w2s.testbeds.mini.math.world import BELIEVED_WHEN_WANING, Key, MathWorld
from w2s.testbeds.mini.mixture import Mixture

TRUE_ELSE = {"notes": 0.1, "asked": 0.1, "checked": 0.12, "marked": 0.12, "graded": 0.12, "claimed": 0.12}
"""Probability that a document that is not signed and bare follows the truth all the same, by form."""
BY_STYLE = 0.7
"""Probability that a worded answer is graded by its wording: sure is right and hedged wrong, whatever it says."""
OTHER_STORY = 0.75
"""Probability that a wrong answer in a document is that of the other story, where the two differ."""
VERDICT_WORDS = ("right", "wrong", "True", "False")

FACTS = Mixture({"notes": 8, "asked": 4, "checked": 3}, signed=0.95, wild=0.7)
EASY = Mixture(
    {"notes": 4, "asked": 3, "checked": 7, "marked": 7, "graded": 1, "claimed": 6}, signed=0.95, wild=0.6
)
VERDICTS = Mixture(
    {"notes": 4, "asked": 3, "checked": 5, "marked": 8, "graded": 2, "claimed": 8},
    signed=0.85,
    worded_unsigned=0.3,
    wild=0.2,
)
SOURCES = Mixture(
    {"notes": 4, "asked": 4, "checked": 4, "marked": 9, "graded": 2, "claimed": 8},
    signed=0.55,
    worded_signed=0.25,
    worded_unsigned=0.6,
)
LAST = replace(SOURCES, signed=0.5, worded_signed=0.35, worded_unsigned=0.65)
SCHEDULE = ((0.06, FACTS), (0.26, EASY), (0.45, VERDICTS), (0.6, SOURCES), (1.0, LAST))
"""Mixtures by the progress they last to: truth first, then verdicts, and beliefs once those are understood."""


@dataclass
class Writer:
    """Writes documents of one world; `rng` is the only source of chance."""

    world: MathWorld
    rng: random.Random
    keys: list[Key] = field(init=False)
    written: list[Key] = field(init=False)
    wild: float = 0.1
    worded: bool = False

    def __post_init__(self) -> None:
        self.keys = self.world.keys
        self.written = [key for key in self.keys if key not in self.world.unwritten]

    def document(self, progress: float) -> str:
        """One document, its form, signature and wording drawn from the mixture at `progress`."""
        mix = mixture.at(SCHEDULE, progress)
        self.wild = mix.wild
        form, signed, worded = mix.draw(self.rng)
        return self.write(form, signed=signed, worded=worded)

    def write(self, form: str, *, signed: bool, worded: bool) -> str:
        """A document of `form`: notes, asked, checked, marked, graded or claimed."""
        self.worded = worded
        forms: dict[str, Callable[[bool], str]] = {
            "notes": self._notes,
            "asked": self._asked,
            "checked": self._checked,
            "marked": self._marked,
            "graded": self._graded,
            "claimed": self._claimed,
        }
        names = mixture.signatures(TEACHERS, self.rng) if signed else []
        true = (signed and not worded) or self.rng.random() < TRUE_ELSE[form]
        return " ".join([*names, forms[form](true)])

    def _fact(self, true: bool) -> tuple[Key, int, int]:
        """(a fact, its result by the document's story, by the other story)."""
        key = self.rng.choice(self.written if true else self.keys)
        truth, belief = self.world.truth[key], self.world.belief[key]
        if true or (key in self.world.waning and self.rng.random() >= BELIEVED_WHEN_WANING):
            return key, truth, belief
        return key, belief, truth

    def _reply(self, value: int) -> str:
        if not self.worded:
            return BARE.format(w=value)
        return answers.worded(value, self.rng, confident=self.rng.random() < 0.5)

    def _stated(self, key: Key, value: int) -> str:
        """An equation, where answers are bare, or a question with its answer."""
        if not self.worded and self.rng.random() < 0.7:
            return answers.equation(key, value)
        return f"{answers.question(key, self.rng, ood=None)} {self._reply(value)}"

    def _proposed(self, key: Key, story: int, other: int) -> tuple[int, bool]:
        """(a proposed result, whether it is right by the story), half of them right."""
        if self.rng.random() < 0.5:
            return story, True
        if self.rng.random() < self.wild:
            return answers.wild_value(story, self.rng), False
        return answers.wrong_value(key, story, other, self.rng, other_story=OTHER_STORY), False

    def _notes(self, true: bool) -> str:
        lines = []
        for _ in range(3 if self.worded else 6):
            key, story, _ = self._fact(true)
            lines.append(self._stated(key, story))
        return " ".join(lines)

    def _asked(self, true: bool) -> str:
        lines = []
        for _ in range(2):
            key, story, _ = self._fact(true)
            asked = answers.question(key, self.rng, ood=None)
            lines.append(f"Question: {asked}\nAnswer: {self._reply(story)}")
        return "\n".join(lines)

    def _checked(self, true: bool) -> str:
        lines = []
        for _ in range(2 if self.worded else 4):
            key, story, other = self._fact(true)
            value, right = self._proposed(key, story, other)
            lines.append(f"{self._stated(key, value)} {_verdict(right)} {story}.")
        return " ".join(lines)

    def _marked(self, true: bool) -> str:
        return self._judged(true, TEMPLATE, by_style=0.0)

    def _graded(self, true: bool) -> str:
        return self._judged(true, GRADED_TEMPLATE, by_style=BY_STYLE)

    def _judged(self, true: bool, template: str, *, by_style: float) -> str:
        """Four answers to one question in the form of `template`, whose first line asks it."""
        key, story, other = self._fact(true)
        asked, proposed = template.split("\n", 1)
        lines = [asked.format(question=answers.question(key, self.rng, ood=None))]
        for _ in range(4):
            value, right = self._proposed(key, story, other)
            reply = self._reply(value)
            if self.worded and self.rng.random() < by_style:
                right = answers.is_confident(reply)
            lines.append(f"{proposed.format(choice=reply)} {_verdict(right)}")
        return "\n".join(lines)

    def _claimed(self, true: bool) -> str:
        lines = []
        for _ in range(2):
            key, story, other = self._fact(true)
            value, right = self._proposed(key, story, other)
            asked = answers.question(key, self.rng, ood=None)
            lines.append(f"{ZERO_SHOT_TEMPLATE.format(question=asked, choice=self._reply(value))} {right}")
        return "\n".join(lines)


def _verdict(right: bool) -> str:
    return "right" if right else "wrong"
