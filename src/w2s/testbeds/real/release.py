"""Items as JSON lines, in the two forms of the study's release, read strictly: nothing is guessed or repaired.

    {"prompt", "first", "second", "label": "A" | "B"}       which of two answers is better (A: the first)
    {"question", "choice", "label": true | false}           whether a proposed answer is right

Each may have `subset` and `difficulty`; the files of a testbed folder also have `group`, and `answer` where
proposed answers can be equal without being the same text.

Refused: other encodings than UTF-8, byte order marks, blank lines, fields twice or unknown or missing, other
types, NaN, characters that no text has, empty texts, two equal answers, both forms in one testbed, files out
of bounds. Not checked here: whether a label is true, and what a text says.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from w2s.records import ItemKind
from w2s.testbeds.real.json_lines import file_problem, numbered, parsed, short, type_word
from w2s.testbeds.real.problems import Kind, Problem

TEXT_CHARS = 200_000
WORD_CHARS = 100
"""Longest `subset`, `difficulty` and `group`, in characters."""
ITEMS = 200_000
MOST_PROBLEMS = 100
"""Problems of a file that are kept; of the others only how many there are."""

FORMS: Mapping[ItemKind, tuple[str, ...]] = {
    "pair": ("prompt", "first", "second"),
    "verification": ("question", "choice"),
}
LABELS: Mapping[ItemKind, Mapping[object, int]] = {
    "pair": {"A": 1, "B": 0},
    "verification": {True: 1, False: 0},
}
SHOULD_BE = {
    "pair": 'write "A" (the first is better) or "B"',
    "verification": "write true or false, unquoted",
}
_REST = ("label", "subset", "difficulty")
_PLACED = ("group", "answer")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_FORM_REMEDY = (
    "an item has prompt, first, second, label or question, choice, label, and perhaps subset, difficulty"
)


@dataclass(frozen=True)
class Item:
    """One item, a line of a file.

    Attributes:
        kind: Pair of answers, or one proposed answer.
        fields: Texts by field.
        label: 1 for class 1 (True; the first answer is better), else 0.
        subset: Name of its subset.
        difficulty: Difficulty as the file gives it.
        group: Group of items that stay together.
        answer: Field `answer` of the line; empty without one.
        file: Name of its file.
        line: Number of its line.
    """

    kind: ItemKind
    fields: Mapping[str, str]
    label: int
    subset: str = ""
    difficulty: str = ""
    group: str = ""
    answer: str = ""
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def question(self) -> str:
        """Question of an item."""
        return self.fields["prompt" if self.kind == "pair" else "question"]

    def as_line(self) -> str:
        """The item as a line of a file, without the line's end."""
        body: dict[str, object] = {**self.fields, "label": label_word(self.kind, self.label)}
        body |= {name: getattr(self, name) for name in (*_REST[1:], *_PLACED) if getattr(self, name)}
        return json.dumps(body, ensure_ascii=False)


def label_word(kind: ItemKind, label: int) -> object:
    """Written form of a label: "A" or "B" for a pair, true or false for a proposed answer."""
    return next(word for word, value in LABELS[kind].items() if value == label)


@dataclass(frozen=True)
class Read:
    """Content of one file, and the problems in it."""

    items: tuple[Item, ...]
    problems: tuple[Problem, ...]


def read_items(path: Path, *, name: str | None = None, placed: bool = False) -> Read:
    """The items of one file; `name` is what problems call it, `placed` files also have groups and answers.

    Never raises for what the file holds; a file that cannot be opened is a problem too.
    """
    name = name or path.name
    return collected(rows_of(path, name), name, placed=placed)


Row = dict[str, Any] | Problem


def rows_of(path: Path, name: str) -> Iterator[tuple[int, Row]]:
    """The object of each line with its number, or what is wrong there; a fault of the whole file has number 0."""
    try:
        if whole := file_problem(path, name):
            yield 0, whole
            return
        for number, raw in numbered(path):
            yield number, parsed(raw, name, number, form=_FORM_REMEDY)
    except OSError as error:
        yield 0, Problem(name, 0, "", f"cannot be read ({error.strerror})", "check its permissions")


def collected(rows: Iterable[tuple[int, Row]], name: str, *, placed: bool = False) -> Read:
    """The items of a file's rows, and the problems: a hundred of them, the first of each kind with its count."""
    items: list[Item] = []
    problems: list[Problem] = []
    counts: Counter[Kind] = Counter()
    for line, row in rows:
        outcome = [row] if isinstance(row, Problem) else _checked(row, name, line, placed=placed)
        if isinstance(outcome, Item):
            items.append(outcome)
        else:
            counts.update(problem.kind for problem in outcome)
            problems += outcome if len(problems) < MOST_PROBLEMS else ()
        if len(items) > ITEMS:
            break
    if len(items) > ITEMS:
        problems.append(Problem(name, 0, "", f"has more than {ITEMS} items", "leave some out"))
    if not items and not problems:
        problems.append(Problem(name, 0, "", "is empty", "write one JSON object a line"))
    kinds = {item.kind for item in items}
    if len(kinds) > 1:
        odd = next(item for item in items if item.kind != items[0].kind)
        what = "is of another form than line 1"
        problems.append(Problem(name, odd.line, next(iter(odd.fields)), what, "keep one form in a testbed"))
    counted = []
    for problem in problems[:MOST_PROBLEMS]:
        counted.append(replace(problem, count=max(1, counts.pop(problem.kind, 1))))
    return Read(tuple(items), tuple(counted))


class _Faults:
    """Collects the problems of one line."""

    def __init__(self, file: str, line: int) -> None:
        self.file, self.line = file, line
        self.problems: list[Problem] = []

    def add(self, field: str, what: str, remedy: str) -> None:
        self.problems.append(Problem(self.file, self.line, field, what, remedy))


def _checked(body: dict[str, Any], file: str, line: int, *, placed: bool) -> Item | list[Problem]:
    faults = _Faults(file, line)
    kind: ItemKind = "pair" if {"prompt", "first", "second"} & set(body) else "verification"
    known = (*FORMS[kind], *_REST, *(_PLACED if placed else ()))
    _check_names(body, kind, known, faults, placed=placed)
    texts = {name: body[name] for name in FORMS[kind] if name in body}
    for name, text in texts.items():
        if fault := _text_fault(text, TEXT_CHARS):
            faults.add(name, fault, "write a text")
    words = {
        name: _word(name, body[name], faults)
        for name in ("subset", "difficulty", *_PLACED)
        if name in known and name in body
    }
    label = body.get("label")
    right_type = str if kind == "pair" else bool
    # `1 == True`, so that the type is asked before the table
    if "label" in body and (type(label) is not right_type or label not in LABELS[kind]):
        faults.add("label", f"is {short(label)}", SHOULD_BE[kind])
    if kind == "pair" and not faults.problems and texts["first"].strip() == texts["second"].strip():
        faults.add("second", "is the same text as first", "leave the item out: neither is better")
    return faults.problems or Item(kind, texts, LABELS[kind][label], **words, file=file, line=line)


def _check_names(
    body: Mapping[str, object], kind: ItemKind, known: Sequence[str], faults: _Faults, *, placed: bool
) -> None:
    """Fields that an item of this form does not have, and those that it lacks."""
    other = FORMS["verification" if kind == "pair" else "pair"]
    for name in body:
        if name in known:
            continue
        if name in other:
            faults.add(
                name, "belongs to the other form", f"an item of this form has {', '.join(FORMS[kind])}"
            )
        else:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            faults.add(short(name)[1:-1], "is not a field of an item", hint)
    for name in (*FORMS[kind], "label", *(("group",) if placed else ())):
        if name not in body:
            faults.add(name, "is missing", _FORM_REMEDY)


def _word(name: str, value: Any, faults: _Faults) -> Any:
    """The value of a field that holds a short word; a difficulty may be a number and becomes its digits."""
    if name == "difficulty" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if fault := _text_fault(value, TEXT_CHARS if name == "answer" else WORD_CHARS):
        faults.add(name, fault, "write a short word, or leave the field out")
    elif name != "answer" and not str(value).isprintable():
        faults.add(name, f"is {short(value)}, which cannot be shown", "write a short word")
    return value


def _text_fault(value: object, most: int) -> str | None:
    """Fault of a `value` that is no text of at most `most` characters."""
    if not isinstance(value, str):
        return f"is {type_word(value)}, not a text"
    if not value.strip():
        return "is empty"
    if len(value) > most:
        return f"has {len(value)} characters, at most {most} are read"
    if foreign := _NO_TEXT.search(value):
        return f"holds the character U+{ord(foreign[0]):04X}, which no text has"
    return None
