"""The three files of a release as a person has them: in its own form, or in another layout that is understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from w2s.records import ItemKind
from w2s.testbeds.real.json_lines import short
from w2s.testbeds.real.label_words import OPTION, UnclearLabels, encoding, word
from w2s.testbeds.real.layouts import FOREIGN, NATIVE, Layout, layout_of
from w2s.testbeds.real.problems import Problem, refuse
from w2s.testbeds.real.release import FORMS, Read, Row, collected, label_word, rows_of


@dataclass(frozen=True)
class Spelling:
    """What a user says about the files: names of columns, words of labels, the seed that draws sides."""

    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0


def spelling(columns: str, labels: str, *, seed: int = 0) -> Spelling:
    """Read the options --columns and --labels; `BadTestbed` for what is no list of NAME=NAME.

    >>> spelling("prompt=instruction,chosen=good,rejected=bad", "").columns["chosen"]
    'good'
    """
    named = _pairs("--columns", columns, (*NATIVE, *FOREIGN))
    words = _pairs("--labels", labels, [name for names in OPTION.values() for name in names])
    if words and set(words) not in [set(names) for names in OPTION.values()]:
        raise refuse(
            "--labels", f"is {labels!r}", "write first=...,second=... for pairs, true=...,false=... else"
        )
    return Spelling(named, words, seed)


def _pairs(option: str, text: str, known: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        ours, sign, theirs = (side.strip() for side in part.partition("="))
        if not sign or not theirs or ours not in known or ours in found:
            raise refuse(
                option, f"{part!r} is not understood", f"write NAME=THEIRS, NAME one of {', '.join(known)}"
            )
        found[ours] = theirs
    if len(set(found.values())) < len(found):
        raise refuse(option, f"is {text!r}", "name two different ones")
    return found


def read_release(paths: Mapping[str, Path], said: Spelling) -> tuple[dict[str, Read], tuple[str, ...]]:
    """Items of each file, and notes on how they were read; what is wrong is in the files' problems."""
    notes: list[str] = []
    rows = {name: _in_layout(list(rows_of(path, name)), name, said, notes) for name, path in paths.items()}
    kinds: dict[ItemKind, list[object]] = {}
    for part in rows.values():
        for _, row in part:
            if isinstance(row, dict):
                kinds.setdefault(_kind(row), []).append(row.get("label"))
    if len(kinds) == 1:
        kind, labels = next(iter(kinds.items()))
        if said.labels and set(said.labels) != set(OPTION[kind]):
            raise refuse(
                "--labels",
                f"names {', '.join(said.labels)}",
                f"the items are {kind}s: {'=...,'.join(OPTION[kind])}=...",
            )
        try:
            classes = encoding(kind, labels, said.labels)
        except UnclearLabels as error:
            first = next(iter(rows))
            what, _, remedy = str(error).partition(": ")
            odd = Problem(first, 0, "label", what, remedy)
            return {name: Read((), (odd,) if name == first else ()) for name in rows}, ()
        if classes is not None:
            rows = {
                name: [(line, _labelled(row, kind, classes)) for line, row in part]
                for name, part in rows.items()
            }
            shown = ", ".join(f"{label} is {label_word(kind, value)!r}" for label, value in classes.items())
            notes.append(f"labels: {shown}")
    return {name: collected(part, name) for name, part in rows.items()}, tuple(dict.fromkeys(notes))


def _in_layout(
    rows: list[tuple[int, Row]], name: str, said: Spelling, notes: list[str]
) -> list[tuple[int, Row]]:
    """Rows as lines of a release; a file in no known layout is one problem."""
    first = next(((line, row) for line, row in rows if isinstance(row, dict)), None)
    if first is None or not isinstance(first[1], dict):
        return rows
    line, row = first
    columns = ", ".join(row)
    for theirs in said.columns.values():
        if theirs not in row:
            what = f"has no column {theirs!r} (it has {columns})"
            return [(line, Problem(name, line, theirs, what, "correct --columns"))]
    layout = layout_of(row, said.columns)
    if layout is None:
        return rows
    if not isinstance(layout, Layout):
        what = f"has the columns {short(columns)[1:-1]}, which are no item"
        return [(line, Problem(name, line, "", what, layout))]
    unused = [column for column in row if column not in layout.columns.values()]
    drawn = f", sides drawn from seed {said.seed}" if "chosen" in layout.columns else ""
    left = f"; columns left out: {', '.join(unused)}" if unused else ""
    notes.append(f"read as {layout.name}{drawn}{left}")
    return [
        (number, layout.item(body, name, number, seed=said.seed) if isinstance(body, dict) else body)
        for number, body in rows
    ]


def _kind(row: Mapping[str, Any]) -> ItemKind:
    return "pair" if set(FORMS["pair"]) & set(row) else "verification"


def _labelled(row: Row, kind: ItemKind, classes: Mapping[str, int]) -> Row:
    if not isinstance(row, dict) or "label" not in row:
        return row
    label = row["label"]
    if isinstance(label, str | int | float) and word(label) in classes:
        return {**row, "label": label_word(kind, classes[word(label)])}
    return row
