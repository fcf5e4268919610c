"""Whether two final answers are the same: yes, no, or None where their forms do not tell.

A verdict of no is given where both are numbers that differ, or both are words that differ. What is no number compares
as text. No verdict: an expression beside a number, a rounded value, the same digits in another unit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction

from w2s.testbeds.real.answers.readings import WORDS_FOR_NUMBERS, Reading, read

CLOSE = 1e-12
"""Relative difference below which two values that are not exact are the same."""
_NEVER = frozenset(("undefined", "infinity", "\\infty", "does not exist", "dne", "impossible"))
_UNSURE = "no none nothing half third quarter dozen hundred thousand million billion"
_VAGUE = frozenset(_UNSURE.split())


def equal(stated: str, answer: str) -> bool | None:
    """True for the same number or the same words, False for others, None where that cannot be told.

    >>> equal("1,024", "1024"), equal("$\\\\frac{1}{2}$", "1/2"), equal("007", "7"), equal("7", "8")
    (True, True, True, False)
    >>> equal("336^\\\\circ", "336"), equal("7\\\\ \\\\text{cm}", "7"), equal("x=7", "7"), equal("7 or 8", "7")
    (True, True, True, None)
    """
    return _same(read(stated), read(answer))


def answer_key(stated: str) -> str:
    """A text that is equal for answers that are the same number, however they are written.

    >>> answer_key("1{,}024") == answer_key("2^{10}"), answer_key("0.5"), answer_key("No Solution")
    (True, '1/2', 'nosolution')
    """
    reading = read(stated)
    if reading.number is None:
        return _bare(reading.text)
    return str(reading.number) if isinstance(reading.number, Fraction) else f"{reading.number:.11g}"


def _same(one: Reading, two: Reading) -> bool | None:
    if one.number is not None and two.number is not None:
        return _same_numbers(one, two)
    if _bare(one.text) == _bare(two.text):
        return bool(_bare(one.text)) or None
    if (one.huge and two.number is not None) or (two.huge and one.number is not None):
        return False  # what is computed is smaller
    lists = _parts(one.text), _parts(two.text)
    if lists[0] and lists[1]:
        return _same_lists(*lists[0], *lists[1])
    if one.number is not None or two.number is not None:
        number, other = (one.number, two) if one.number is not None else (two.number, one)
        named = other.text.replace("«", "").replace("»", "").strip()
        return False if named in _NEVER and number is not None else None
    return _same_words(one.words, two.words)


def _same_numbers(one: Reading, two: Reading) -> bool | None:
    assert one.number is not None
    assert two.number is not None
    x, y = one.number, two.number
    if _close(x, y):
        return True
    if one.other is not None and two.other is None and _close(one.other, y):
        return True
    if two.other is not None and one.other is None and _close(two.other, x):
        return True
    if _rounds_to(one, y) or _rounds_to(two, x) or _points(one, y) or _points(two, x) or _radians(x, y):
        return None
    return None if one.unit.casefold() != two.unit.casefold() and _conversion(x, y) else False


def _close(x: float | Fraction, y: float | Fraction) -> bool:
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x == y
    return math.isclose(_float(x), _float(y), rel_tol=CLOSE, abs_tol=0.0)


def _float(x: float | Fraction) -> float:
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def _rounds_to(decimal: Reading, exact: float | Fraction) -> bool:
    """True if a decimal may be a rounded form of a value that no decimal has in full."""
    assert decimal.number is not None
    if not decimal.places or decimal.places > 300:
        return False
    if isinstance(exact, Fraction):
        rest = exact.denominator
        for prime in (2, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return False
    # a unit of the last place: rounded or cut off
    return abs(Fraction(decimal.number) - Fraction(exact)) <= Fraction(1, 10**decimal.places)


def _points(reading: Reading, y: float | Fraction) -> bool:
    """True for 1.024 beside 1024: points may separate thousands."""
    return reading.places == 3 and reading.number is not None and _close(reading.number * 1000, y)


def _radians(x: float | Fraction, y: float | Fraction) -> bool:
    """True for an angle beside the same angle in degrees."""
    return any(
        isinstance(a, float)
        and isinstance(b, Fraction)
        and b
        and math.isclose(math.degrees(a), _float(b), rel_tol=1e-9)
        for a, b in ((x, y), (y, x))
    )


def _conversion(x: float | Fraction, y: float | Fraction) -> bool:
    """True if two values may be one in two units: a power of ten, or the steps of hours, days and feet apart."""
    if not isinstance(x, Fraction) or not isinstance(y, Fraction) or not x or not y:
        return False
    ratio = max(x / y, y / x)
    return ratio in {Fraction(10) ** k for k in range(1, 10)} | {
        Fraction(k) for k in (3, 7, 12, 24, 36, 60, 3600)
    }


def _bare(text: str) -> str:
    bare = re.sub(r"[\s{}«»]", "", text)
    return bare[1:-1] if re.fullmatch(r"\([^\W\d]\)", bare) else bare  # (C) is choice C


def _parts(text: str) -> tuple[str, list[str]] | None:
    """Bracket and members of a tuple, a set, or a bare list; None for anything else."""
    opening = next((sign for sign in ("\\{", "(", "[") if text.startswith(sign)), "")
    inner = text[len(opening) :].rstrip(")]}\\ ") if opening else text
    members = [part.strip() for part in inner.split(",")]
    simple = not any(sign in inner for sign in "()[]")
    return (opening, members) if simple and len(members) > 1 and all(members) else None


def _same_lists(bracket: str, ones: Sequence[str], other: str, twos: Sequence[str]) -> bool | None:
    if len(ones) != len(twos):
        return False if bracket == other else None
    verdicts = [equal(one, two) for one, two in zip(ones, twos, strict=True)]
    if all(verdicts):
        return True if bracket == other or "" in (bracket, other) else None
    ordered = bracket == other and bracket in ("(", "[")
    if ordered:
        return False if False in verdicts else None
    if None in [read(part).number for part in (*ones, *twos)]:
        return None
    keys = [sorted(map(answer_key, part)) for part in (ones, twos)]
    return (keys[0] == keys[1]) if bracket == other else None


def _same_words(ones: tuple[str, ...] | None, twos: tuple[str, ...] | None) -> bool | None:
    if not ones or not twos:
        return None
    vague = _VAGUE | set(WORDS_FOR_NUMBERS)
    if set(ones) <= set(twos) or set(twos) <= set(ones) or vague & {*ones, *twos}:
        return None
    return False
