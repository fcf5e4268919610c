"""A release is read strictly: what is wrong is refused with its file, line and field, and nothing is repaired."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import release_folder

from w2s.errors import BadTestbed
from w2s.testbeds.real import store
from w2s.testbeds.real.problems import Problems
from w2s.testbeds.real.release import MOST_PROBLEMS, read_items

GOOD = {"prompt": "Why?", "first": "So.", "second": "Not so.", "label": "A"}
CLAIM = {"question": "Why?", "choice": "So.", "label": True}


def trial(folder: Path) -> store.Imported:
    return store.import_release(folder, store.ImportRequest(name="trial"))


def with_line(folder: Path, file: str, line: int, text: str | bytes) -> Path:
    """A good release with one line replaced."""
    release_folder.write(folder, release_folder.lines())
    lines = (folder / file).read_bytes().split(b"\n")
    lines[line - 1] = text.encode() if isinstance(text, str) else text
    (folder / file).write_bytes(b"\n".join(lines))
    return folder


BROKEN = {
    "not JSON": ("train_label.jsonl", 3, "{'prompt': 'Why?'}", "", "is not JSON"),
    "a field is missing": ("train_label.jsonl", 2, json.dumps({**GOOD, "first": None}), "first", "null, not a text"),
    "a field has another name": (
        "test.jsonl", 5, json.dumps({"prompt": "Why?", "first": "a", "secnd": "b", "label": "A"}),
        "secnd", "did you mean second?",
    ),
    "a label of the other form": ("train_unlabel.jsonl", 4, json.dumps({**GOOD, "label": True}), "label", 'write "A"'),
    "a small letter as label": ("test.jsonl", 1, json.dumps({**GOOD, "label": "a"}), "label", 'is "a"'),
    "NaN": ("test.jsonl", 2, json.dumps({**GOOD, "difficulty": float("nan")}), "", "NaN"),
    "a field twice": (
        "train_label.jsonl", 6, '{"prompt": "a", "prompt": "b", "first": "c", "second": "d", "label": "A"}',
        "prompt", "given twice",
    ),
    "another encoding": ("train_unlabel.jsonl", 2, json.dumps(GOOD).encode("utf-16-le"), "", "NUL|not JSON|not UTF-8"),
    "half a character": ("test.jsonl", 3, json.dumps({**GOOD, "first": "\ud800"}), "first", r"U\+D800"),
    "an empty text": ("test.jsonl", 7, json.dumps({**GOOD, "second": " \n"}), "second", "is empty"),
    "a blank line": ("train_label.jsonl", 4, "  ", "", "is blank"),
    "equal answers": ("train_label.jsonl", 4, json.dumps({**GOOD, "second": "So. "}), "second", "same text"),
    "a list": ("test.jsonl", 4, '["prompt"]', "", "is a list"),
    "too deep": ("test.jsonl", 4, "[" * 100_000, "", "nested|not JSON"),
    "a number of many digits": ("test.jsonl", 4, '{"difficulty": 1' + "0" * 5000 + "}", "", "not JSON"),
    "the other form": ("test.jsonl", 9, json.dumps(CLAIM), "question", "another form"),
    "fields of both forms": ("test.jsonl", 9, json.dumps({**GOOD, "choice": "x"}), "choice", "other form"),
    "a byte order mark": ("test.jsonl", 1, b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), "", "byte order mark"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_release_is_refused_with_file_line_and_field(what: str, tmp_path: Path) -> None:
    file, line, text, field, words = BROKEN[what]
    with pytest.raises(Problems, match=words) as caught:
        trial(with_line(tmp_path / "release", file, line, text))
    problem = caught.value.problems[0]
    assert (problem.file, problem.line, problem.field) == (file, line, field)
    assert problem.remedy
    assert "\n" not in str(caught.value)


def test_everything_that_is_wrong_is_told_at_once_but_not_without_end(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    path.write_text("{}\n" * 500)
    found = read_items(path).problems
    assert len(found) == MOST_PROBLEMS
    assert {(problem.line, problem.field) for problem in found[:3]} == {
        (1, "question"),
        (1, "choice"),
        (1, "label"),
    }


@pytest.mark.parametrize("name", release_folder.COUNTS)
def test_a_missing_or_empty_file_is_named(name: str, tmp_path: Path) -> None:
    folder = release_folder.write(tmp_path / "release", release_folder.lines())
    (folder / name).write_text("")
    with pytest.raises(BadTestbed, match=f"{name}: is empty"):
        trial(folder)
    (folder / name).unlink()
    with pytest.raises(BadTestbed, match=f"{name}: is missing"):
        trial(folder)
    (folder / name).mkdir()
    with pytest.raises(BadTestbed, match=f"{name}: is not a file"):
        trial(folder)


def test_files_of_different_forms_are_refused(tmp_path: Path) -> None:
    made = {**release_folder.lines(), "test.jsonl": release_folder.lines("verification")["test.jsonl"]}
    with pytest.raises(BadTestbed, match=r"test.jsonl holds verification items"):
        trial(release_folder.write(tmp_path / "release", made))


def test_items_of_one_class_are_refused(tmp_path: Path) -> None:
    made = release_folder.lines()
    made["train_label.jsonl"] = [{**item, "label": "A"} for item in made["train_label.jsonl"]]
    with pytest.raises(BadTestbed, match="one class"):
        trial(release_folder.write(tmp_path / "release", made))


def test_too_few_questions_are_refused(tmp_path: Path) -> None:
    made = release_folder.lines()
    made["test.jsonl"] = made["test.jsonl"][:6]
    with pytest.raises(BadTestbed, match=r"test items of dev: only \d questions"):
        trial(release_folder.write(tmp_path / "release", made))


def test_items_to_train_on_cannot_be_out_of_distribution(tmp_path: Path) -> None:
    made = release_folder.lines()
    made["train_label.jsonl"][5]["subset"] = "OOD (hard)"
    with pytest.raises(Problems, match="file to train on") as caught:
        trial(release_folder.write(tmp_path / "release", made))
    assert (caught.value.problems[0].file, caught.value.problems[0].line) == ("train_label.jsonl", 6)


def test_a_line_end_of_windows_and_numbers_as_difficulty_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    path.write_bytes((json.dumps({**GOOD, "difficulty": 3, "subset": "RM-Bench"}) + "\r\n").encode())
    (item,) = read_items(path).items
    assert (item.label, item.difficulty, item.subset) == (1, "3", "RM-Bench")


OTHER_FORMATS = {
    "a JSON array": (b'[{"prompt": "a"}, {"prompt": "b"}]', "is one JSON array; write one JSON object a line: jq"),
    "an array over lines": (b'[\n  {"prompt": "a"}\n]', "is one JSON array"),
    "an object over lines": (b'{\n  "prompt": "a"\n}\n', "an object over several lines"),
    "UTF-16": ('{"prompt": "a"}'.encode("utf-16"), "line 1: begins with a byte order mark of UTF-16; save .*iconv"),
    "CSV": (b"prompt,first,second,label\na,b,c,A\n", "looks like CSV; write one JSON object a line: python"),
    "CR alone": (b'{"prompt": "a"}\r{"prompt": "b"}\r', "ends its lines with CR alone; end them with LF"),
    "gzip": (b"\x1f\x8b\x08\x00rest", "is compressed .gzip.; unpack it"),
    "parquet": (b"PAR1rest", "is a parquet file; convert it"),
    "Latin-1": ('{"prompt": "caf\u00e9"}\n'.encode("latin-1"), "line 1: is not UTF-8 at byte 16; save the file"),
    "a very long line": (b'{"prompt": "' + b"a" * (5 << 20) + b'"}\n', "line 1: is longer than 4 MiB"),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHER_FORMATS)
def test_another_format_under_the_name_is_one_problem_with_its_remedy(what: str, tmp_path: Path) -> None:
    content, words = OTHER_FORMATS[what]
    (tmp_path / "test.jsonl").write_bytes(content)
    (problem,) = read_items(tmp_path / "test.jsonl").problems
    assert re.search(words, str(problem))


def test_a_link_is_followed_and_one_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    folder = release_folder.write(tmp_path / "release", release_folder.lines())
    (folder / "test.jsonl").rename(tmp_path / "elsewhere.jsonl")
    (folder / "test.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    assert trial(folder).sizes["dev/test"] > 0
    (tmp_path / "elsewhere.jsonl").unlink()
    with pytest.raises(BadTestbed, match=r"test.jsonl: is a link to .*elsewhere.jsonl, which is not there"):
        trial(folder)


def test_a_missing_file_is_looked_for_under_other_endings(tmp_path: Path) -> None:
    folder = release_folder.write(tmp_path / "release", release_folder.lines())
    (folder / "test.jsonl").rename(folder / "test.json")
    with pytest.raises(BadTestbed, match=r"test.jsonl: is missing; .*test.json is beside it"):
        trial(folder)


def test_a_blank_last_line_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    path.write_text(json.dumps(GOOD) + "\n\n \n")
    assert len(read_items(path).items) == 1
    assert not read_items(path).problems
