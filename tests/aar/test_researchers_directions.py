"""Directions: the study's families by condition, or one's own from a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from aar.conditions import MOST_DIRECTION
from aar.errors import SettingsError
from aar.researchers import directions
from aar.researchers.directions.conditions import given_out, read

TEAM = [f"r{i}" for i in range(1, 14)]


def test_diverse_directions_are_all_different_until_they_start_over() -> None:
    found = given_out("diverse", TEAM, seed=0)
    assert list(found.values())[:11] == directions.names()
    assert (found["r12"], found["r13"]) == (found["r1"], found["r2"])


def test_an_identical_direction_is_one_that_the_seed_draws() -> None:
    drawn = {seed: set(given_out("identical", TEAM, seed=seed).values()) for seed in range(40)}
    assert all(len(found) == 1 for found in drawn.values())
    assert len(set.union(*drawn.values())) >= 8
    assert drawn[3] == set(given_out("identical", TEAM[:2], seed=3).values())


def test_none_is_no_direction_and_all_is_every_one_in_words() -> None:
    assert set(given_out("none", TEAM, seed=0).values()) == {""}
    (everything,) = set(given_out("all", TEAM, seed=0).values())
    words = directions.words(everything)
    assert all(directions.text(name) in words for name in directions.names())


def test_own_directions_take_the_place_of_the_families(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# Second\n\nLook there.\n")
    (tmp_path / "a.md").write_text("First: look here.")
    (tmp_path / "notes.txt").write_text("no direction")
    (tmp_path / ".hidden.md").write_text("no direction")
    own = read(tmp_path)
    assert own == ["First: look here.", "# Second\n\nLook there."]
    found = given_out("diverse", TEAM[:3], seed=0, own=own)
    assert [directions.title(text) for text in found.values()] == [
        "First: look here.",
        "Second",
        "First: look here.",
    ]
    assert given_out("identical", TEAM[:2], seed=0, own=own)["r1"] in own
    assert given_out("all", TEAM[:1], seed=0, own=own)["r1"] == "\n\n".join(own)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "no Markdown file"),
        ({"a.md": b""}, "0 characters"),
        ({"a.md": b"x" * (MOST_DIRECTION + 1)}, f"1 to {MOST_DIRECTION}"),
        ({"a.md": b"\xff\xfe"}, "UTF-8"),
        ({"a.md": b"same", "b.md": b" same\n"}, "b.md and a.md say the same"),
    ],
)
def test_files_that_are_no_directions_are_named(
    tmp_path: Path, files: dict[str, bytes], expected: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=expected):
        read(tmp_path)
    with pytest.raises(SettingsError, match="cannot be read"):
        read(tmp_path / "missing")


def test_control_characters_do_not_reach_a_model_or_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("look\x1b[31m here\nand there")
    assert read(tmp_path) == ["look[31m here\nand there"]
