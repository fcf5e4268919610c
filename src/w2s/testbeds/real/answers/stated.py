"""The final answer that a solution states: its last box, or what follows "Answer:", "the answer is" or "####".

Where a solution states two different answers, or ends inside a box that is not closed, it states none.
"""

from __future__ import annotations

import re

from w2s.testbeds.real.answers.equality import equal
from w2s.testbeds.real.answers.plain import LONGEST
from w2s.testbeds.real.answers.readings import read

_BOX = re.compile(r"\\(?:boxed|fbox|framebox)(?![A-Za-z])\s*|\\.|[{}]", re.DOTALL)
_UNBRACED = re.compile(r"[^\s$\\{}]+|\\(?:frac|dfrac|tfrac|sqrt)(?:\s*\{[^{}]*\}|\s*[0-9])+")
_MARK = r"[ \t*_`#>]{0,12}"
_LABELLED = re.compile(
    rf"^{_MARK}(?:so|thus|hence|therefore)?,? ?(?:my |the |our )?(?:final |correct )?answer{_MARK}[:=\uff1a]{_MARK}"
    rf"|^[ \t]{{0,12}}####(?!#)\s*(?=\S)"
    rf"|\b(?:final |correct )?answer{_MARK}(?:is|equals|=){_MARK}(?:therefore |thus |simply |just |equal to )?"
    rf":?{_MARK}|<answer>|^{_MARK}(?:the )?(?:final )?answer{_MARK}$|\banswer{_MARK}:{_MARK}",
    re.IGNORECASE | re.MULTILINE,
)
_MATHS = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_ENDS = re.compile(
    r"</answer>|[.;](?=\s|$)|(?<![0-9)])!(?=\s|$)|,? (?:since|because|as|which|so|where)\b|\s[(\u2014]"
)
_TRIES = 10
"""Announcements, from the last one, among which one that is followed by an answer is looked for."""
_TAIL = 20_000
"""Characters at the end of a solution in which an answer in words is looked for."""


def stated_answer(choice: str) -> str | None:
    """The final answer of a solution, without what is around it; None if it states none, or two.

    >>> stated_answer("2 + 2 is easy.\\nAnswer: 4 "), stated_answer("It is four.")
    ('4', None)
    >>> stated_answer("So \\\\boxed{204}. Or \\\\boxed{}"), stated_answer("**Answer:** $204$.\\nThat is all.")
    ('204', '204')
    """
    boxes, torn = _boxes(choice)
    if torn:
        return None
    boxed = next((text for _, text in reversed(boxes) if text), None)
    begins = len(choice) - _TAIL if len(choice) > _TAIL else 0
    said = _said(choice[begins:])
    if boxed is None:
        return said[1] if said else None
    last_box = max(end for end, text in boxes if text)
    if (
        said
        and begins + said[0] >= last_box
        and equal(said[1], boxed) is not True
        and read(said[1]).number is not None
    ):
        return None  # it changed its mind after the box
    return boxed


def _boxes(text: str) -> tuple[list[tuple[int, str]], bool]:
    """(end, content) of each box in the order of their ends, and whether the last one is cut off; one pass."""
    boxes: list[tuple[int, str]] = []
    stack: list[int | None] = []
    pending = -1
    for found in _BOX.finditer(text):
        word = found[0]
        if word.startswith(("\\boxed", "\\fbox", "\\framebox")):
            pending = found.end()
            if text[pending : pending + 1] != "{" and (bare := _UNBRACED.match(text, pending)):
                boxes.append((bare.end(), _clean(bare[0])))
        elif word == "{":
            stack.append(found.end() if found.start() == pending else None)
        elif word == "}" and stack:
            begin = stack.pop()
            if begin is not None:
                boxes.append((found.start(), _clean(text[begin : found.start()])))
    return boxes, any(begin is not None for begin in stack)


def _said(text: str) -> tuple[int, str] | None:
    """(place, answer) of the last answer that is announced in words."""
    for found in reversed(list(_LABELLED.finditer(text))[-_TRIES:]):
        rest = text[found.end() :].lstrip()
        answer = _first(
            rest, labelled=found[0].rstrip().endswith((":", "=", "#", "\uff1a", "*", ">", "r", "R"))
        )
        if answer:
            return found.start(), answer
    return None


def _first(rest: str, *, labelled: bool) -> str | None:
    """The answer at the start of what follows the announcement."""
    rest = rest.lstrip("*_`> \n\t")
    maths = _MATHS.match(rest)
    line = rest.split("\n", 1)[0].strip()
    if maths and len(maths[0]) <= LONGEST:
        after = rest[maths.end() :].split("\n", 1)[0]
        inside = next(group for group in maths.groups() if group is not None)
        after = _ENDS.split(after, maxsplit=1)[0]
        if not re.search(r"[0-9$\\]|\b(?:or|and|not|to|mod|times|plus|minus)\b", after):
            whole = _clean(inside + " " + after.strip("*_ "))
            return whole if read(whole).number is not None else _clean(inside)
    for candidate in (line, _ENDS.split(line, maxsplit=1)[0]):
        answer = _clean(candidate)
        reading = read(answer)
        if reading.number is not None or reading.huge:
            return answer
    # words after "the answer is" are prose as a rule ("... is as follows"); after "Answer:" they are the answer
    short = _clean(line)
    if not short or line.rstrip("*_ ").endswith(":") or len(short) > 3 * LONGEST:
        return None
    return short if labelled or re.search(r"[0-9\\]", short) else None


def _clean(text: str) -> str:
    """Without markup, dollar signs and punctuation around it, single spaces in it."""
    text = " ".join(text.split()) if len(text) <= 8 * LONGEST else text.strip()
    before = None
    while before != text:
        before = text
        text = (
            text.strip(" *_`").removeprefix("\\(").removesuffix("\\)").removeprefix("\\[").removesuffix("\\]")
        )
        text = text.lstrip(" ,;:") if re.match(r"[ ,;:]*\.[0-9]", text) else text.lstrip(" .,;:")
        text = text if text.endswith("..") else text.rstrip(" .,;:")  # 0.33... goes on
        if text.startswith("$") and text.endswith("$") and len(text) > 1:
            text = text.strip("$")
    return text
