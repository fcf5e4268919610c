"""One JSON object a line, read strictly: what is wrong with a line or a file is a problem with its place and remedy.

Refused: other encodings than UTF-8, byte order marks, blank lines, keys twice, NaN, other values than objects, lines
and files out of bounds, and files of another format under this name. A blank last line is no line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from w2s.testbeds.real.problems import Problem

FILE_BYTES = 1 << 30
LINE_BYTES = 4 << 20
ONE_A_LINE = "write one JSON object a line"
_FORMATS = {
    b"\x1f\x8b": ("is compressed (gzip)", "unpack it: gunzip -c < {name} > plain.jsonl"),
    b"PAR1": ("is a parquet file", 'convert it: python -c "import pandas; pandas.read_parquet(...).to_json(..., '
              'orient=\'records\', lines=True)"'),
    b"PK\x03\x04": ("is a zip archive", "unpack it"),
    b"\x28\xb5\x2f\xfd": ("is compressed (zstd)", "unpack it: zstd -d"),
}  # fmt: skip
_ARRAY = "jq -c '.[]' {name} > plain.jsonl, or in Python: json.dumps of each member on a line of its own"


def file_problem(path: Path, name: str) -> Problem | None:
    """What keeps a file as a whole from being read; None if nothing does. `OSError` where it cannot be opened."""
    if not path.is_file():
        if path.is_symlink() and not path.exists():
            return Problem(
                name, 0, "", f"is a link to {path.readlink()}, which is not there", "put the file there"
            )
        if path.exists():
            return Problem(name, 0, "", "is not a file", "put the file there")
        return Problem(name, 0, "", "is missing", _instead(path))
    if (size := path.stat().st_size) > FILE_BYTES:
        what = f"has {size >> 20} MiB, at most {FILE_BYTES >> 20} are read"
        return Problem(name, 0, "", what, "leave out what is not needed")
    with path.open("rb") as file:
        begin = file.read(4096)
    for magic, (what, remedy) in _FORMATS.items():
        if begin.startswith(magic):
            return Problem(name, 0, "", what, remedy.format(name=name))
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")):
        what = "begins with a byte order mark of UTF-16"
        return Problem(name, 1, "", what, f"save the file as plain UTF-8: iconv -f utf-16 -t utf-8 {name}")
    if b"\r" in begin.strip() and b"\n" not in begin:
        return Problem(
            name, 1, "", "ends its lines with CR alone", f"end them with LF: tr '\\r' '\\n' < {name}"
        )
    first = begin.strip().split(b"\n", 1)[0].strip()
    if first[:1] not in (b"{", b"[", b"") and re.match(rb'[\w" .-]+[,;\t]', first):
        how = "python -c \"import pandas; pandas.read_csv(...).to_json(..., orient='records', lines=True)\""
        return Problem(name, 1, "", "looks like CSV", f"{ONE_A_LINE}: {how}")
    if first == b"[" or (first.startswith(b"[{") and not first.endswith(b"]")) or first.startswith(b'[{"'):
        return Problem(name, 1, "", "is one JSON array", f"{ONE_A_LINE}: {_ARRAY.format(name=name)}")
    if first == b"{" and b"\n" in begin.strip():
        return Problem(
            name, 1, "", "has an object over several lines", f"{ONE_A_LINE}: jq -c . {name} > plain.jsonl"
        )
    return None


def _instead(path: Path) -> str:
    """The remedy for a missing file: a file beside it that it may be, by its name."""
    stem = path.name.removesuffix(".jsonl")
    if not path.parent.is_dir():
        return "put the file there"
    near = sorted(other.name for other in path.parent.iterdir() if other.name.split(".")[0] == stem)
    if not near:
        here = sorted(other.name for other in path.parent.iterdir() if not other.name.startswith("."))[:6]
        return f"put the file there (the folder holds {', '.join(here)})" if here else "put the file there"
    return f"put the file there: {near[0]} is beside it; save it as one JSON object a line under this name"


def numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers; of one that is too long, enough to see that. Blank lines at the end are left out."""
    blank: list[tuple[int, bytes]] = []
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(LINE_BYTES + 1):
            number += 1
            if not raw.strip() and len(raw) <= LINE_BYTES:
                blank = [*blank, (number, raw)][:1]
            else:
                yield from blank
                blank = []
                yield number, raw
            if len(raw) > LINE_BYTES:
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(LINE_BYTES)


class _Refused(ValueError):
    """Raised inside the JSON reader, with the field that is wrong."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(what)
        self.field = field


def parsed(raw: bytes, file: str, line: int, *, form: str = ONE_A_LINE) -> dict[str, Any] | Problem:
    """The object on a line, or what is wrong with it; `form` says what an object should be."""

    def problem(field: str, what: str, remedy: str) -> Problem:
        return Problem(file, line, field, what, remedy)

    if len(raw) > LINE_BYTES:
        return problem("", f"is longer than {LINE_BYTES >> 20} MiB", "shorten its texts")
    if line == 1 and raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return problem("", "begins with a byte order mark", "save the file as plain UTF-8")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        remedy = f"save the file as UTF-8, e.g. iconv -f latin1 -t utf-8 {file}"
        return problem("", f"is not UTF-8 at byte {error.start + 1}", remedy)
    if not text.strip():
        return problem("", "is blank", "remove the line")
    try:
        body = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except _Refused as error:
        return problem(short(error.field)[1:-1], str(error), "keep one value, and numbers that are numbers")
    except json.JSONDecodeError as error:
        return problem("", f"is not JSON ({error.msg}, column {error.colno})", ONE_A_LINE)
    except RecursionError:
        return problem("", "is nested too deeply", form)
    except ValueError as error:  # a number of thousands of digits
        return problem("", f"is not JSON ({error})", ONE_A_LINE)
    if not isinstance(body, dict):
        return problem("", f"is {type_word(body)}, not an object", form)
    return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise _Refused(key, "is given twice")
        seen[key] = value
    return seen


def _no_constant(word: str) -> Any:
    raise _Refused("", f"holds {word}, which is no JSON value")


def type_word(value: object) -> str:
    """The type of a JSON value in words."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def short(value: object) -> str:
    """A JSON value as a message shows it: on one line, sixty characters at most."""
    words = json.dumps(value, ensure_ascii=True)
    return words if len(words) <= 60 else words[:57] + "..."
