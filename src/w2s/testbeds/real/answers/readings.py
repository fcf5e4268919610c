"""What a final answer says: a number with its unit, or words; `plain` and `arithmetic` do the work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from w2s.testbeds.real.answers.arithmetic import NotANumber, Number, TooLarge, value
from w2s.testbeds.real.answers.plain import LONGEST, plain

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
WORDS_FOR_NUMBERS = {word: Fraction(number) for number, word in enumerate(_NUMBERS.split())}
_MEASURES = (
    "mm cm dm km kg mg g lb oz ml cl dl l in ft yd mi hr hrs h min s ms sec m rad deg kb mb gb hz w kw v n j pa ha c f "
    "k"
)
UNITS = frozenset(_MEASURES.split())
"""Short words that are units where they stand after a number; longer words count what there is ("7 apples")."""
_SHORT = re.compile(r"[A-Za-z]{1,2}")
_RELATIONS = (
    "or and not but nor than to between about approximately around roughly least most mod modulo times plus minus over "
    "sqrt frac sin cos tan log exp from either base if when where for with half third quarter dozen hundred thousand "
    "million billion thirds halves quarters remainder"
)
_NO_UNIT = frozenset(_RELATIONS.split())
_UNIT = re.compile(
    r"(?P<number>.*[0-9)}\]]) *(?P<unit>«[^«»]*»(?: *[*/]? *«[^«»]*»)*|[A-Za-z]+\.?(?:[ /]+[A-Za-z]+\.?)*)"
    r" *(?:\^ *\{?-?[1-4]\}?)? *"
)
_BASE = re.compile(r"([0-9A-Za-z]{1,64})_ *\{?([0-9]{1,2})\}?")
_DIGITS = re.compile(r"([-+]?)([0-9][0-9 ,]*)(\.[0-9]*)?")
_TOWER = re.compile(
    r"[-+]?(?:(?=[0-9.]*[1-9])[0-9]*\.?[0-9]*[eE][+-]?[0-9]+|"
    r"(?:[2-9]|[1-9][0-9]+)(?: *\^ *\{* *(?:[2-9]|[1-9][0-9]+))+[ }]*)"
)
"""A number that is neither 0 nor 1, however large it is: a power of ten, or powers of whole numbers."""


@dataclass(frozen=True)
class Reading:
    """One answer as it was understood.

    Attributes:
        text: Its normalised text.
        number: Its value; None if it is no number.
        other: A second value that the same writing may mean: 1/2 for 50 %, the digits of a number in a base.
        unit: Its unit in words; empty without one.
        places: Digits after the point where it is written as a plain decimal.
        huge: A number with more digits than are computed.
    """

    text: str
    number: Number | None = None
    other: Number | None = None
    unit: str = ""
    places: int = 0
    huge: bool = False

    @property
    def words(self) -> tuple[str, ...] | None:
        """Its words, if it is nothing but words."""
        bare = self.text.replace("«", " ").replace("»", " ")
        return (
            tuple(re.findall(r"[^\W\d_]+", bare))
            if re.fullmatch(r"[^\W\d_][^\d\\^_=+*/<>|]*", bare.strip())
            else None
        )


def read(answer: str) -> Reading:
    """The reading of an answer as somebody wrote it."""
    if len(answer) > LONGEST:
        return _long(answer)
    shown = plain(answer)
    text = " ".join(shown.casefold().split())
    if shown.casefold() in WORDS_FOR_NUMBERS:
        return Reading(text, WORDS_FOR_NUMBERS[shown.casefold()])
    if "=" in shown:
        return _equation(shown, text)
    return _number(shown, text)


def _number(shown: str, text: str) -> Reading:
    shown = shown.strip()
    if based := _BASE.fullmatch(shown):
        return _in_base(based, text)
    unit = ""
    if measured := _UNIT.fullmatch(shown):
        unit = measured["unit"].replace("«", "").replace("»", "").strip()
        words = re.findall(r"[A-Za-z]+", unit.casefold())
        marked = measured["unit"].startswith("«")
        # "7 m" is seven metres, "7m" may be seven times m
        apart = marked or measured[0][len(measured["number"])] == " "
        known = all(
            word not in _NO_UNIT
            and word not in WORDS_FOR_NUMBERS
            and (marked or (word in UNITS and (apart or len(word) > 1)) or not _SHORT.fullmatch(word))
            for word in words
        )
        if not known:
            return Reading(text)
        shown = measured["number"]
    percent = shown.endswith("%") or unit.casefold() == "percent"
    shown = shown.rstrip("% ")
    try:
        number = value(shown)
    except TooLarge:
        return Reading(text, huge=bool(_TOWER.fullmatch(shown)))
    except NotANumber:
        return Reading(text)
    decimal = re.fullmatch(r"[-+]?[0-9]*\.([0-9]+)", shown)
    return Reading(
        text,
        number,
        other=number / 100 if percent else None,
        unit="" if percent else unit,
        places=len(decimal[1]) if decimal else 0,
    )


def _in_base(found: re.Match[str], text: str) -> Reading:
    digits, base = found[1], int(found[2])
    try:
        number = Fraction(int(digits, base)) if 2 <= base <= 36 else None
    except ValueError:
        number = None
    if number is None:
        return Reading(text)
    bare = Fraction(int(digits)) if digits.isdigit() and base != 10 else None
    return Reading(text, number, other=bare)


def _equation(shown: str, text: str) -> Reading:
    """x = 7, or 1 + 6 = 7: the one number that its sides have; None where they have several or a list of them."""
    sides = [side.strip() for side in shown.split("=") if side.strip()]
    if (
        "," in shown
        or ";" in shown
        or any(sign in shown for sign in ("\\ne", "\\approx", "<", ">", "!", "\\le", "\\ge"))
    ):
        return Reading(text)
    readings = [_number(side, text) for side in sides]
    numbers = [reading for reading in readings if reading.number is not None or reading.huge]
    if numbers and all(reading.number == numbers[0].number for reading in numbers):
        return numbers[-1]
    return Reading(text)


def _long(answer: str) -> Reading:
    """A text that is too long to take apart: a string of digits is a number all the same."""
    digits = _DIGITS.fullmatch(answer.strip())
    if digits is None:
        return Reading(" ".join(answer.casefold().split()))
    sign = "-" if digits[1] == "-" else ""
    whole = digits[2].replace(",", "").replace(" ", "").lstrip("0") or "0"
    after = (digits[3] or "").rstrip("0").rstrip(".")
    if len(whole) + len(after) > LONGEST:
        return Reading(sign + whole + after, huge=True)
    return _number(sign + whole + after, sign + whole + after)
