"""`docs/walk.md` names the files of a submission's walk in order: each is there, and the page counts them rightly."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "walk.md").read_text(encoding="utf-8")
FILES = re.findall(r"`(src/[\w/]+\.py)`", PAGE)


def test_every_file_of_the_walk_is_there_and_is_named_once() -> None:
    assert [name for name in FILES if not (ROOT / name).is_file()] == []
    assert len(FILES) == len(set(FILES))


def test_the_page_counts_the_modules_and_the_hand_overs_that_it_names() -> None:
    (modules,) = re.findall(r"^\| modules on the way \| (\d+) \|", PAGE, flags=re.MULTILINE)
    assert int(modules) == len(FILES)
    (hand_overs,) = re.findall(r"^\| hand-overs through the database \| (\d+) \|", PAGE, flags=re.MULTILINE)
    assert re.findall(r"\*\*hand-over (\d)\*\*", PAGE) == [str(i + 1) for i in range(int(hand_overs))]
