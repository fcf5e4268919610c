"""A run's state laid out in a terminal's rows and columns: nothing wraps, and the footer is always there.

Covered: more researchers than rows, text of agents (one line of plain letters, wide ones counted as two cells).
Not covered: letters that a terminal's font draws wider than Unicode says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from rich.cells import cell_len, set_cell_size

from aar.cli import money
from aar.cli.wording import State, plain, state_of, status_words, time_left, trouble

Line: TypeAlias = tuple[tuple[str, str], ...]
"""Pieces of text, each with its style; together they fit into the terminal's width."""

GAP = "  "
PIECES_APART = "   "
WITH_DIRECTION = 110
"""Columns from which on there is room for what researchers were told to try."""
LEAST_DOING = 8
MOST_DOING = 60
MOST_NAME = 16
MOST_RECENT, FEW_RECENT = 6, 3
LEAST_TABLE = 5
"""A header, three researchers and what the others do; below that recent submissions give way."""
BAR = 30
ATTENTION = (State.ENDED, State.TROUBLE, State.RESTARTING)

STATE_STYLE = {
    State.ENDED: "bold red",
    State.TROUBLE: "bold red",
    State.RESTARTING: "yellow",
    State.FINISHED: "green",
    State.NOT_STARTED: "dim",
    State.STOPPED: "dim",
    State.WAITING: "dim",
    State.RESTING: "dim",
    State.COMPUTING: "cyan",
    State.PRACTISING: "cyan",
}
STATUS_STYLE = {
    "verified": "bold green",
    "pending": "cyan",
    "no_improvement": "dim",
    "not_reproduced": "yellow",
    "violation": "bold red",
    "failed": "red",
}


class Column(StrEnum):
    """A column of the table, by its header."""

    RESEARCHER = "researcher"
    STATE = "state"
    DOING = "doing"
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    COST = "cost"
    WORKED = "worked"
    CONTEXT = "context"
    DIRECTION = "direction"


NARROWING = (Column.CONTEXT, Column.WORKED, Column.VERIFIED, Column.SUBMITTED, Column.COST)
"""Columns that a narrow terminal leaves out first, after `doing`."""


def screen(status: Mapping[str, Any], *, width: int, height: int) -> tuple[Line, ...]:
    """The lines that show `status`, at most `height`, each at most `width` cells wide.

    The footer is laid out first; researchers get the rows that it leaves.
    """
    researchers = status["researchers"]
    for most in (MOST_RECENT, FEW_RECENT, 2, 1, 0):
        footer = [*_recent(status["recent"], most, width), *_pieces(status, width)]
        if not researchers:
            rows = 0
            enough = len(footer) <= height
        else:
            rows = height - len(footer) - 1  # an empty line between the two
            enough = rows > len(researchers) or (most <= FEW_RECENT and rows >= LEAST_TABLE)
        if enough:
            break
    if not researchers or rows < 1:
        return tuple(footer[:height])
    return (*_table(researchers, width=width, rows=rows), (), *footer)


def stage_screen(text: str, *, done: int | None, total: int | None, width: int) -> tuple[Line, ...]:
    """Stage of preparation, with a bar where its total is known."""
    text = plain(text)
    if not total:
        return (_fitted(((text + " ...", ""),), width),)
    done = min(max(done or 0, 0), total)
    counted = f" {done}/{total}"
    full = BAR * done // total
    pieces: Line = ((text, ""), (" ", ""), ("━" * full, "green"), ("━" * (BAR - full), "dim"), (counted, ""))
    if sum(cell_len(piece) for piece, _ in pieces) > width:
        pieces = ((cut(text, max(0, width - len(counted))), ""), (counted, ""))
    return (_fitted(pieces, width),)


def cut(text: str, width: int) -> str:
    """`text` if it fits into `width` cells, else its beginning with an ellipsis.

    >>> cut("methods/m3/method.py", 9), cut("方法方法", 6)
    ('methods/…', '方法 …')
    """
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def by_state(states: Iterable[State]) -> str:
    """Number of researchers in each state, the commonest first.

    >>> by_state([State.WAITING, State.THINKING, State.THINKING])
    '2 thinking, 1 waiting'
    """
    return ", ".join(f"{n} {state}" for state, n in Counter(states).most_common())


def in_order(researchers: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], State]]:
    """Researchers with their states: first those that somebody should look after, then by name, r2 before r10."""
    rows = [(row, state_of(row)) for row in researchers]
    return sorted(rows, key=lambda row: (_urgency(row[1]), _natural(row[0]["name"])))


def _urgency(state: State) -> int:
    return ATTENTION.index(state) if state in ATTENTION else len(ATTENTION)


def _natural(name: str) -> list[tuple[int, str]]:
    # a number counts by its length first, so that no digits that an agent brings are ever converted
    return [(len(part) if part.isdigit() else 0, part) for part in re.split(r"([0-9]+)", name)]


def _table(researchers: Sequence[Mapping[str, Any]], *, width: int, rows: int) -> list[Line]:
    ordered = in_order(researchers)
    fits = len(ordered) < rows
    shown = ordered if fits else ordered[: max(0, rows - 2)]
    lines: list[Line] = []
    if shown:
        widths = _widths([row for row, _ in ordered], width)
        lines.append(_row({column: (column.value, "bold") for column in widths}, widths, width))
        lines += [_row(_cells(row, state), widths, width) for row, state in shown]
    if not fits:
        others = by_state(state for _, state in ordered[len(shown) :])
        first = "and " if shown else ""
        more = "more" if shown else "researchers"
        lines.append(_fitted(((f"{first}{len(ordered) - len(shown)} {more}: {others}", "dim"),), width))
    return lines


def _cells(row: Mapping[str, Any], state: State) -> dict[Column, tuple[str, str]]:
    verified, trouble = row.get("verified", 0), row.get("trouble")
    passing = state is State.TROUBLE and trouble is not None and not money.urgent(trouble)
    style = "yellow" if passing else STATE_STYLE.get(state, "")
    return {
        Column.RESEARCHER: (plain(row["name"]), "bold"),
        Column.STATE: (state.value, style),
        Column.DOING: (money.doing(row, state), style if state in ATTENTION else ""),
        Column.SUBMITTED: (_submitted(row), ""),
        Column.VERIFIED: (str(verified), "bold green" if verified else "dim"),
        Column.COST: (money.cost(row), ""),
        Column.WORKED: (money.worked(row), ""),
        Column.CONTEXT: (money.context(row), "dim"),
        Column.DIRECTION: (plain(row.get("direction") or ""), "dim"),
    }


def _submitted(row: Mapping[str, Any]) -> str:
    budget = row.get("budget")
    return str(row["submitted"]) if budget is None else f"{row['submitted']} of {budget}"


def _widths(rows: Sequence[Mapping[str, Any]], width: int) -> dict[Column, int]:
    """Width of each column; `doing` gets the remaining space, and is the first to be dropped."""
    name = min(MOST_NAME, max(cell_len(plain(row["name"])) for row in rows))
    numbers = max(len(_submitted(row)) for row in rows)
    widths = {
        Column.RESEARCHER: max(name, len(Column.RESEARCHER)),
        Column.STATE: max(len(state) for state in State),
        Column.SUBMITTED: max(numbers, len(Column.SUBMITTED)),
        Column.VERIFIED: len(Column.VERIFIED),
    }
    if money.has_calls(rows):
        widths[Column.COST] = max(len(money.cost(row)) for row in rows)
        widths[Column.CONTEXT] = len(Column.CONTEXT)
    if worked := max(len(money.worked(row)) for row in rows):
        widths[Column.WORKED] = max(worked, len(Column.WORKED))
    for column in NARROWING:
        if _together(widths) > width:
            widths.pop(column, None)
    rest = width - _together(widths) - len(GAP)
    if rest >= LEAST_DOING:
        directed = 0
        if width >= WITH_DIRECTION:
            longest = max(cell_len(plain(row.get("direction") or "")) for row in rows)
            directed = min(longest, rest // 2 - len(GAP))
        if directed >= len(Column.DIRECTION):
            widths[Column.DIRECTION] = directed
            rest -= directed + len(GAP)
        widths[Column.DOING] = min(rest, MOST_DOING)
    return {column: widths[column] for column in Column if column in widths}


def _together(widths: Mapping[Column, int]) -> int:
    return sum(widths.values()) + len(GAP) * (len(widths) - 1)


def _row(cells: Mapping[Column, tuple[str, str]], widths: Mapping[Column, int], width: int) -> Line:
    pieces = []
    for column, cells_wide in widths.items():
        text, style = cells[column]
        text = cut(text, cells_wide)
        pieces.append((text, style))
        pieces.append((" " * (cells_wide - cell_len(text)) + GAP, ""))
    return _fitted(pieces[:-1], width)


def _recent(recent: Sequence[Mapping[str, Any]], most: int, width: int) -> list[Line]:
    """The last submissions, the newest at the bottom."""
    shown = recent[-most:] if most else []
    if not shown:
        return []
    columns = [
        [plain(row["id"]), status_words(row), cut(plain(row["researcher"]), MOST_NAME)] for row in shown
    ]
    widths = [max(cell_len(columns[i][j]) for i in range(len(shown))) for j in range(3)]
    lines = []
    for row, texts in zip(shown, columns, strict=True):
        padded = [text + " " * (wide - cell_len(text)) for text, wide in zip(texts, widths, strict=True)]
        style = STATUS_STYLE.get(row["status"], "")
        pieces = [(f"{padded[0]}{GAP}{padded[1]}{GAP}", style), (f"{padded[2]}{GAP}", "")]
        lines.append(_fitted([*pieces, (plain(row["title"]), "")], width))
    return lines


def _pieces(status: Mapping[str, Any], width: int) -> list[Line]:
    """Time left, runs, references, trouble and the best, as many on a line as fit there whole."""
    lines: list[list[tuple[str, str]]] = []
    used = 0
    for piece, style in _footer_pieces(status):
        needed = cell_len(piece)
        if lines and used + len(PIECES_APART) + needed <= width:
            lines[-1] += [(PIECES_APART, ""), (piece, style)]
            used += len(PIECES_APART) + needed
        else:
            lines.append([(piece, style)])
            used = needed
    return [_fitted(pieces, width) for pieces in lines]


def _footer_pieces(status: Mapping[str, Any]) -> list[tuple[str, str]]:
    pieces = []
    if clock := status.get("clock"):
        pieces.append((time_left(clock), "bold"))
    if spent := money.spent(status):
        pieces.append((spent, "bold yellow" if money.nearly_spent(status) else "bold"))
    queue = status["queue"]
    pieces.append((f"runs: {queue['running']} running, {queue['queued']} queued, {queue['done']} done", ""))
    references = status.get("references") or {}
    if references.get("done", 0) < references.get("total", 0):
        pieces.append((f"references trained: {references['done']} of {references['total']}", ""))
    if ideas := status.get("ideas"):
        pieces.append((f"{ideas['count']} ideas of effectively {ideas['effective']:.1f} families", ""))
    if wrong := trouble(status):
        pieces.append((wrong, "bold red"))
    for line, urgent in money.in_trouble(status["researchers"]):
        pieces.append((line, "bold red" if urgent else "yellow"))
    if best := status.get("best"):
        pieces.append((f"best verified: {plain(best)}", "green"))
    return pieces


def _fitted(pieces: Iterable[tuple[str, str]], width: int) -> Line:
    """A line of these pieces, cut where the terminal ends."""
    kept = []
    room = width
    for text, style in pieces:
        fitting = cut(text, room)
        kept.append((fitting, style))
        room -= cell_len(fitting)
        if fitting != text:
            break
    return tuple(kept)
