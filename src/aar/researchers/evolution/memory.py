"""Memory of the embedded policy between two calls; kept in the sample's store and in its notebook."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aar.researchers.evolution.evidence import STATUS_WORTH, Finding
from aar.researchers.evolution.genome import BadGenome, Genome, from_settings

FORMAT = 1
MOST_FINDINGS = 80
LAST_MINUTES = 0.15
"""A method that is begun with less time left would not be handed in."""

_DECISIVE = ("verified", "violation", "failed")
_WORST, _BEST = -0.5, 0.9
"""Worth of the lowest and the highest score; what was verified is worth more."""


@dataclass
class Known:
    """A submission of anyone's: `genome` once its code was read and is one of this policy's kind.

    `score` is what the lab tells of it as a number, in a study where it does.
    """

    researcher: str = ""
    title: str = ""
    status: str = "pending"
    rank: int = 0
    score: float | None = None
    read: bool = False
    genome: Genome | None = None

    def worth(self, scores: Sequence[float] = ()) -> float:
        """Worth of a submission: by status word, then by rank; among `scores`, by where its own lies in them."""
        word = STATUS_WORTH.get(self.status, 0.0) - (0.05 * min(10, self.rank - 1) if self.rank > 0 else 0.0)
        if self.score is None or len(scores) < 2 or self.status in _DECISIVE:
            return word
        below = sum(other < self.score for other in scores) / (len(scores) - 1)
        return _WORST + (_BEST - _WORST) * below


@dataclass
class Draft:
    """A method that is being written, tried in practice, or waiting to be submitted."""

    name: str
    genome: Genome
    parents: tuple[str, ...]
    how: str
    agreement: float = -1.0


@dataclass
class Post:
    """A post on the forum, cut to what is weighed."""

    number: int
    researcher: str
    kind: str
    text: str
    submissions: tuple[str, ...]
    votes: int = 0


@dataclass
class Memory:
    """Everything the policy knows. `phase` is what the last call was for; `decisions` numbers the draws.

    `stop` says that the lab takes nothing more, `leaves` that its session ends as well, whatever is undecided.
    """

    phase: str = "start"
    decisions: int = 0
    methods: int = 0
    direction: str = ""
    minutes_left: float = 1e9
    submissions_left: int = 1_000_000
    wait_seconds: float = 0.0
    forum: bool = True
    stop: bool = False
    leaves: bool = False
    spent: bool = False
    practice_open: bool = True
    submissions: dict[str, Known] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    failures: list[Genome] = field(default_factory=list)
    draft: Draft | None = None
    ready: Draft | None = None
    pending: str = ""
    pending_draft: Draft | None = None
    reply: str = ""
    reading: str = ""
    dropped: int = 0
    dropped_in_a_row: int = 0
    fetched: int = 0
    verdicts: int = 0
    answered: list[int] = field(default_factory=list)
    errors_told: list[str] = field(default_factory=list)
    last_error: str = ""
    closed: bool = False

    @property
    def over(self) -> bool:
        """True if the lab takes nothing more from this researcher, however long it waits."""
        return self.stop or self.submissions_left <= 0

    @property
    def may_submit(self) -> bool:
        """True if a further method would be taken, and could still be run."""
        return not self.over and not self.spent and self.minutes_left > LAST_MINUTES

    @property
    def last_post(self) -> int:
        """Number of the newest post that was read."""
        return max((post.number for post in self.posts), default=0)

    def status_of(self, submission: str) -> str:
        """Status word of a submission, as far as it is known."""
        known = self.submissions.get(submission)
        return known.status if known else "pending"

    @property
    def scores(self) -> list[float]:
        """Every score that was told."""
        return [known.score for known in self.submissions.values() if known.score is not None]

    def findings(self, reader: str) -> list[Finding]:
        """The posts that were read, with the status words their submissions have now."""
        return [
            Finding(
                kind=post.kind,
                text=post.text,
                statuses=tuple(self.status_of(submission) for submission in post.submissions),
                votes=post.votes,
                mine=post.researcher == reader,
            )
            for post in self.posts
        ]

    def to_json(self) -> str:
        """One JSON text, for the notebook."""
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Memory | None:
        """The inverse of `to_json`; None for other text (the policy then starts from what the lab knows)."""
        try:
            values = json.loads(text)
            if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
                return None
            values["submissions"] = {name: _known(value) for name, value in values["submissions"].items()}
            values["posts"] = [
                Post(**{**value, "submissions": tuple(value["submissions"])}) for value in values["posts"]
            ]
            values["failures"] = [_genome(value) for value in values["failures"]]
            for name in ("draft", "ready", "pending_draft"):
                values[name] = None if values[name] is None else _draft(values[name])
            return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError, BadGenome):
            return None


def _known(values: dict[str, Any]) -> Known:
    return Known(**{**values, "genome": None if values["genome"] is None else _genome(values["genome"])})


def _draft(values: dict[str, Any]) -> Draft:
    return Draft(**{**values, "genome": _genome(values["genome"]), "parents": tuple(values["parents"])})


def _genome(values: dict[str, Any]) -> Genome:
    return from_settings(values)
