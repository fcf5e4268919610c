"""One way of writing for a final answer: no markup, no spacing commands, one minus sign, no thousands separators."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 400
"""Characters of an answer up to which it is taken apart; longer ones are compared as they stand."""

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00d7\u22c5\u00b7\u2217", "*"),
        **dict.fromkeys("\u00f7\u2044\u2215", "/"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", ""),
        **dict.fromkeys("\u20ac\u00a3\u00a5", ""),
        "\u221a": "\\sqrt ",
        "\u03c0": "\\pi ",
        "\u00b0": "\\degree ",
        "\u00ba": "\\degree ",
        "\u2103": "\\degree ",
        "\u221e": "\\infty ",
        "\uff0c": ",",
        "\uff0e": ".",
        "\uff1a": ":",
    }
)
_TEXT = re.compile(r"\\(?:text|textrm|textnormal|mathrm|mbox|operatorname|rm)\*?\s*\{([^{}]*)\}")
_DROPPED = re.compile(
    r"\\(?:left|right|[bB]ig+[lr]?|displaystyle|textstyle|boxed|fbox|framebox|mathbf|textbf|bf|mathit|textit|mathsf|"
    r"boldsymbol|bm|emph|underline|ensuremath|limits|nolimits)(?![A-Za-z])|\\[!()\[\]]|\$|\\\$"
)
_SPACES = re.compile(
    r"\\(?:[,;:> ]|(?:quad|qquad|enspace|thinspace|medspace|thickspace|space)(?![A-Za-z]))|~|\s+"
)
_DEGREES = re.compile(r"\^\s*\{?\s*\\circ\s*\}?|\\(?:degree|deg)(?![A-Za-z])")
_FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])|\\sfrac(?![A-Za-z])")
_TIMES = re.compile(r"\\(?:cdot|times|ast)(?![A-Za-z])")
_OVER = re.compile(r"\\(?:div|over)(?![A-Za-z])")
_COMMAS = re.compile(r"(?<![0-9.,])([0-9]{1,3})((?:,[0-9]{3})+)(?![0-9]|,[0-9])")
_GAPS = re.compile(r"(?<![0-9.,/^_{] )(?<![0-9.,/^_])([0-9]{1,3})((?: [0-9]{3})+)(?! ?[0-9/])")
_MIXED = re.compile(r"(?<![0-9.,/^_])([0-9]+) +([0-9]+) ?/ ?([0-9]+)(?![0-9])")
_RAISED = re.compile(r"\^\{[0-9-]+\}(?:\^\{[0-9-]+\})+")
_LIST = re.compile(r"\s*(?:\\\{|[(\[]).*,.*")


def plain(text: str) -> str:
    """The answer without markup; words that were marked as text stand in « ».

    >>> plain("$1{,}024\\\\ \\\\text{cm}$."), plain("\\\\left(\\\\dfrac12\\\\right)"), plain("3 1/2")
    ('1024 «cm»', '(\\\\frac12)', '(3+1/2)')
    """
    if len(text) > LONGEST:
        return " ".join(text.split())
    text = "".join(_ascii(char) for char in text.translate(_SIGNS))
    text = _RAISED.sub(lambda runs: "^{" + re.sub(r"[^0-9-]", "", runs[0]) + "}", text)
    text = re.sub(r"\*\*(.+?)\*\*", r"\1", text).strip("`*_ \n\t")
    text = _TEXT.sub(_words, text)
    text = _DEGREES.sub(" ", text)
    text = text.replace("{,}", ",").replace("\\%", "%").replace("\\_", "_")
    text = _DROPPED.sub("", text)
    text = _SPACES.sub(" ", text)
    text = _OVER.sub("/", _TIMES.sub("*", _FRACTION.sub(r"\\frac", text))).replace("**", "^")
    text = re.sub(r"\{ *([A-Za-z]{2,}) *\}", r"«\1»", text) if "\\frac" not in text else text
    text = text.lstrip(" ,;:")
    text = text if text.endswith("..") else text.rstrip(" .,;:\\")
    if not _LIST.fullmatch(text):
        text = _COMMAS.sub(lambda found: found[1] + found[2].replace(",", ""), text)
    text = _GAPS.sub(lambda found: found[1] + found[2].replace(" ", ""), text)
    return _MIXED.sub(_mixed, text).strip()


def _ascii(char: str) -> str:
    """Digits of any script and wide letters as ASCII; raised digits as a power, written fractions as a sum."""
    if char.isascii():
        return char
    form = unicodedata.decomposition(char)
    if form.startswith("<fraction>"):
        return " " + unicodedata.normalize("NFKC", char).replace("\u2044", "/")
    if form.startswith("<super>"):
        raised = unicodedata.normalize("NFKC", char).replace("\u2212", "-")
        return f"^{{{raised}}}"
    if form.startswith("<sub>"):
        return f"_{{{unicodedata.normalize('NFKC', char)}}}"
    if form.startswith("<wide>"):
        return unicodedata.normalize("NFKC", char)
    if unicodedata.category(char) == "Nd":
        return str(unicodedata.digit(char))
    return " " if char.isspace() else char


def _words(found: re.Match[str]) -> str:
    """Text inside a formula: words are marked, anything with a digit stays as it is."""
    inner = found[1].strip()
    return f" «{inner}»" if inner and not re.search(r"[0-9\\]", inner) else f" {inner} "


def _mixed(found: re.Match[str]) -> str:
    whole, above, below = found[1], found[2], found[3]
    if len(above) > len(below) or (len(above) == len(below) and above >= below):
        return found[0]
    return f"({whole}+{above}/{below})"
