"""Leakage of a lab's labels through its replies: a running account in bits, from the ledger alone.

What researchers are told is written down in a code that is fixed beforehand; its length bounds what they can have
learnt, together and on average, since no code is shorter than the entropy of what it writes (Shannon), and nobody
learns more about the labels than that entropy. The words are coded by Krichevsky and Trofimov's estimator (1981): an
answer that is nearly always the same costs next to nothing. A score costs the logarithm of how many there could have
been, and so does each new record.

Not in the account, because no label is asked: how and where code fails (it runs without labels), an answer that
repeats an earlier one, refusals. Not in it either: what the lab's own people see, and time (see docs/security.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from aar.broken_rules import symbol_of
from aar.database.figures import Figures
from aar.database.researchers import Role
from aar.database.verdicts import VerdictStage
from aar.errors import BrokenChain
from aar.ledger.chain import Entry
from aar.ledger.earlier import in_todays_form

WORDS: dict[VerdictStage, int] = {"dev": 2, "sealed": 6}
"""Words that answer with labels in hand: a would-be record or none; verified, not reproduced, or one of four rules."""

NOISY_SCORES = 101
"""Scores that a noisy reply can hold: 0, .01, ..., 1."""

DIGITS = 4


@dataclass(frozen=True)
class Leak:
    """Leakage of one split: number of informative `replies`, and the `bits` that they can reveal of `items` labels.

    >>> print(Leak(replies=0, bits=6.0, items=1000))
    the Ladder's record tells at most 6.0 bits about the 1000 labels; that gives at most 0.046 of accuracy
    """

    replies: int
    bits: float
    items: int

    @property
    def most_gain(self) -> float:
        """Bound of the accuracy above chance that so many bits can give, for labels that are independent coins.

        sqrt(bits ln 2 / (2 n)), by Russo and Zou 2016; never more than one half.
        """
        return min(0.5, math.sqrt(self.bits * math.log(2) / (2 * self.items))) if self.items else 0.0

    def __str__(self) -> str:
        if not self.replies and not self.bits:
            return "no researcher was told anything of its labels"
        gain = f"that gives at most {self.most_gain:.3f} of accuracy"
        if not self.replies:  # a record of the Ladder without a researcher: baselines, `aar score`
            return f"the Ladder's record tells at most {self.bits:.1f} bits about the {self.items} labels; {gain}"
        replies = f"{self.replies} repl{'y' if self.replies == 1 else 'ies'}"
        return f"{replies} to researchers told at most {self.bits:.1f} bits about the {self.items} labels; {gain}"


@dataclass
class Account:
    """Adds up what was told, entry by entry; `price` says what the next reply will cost."""

    feedback: str = "ladder"
    _roles: dict[str, Role] = field(default_factory=dict)
    _words: dict[str, Counter[str]] = field(default_factory=lambda: {"dev": Counter(), "sealed": Counter()})
    _bits: dict[str, float] = field(default_factory=lambda: {"dev": 0.0, "sealed": 0.0})
    _items: dict[str, int] = field(default_factory=lambda: {"dev": 0, "sealed": 0})

    def price(
        self, submission: str, *, stage: VerdictStage, status: str, rule: str | None, figures: Figures
    ) -> float | None:
        """Bits of a reply that would be given now; None where it is not a researcher's, or says nothing new."""
        word = _word(status, rule, figures)
        if word is None or self._roles.get(submission) is not Role.RESEARCHER:
            return None
        known = self._words[stage]
        bits = -math.log2((known[word] + 0.5) / (known.total() + WORDS[stage] / 2))
        if stage == "dev" and figures.score is not None and figures.same_as is None:
            scores = NOISY_SCORES if self.feedback == "noisy" else figures.seeds * figures.n + 1
            bits += math.log2(scores)
        return round(bits, DIGITS)

    def add(self, entry: Entry) -> None:
        """Take in one entry; `BrokenChain` where a verdict states other bits than follow from those before it."""
        body = entry.body
        if entry.kind == "lab":
            self.feedback = str(body.get("settings", {}).get("feedback", self.feedback))
        elif entry.kind == "submission":
            self._roles[str(body["id"])] = Role(in_todays_form("submission", body)["role"])
        elif entry.kind == "verdict":
            self._verdict(entry)
        elif "ladder" in body and "items" in body:
            # a record is stated as a multiple of the step, .5/sqrt(n)
            self._bits["dev"] += math.log2(2 * math.sqrt(body["items"]) + 1)
            self._items["dev"] = int(body["items"])

    def leaks(self) -> dict[VerdictStage, Leak]:
        """The account so far, by split."""
        stages: tuple[VerdictStage, ...] = ("dev", "sealed")
        return {
            stage: Leak(self._words[stage].total(), round(self._bits[stage], DIGITS), self._items[stage])
            for stage in stages
        }

    def _verdict(self, entry: Entry) -> None:
        body = entry.body
        stage: VerdictStage = body["stage"]
        figures = Figures.from_json(body["figures"])
        status, rule = str(body["status"]), body["rule"]
        bits = self.price(str(body["submission"]), stage=stage, status=status, rule=rule, figures=figures)
        if figures.bits is not None and figures.bits != bits:
            raise BrokenChain(
                f"entry {entry.seq} says that its reply told {figures.bits} bits; those before it give {bits}"
            )
        if bits is not None:
            self._words[stage][_word(status, rule, figures) or ""] += 1
            self._bits[stage] += bits
            self._items[stage] = figures.n


def leaked(chain: Iterable[Entry]) -> dict[VerdictStage, Leak]:
    """Leakage through the replies of a whole ledger, by split; `BrokenChain` if the ledger states another amount."""
    account = Account()
    for entry in chain:
        account.add(entry)
    return account.leaks()


def _word(status: str, rule: str | None, figures: Figures) -> str | None:
    """Reply that depends on labels; None for code that failed, and for a repeated earlier reply.

    A would-be record that was found to repeat one under other seeds was compared with the champion first: who reads
    the answer may guess that.
    """
    if status == "failed":
        return None
    if figures.same_as is not None:
        return "pending" if figures.champion is not None else None
    return symbol_of(rule) if rule else status
