"""The value of a written number: fractions, powers, roots, scientific notation, in bounded time and memory.

Exact (`Fraction`) as long as nothing but the four operations, whole powers and roots of squares is in it; else a
float. Covered: exponents, digit strings and nested powers of any size, which are refused before they are computed.
Not covered: variables, functions, factorials, complex numbers; such a text is no number here.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

BITS = 4096
"""Size of the largest numerator and denominator that are computed."""
DEPTH = 32
Number = Fraction | float
_TOKEN = re.compile(
    r" *(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+(?![0-9A-Za-z]))?)"
    r"(?P<again>\\(?:overline|bar) *\{ *[0-9]+ *\})?|(?P<name>\\(?:frac|sqrt|binom|pi)(?![A-Za-z]))|"
    r"(?P<sign>[-+*/^(){}\[\]]))"
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class NotANumber(ValueError):
    """The text is not a number that is understood here."""


class TooLarge(NotANumber):
    """The number has more digits than are computed."""


def value(text: str) -> Number:
    """Value of `text` as `plain` leaves it; `NotANumber` for everything else.

    >>> value("2^{10}"), value("\\\\frac12"), value("3\\\\frac{1}{2}"), value("0.\\\\overline{3}")
    (Fraction(1024, 1), Fraction(1, 2), Fraction(7, 2), Fraction(1, 3))
    """
    reader = _Reader(_tokens(text))
    try:
        result = reader.sum()
    except (ZeroDivisionError, OverflowError, RecursionError) as error:
        raise NotANumber(str(error)) from None
    if reader.at < len(reader.tokens):
        raise NotANumber(text)
    return result


def _tokens(text: str) -> list[tuple[str, str, bool]]:
    """(kind, text, whether a space stands before it)."""
    tokens: list[tuple[str, str, bool]] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotANumber(text)
        kind = "number" if found["number"] else "name" if found["name"] else "sign"
        tokens.append((kind, found[0].strip(), found[0].startswith(" ")))
        at = found.end()
    return tokens


class _Reader:
    """Recursive descent over the tokens of one number."""

    def __init__(self, tokens: list[tuple[str, str, bool]]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        word = self.peek()
        if not word:
            raise NotANumber("it ends too early")
        self.at += 1
        return word

    def sum(self) -> Number:
        self.depth += 1
        if self.depth > DEPTH:
            raise NotANumber("nested too deeply")
        total = self.product()
        while self.peek() in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            total = _bounded(total + sign * self.product())
        self.depth -= 1
        return total

    def product(self) -> Number:
        sign = 1
        while self.peek() in ("+", "-"):
            sign *= 1 if self.take() == "+" else -1
        total = self.power()
        while self.peek() and self.peek() not in ("+", "-", ")", "]", "}"):
            if self.peek() == "*":
                self.take()
                total = _bounded(total * self.signed())
            elif self.peek() == "/":
                self.take()
                total = _bounded(total / self.signed())
            elif self.kind() == "number":
                raise NotANumber("two numbers in a row")
            elif self.peek() == "\\frac":
                total = self.mixed(total)
            else:
                total = _bounded(total * self.power())
        return sign * total

    def mixed(self, whole: Number) -> Number:
        """A whole number before a fraction: their sum where the fraction is below one, else nobody knows."""
        after_number = self.tokens[self.at - 1][0] == "number"
        part = self.power()
        if not after_number or not isinstance(part, Fraction):
            return _bounded(whole * part)
        if not isinstance(whole, Fraction) or whole.denominator != 1 or not 0 < part < 1:
            raise NotANumber("a product or a mixed number")
        return whole + part

    def signed(self) -> Number:
        sign = 1
        while self.peek() in ("+", "-"):
            sign *= 1 if self.take() == "+" else -1
        return sign * self.power()

    def power(self) -> Number:
        base = self.atom()
        if self.peek() != "^":
            return base
        self.take()
        self.depth += 1
        if self.depth > DEPTH:
            raise NotANumber("nested too deeply")
        exponent = -self.power() if self.peek() == "-" and self.take() else self.power()
        self.depth -= 1
        return _power(base, exponent)

    def atom(self) -> Number:
        kind, word = self.kind(), self.take()
        if kind == "number":
            return _literal(word)
        if word in _CLOSING:
            inner = self.sum()
            if self.take() != _CLOSING[word]:
                raise NotANumber("brackets do not match")
            return inner
        if word == "\\pi":
            return math.pi
        if word == "\\sqrt":
            degree: Number = Fraction(2)
            if self.peek() == "[":
                degree = self.atom()
            return _power(self.argument(), 1 / degree)
        if word == "\\frac":
            above = self.argument()
            return _bounded(above / self.argument())
        if word == "\\binom":
            n, k = self.argument(), self.argument()
            if (
                isinstance(n, float)
                or isinstance(k, float)
                or n.denominator * k.denominator != 1
                or not 0 <= k <= n <= 1000
            ):
                raise NotANumber("no small binomial")
            return Fraction(math.comb(int(n), int(k)))
        raise NotANumber(word)

    def argument(self) -> Number:
        """What a command is applied to: a group, or a single digit, as TeX reads it."""
        if self.kind() == "number" and self.peek().isdigit() and len(self.peek()) > 1:
            kind, digits, space = self.tokens[self.at]
            self.tokens[self.at] = (kind, digits[1:], space)
            return Fraction(int(digits[0]))
        self.depth += 1
        if self.depth > DEPTH:
            raise NotANumber("nested too deeply")
        result = self.atom()
        self.depth -= 1
        return result


def _literal(word: str) -> Number:
    repeated = re.search(r"\\(?:overline|bar) *\{ *([0-9]+) *\}", word)
    if repeated:
        begins, digits = word[: repeated.start()], repeated[1]
        if not re.fullmatch(r"[0-9]*\.[0-9]*", begins) or len(digits) > 50:
            raise NotANumber(word)
        places = len(begins.split(".")[1])
        return Fraction(begins + "0") + Fraction(int(digits), (10 ** len(digits) - 1) * 10**places)
    mantissa, _, exponent = word.lower().partition("e")
    number = Fraction(mantissa.removesuffix(".") if mantissa.endswith(".") else mantissa)
    if not exponent or not number:
        return number
    if len(exponent) > 5 or abs(int(exponent)) > 1000:
        raise TooLarge(word)
    return _bounded(number * Fraction(10) ** int(exponent))


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(exponent, Fraction) and exponent.denominator == 1 and isinstance(base, Fraction):
        if base in (0, 1, -1) and exponent >= 0:
            return base ** int(exponent % 2 + 2 if exponent > 1 else exponent)
        # before it is computed: a power has about as many bits as its base, times the exponent
        if max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent) > BITS:
            raise TooLarge("a power")
        return base ** int(exponent)
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        root = _root(base, exponent.denominator)
        if root is not None:
            return _power(root, Fraction(exponent.numerator))
    if base < 0:
        raise NotANumber("a root of a negative number")
    return math.pow(base, exponent)


def _root(base: Fraction, degree: int) -> Fraction | None:
    """The exact root of a fraction, where it has one."""
    if base < 0 or not 1 < degree <= 64:
        return None
    parts = []
    for part in (base.numerator, base.denominator):
        if degree == 2:
            root = math.isqrt(part)
        else:
            root = round(part ** (1 / degree)) if part < 1 << 900 else 0
        if root**degree != part:
            return None
        parts.append(root)
    return Fraction(*parts)


def _bounded(number: Number) -> Number:
    if (
        isinstance(number, Fraction)
        and max(number.numerator.bit_length(), number.denominator.bit_length()) > BITS
    ):
        raise TooLarge("a result")
    if isinstance(number, float) and not math.isfinite(number):
        raise NotANumber("no finite number")
    return number
