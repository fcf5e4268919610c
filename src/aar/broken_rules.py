"""Rules that a method can break: a code that is stored and counted, and its words in one place."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Rule(StrEnum):
    """A rule, by the code that findings, verdicts and the ledger hold."""

    SOURCES = "sources"
    STRUCTURE = "structure"
    HIDDEN_TEXT = "hidden_text"
    EXTRACTION = "extraction"


WORDS: Mapping[str, str] = {
    Rule.SOURCES: "a method may find the truth of an item only through the weak labels and the models",
    Rule.STRUCTURE: "a method may not live off how often an answer was proposed",
    Rule.HIDDEN_TEXT: "a submission may not hold texts of items that are scored",
    Rule.EXTRACTION: "submissions are methods, not questions about single items' labels",
}
"""What a researcher is told of each. They may change any day."""

_STORED_BEFORE: Mapping[str, Rule] = {
    "a method may find the truth of an item only through the weak labels and the models": Rule.SOURCES,
    "a method may not live off how often an answer was proposed": Rule.STRUCTURE,
    "a submission may not hold texts of items that are scored": Rule.HIDDEN_TEXT,
    "submissions are methods, not questions about single items' labels": Rule.EXTRACTION,
}
"""Words that verdicts held before there were codes. These never change: stored ones are read by them."""


def symbol_of(stored: str) -> str:
    """Code of the rule that a verdict holds; what is no rule of this version (another's audit) stands for itself.

    >>> symbol_of("a method may not live off how often an answer was proposed") == symbol_of("structure")
    True
    """
    return _STORED_BEFORE.get(stored, stored)


def words_of(stored: str) -> str:
    """Words for people and researchers about the rule that a verdict holds.

    >>> words_of("structure")
    'a method may not live off how often an answer was proposed'
    """
    return WORDS.get(symbol_of(stored), stored)
