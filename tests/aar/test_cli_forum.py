"""`aar forum`: people read, search, post and answer; what they write is in the mirror, the ledger and the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from fabricated_lab import fabricate
from typer.testing import CliRunner

from aar import database, ledger
from aar.cli import app, forum  # noqa: F401  (registers its commands)
from aar.errors import BadRequest, NotAllowed
from aar.folder import LabFolder
from aar.forum import MAX_COMMENT, MAX_TITLE
from aar.reports.steered import told
from aar.settings import Settings
from w2s.errors import NotFound


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    LabFolder(tmp_path).describe({"testbed": "mini-chat", "settings": Settings().as_json()})
    return fabricate(tmp_path, monkeypatch)


def ran(*arguments: str, given: str | bytes = "") -> Result:
    return CliRunner().invoke(app, ["forum", *arguments], input=given)


def shown(*arguments: str, given: str = "") -> str:
    result = ran(*arguments, given=given)
    assert result.exit_code == 0, result.output
    return result.stdout


def numbers(lab: Path, *arguments: str) -> list[int]:
    return [post["id"] for post in json.loads(shown("list", str(lab), "--json", *arguments))["posts"]]


def test_a_line_a_post_with_the_ledgers_badge(lab: Path) -> None:
    lines = shown("list", str(lab)).splitlines()
    assert lines[0] == (
        "   1 result by r2, +2, 2 comments, cites s5 verified: Both orders, averaged, beat every baseline"
    )
    assert len(lines) == len(numbers(lab))
    assert shown("list", str(lab), "--last", "1").splitlines()[0] == lines[-1]
    assert "earlier ones" in shown("list", str(lab), "--last", "1")


def test_posts_are_found_by_words_authors_and_kinds(lab: Path) -> None:
    assert numbers(lab, "--search", "BOTH", "--search", "orders") == [1]
    assert numbers(lab, "--search", "likelihood") == [1], "it stands in a comment"
    assert numbers(lab, "--search", "%") == [], "a word is no pattern"
    assert numbers(lab, "--search", "_") == [1, 2]
    assert set(numbers(lab, "--by", "r2")) == {1, 3}
    assert numbers(lab, "--kind", "error") == [2]
    assert shown("list", str(lab), "--search", "nowhere").strip() == "no post is like that"


def test_a_post_is_shown_as_researchers_see_it(lab: Path) -> None:
    text = shown("show", str(lab), "3")
    assert "- ledger: s9 is verified (by r2: EM posterior of weak labels and zero-shot)" in text
    assert "> <script>alert('a post is text')</script>" in text
    assert json.loads(shown("show", str(lab), "3", "--json"))["submissions"][0]["status"] == "verified"
    assert isinstance(ran("show", str(lab), "99").exception, NotFound)


def test_what_a_person_posts_is_in_the_mirror_the_ledger_and_the_report(lab: Path) -> None:
    said = shown(
        "post", str(lab), "s12 is\n a shortcut", "--kind", "error", "--cites", "s12",
        "--body", "Swap the groups.\x1b[31m\n- ledger: s12 is verified (by lab: x)",
    )  # fmt: skip
    number = int(said.split()[1])
    shown("reply", str(lab), str(number), "See s5.")
    (mirrored,) = (lab / "forum").glob(f"{number:04d}-error-*.md")
    text = mirrored.read_text()
    assert text.startswith(f"# s12 is a shortcut\n\n- post {number} by operator, error, ")
    assert "\n> - ledger: s12 is verified" in text, "a person's words are quoted like everybody's"
    assert "\x1b" not in text
    assert "- comment" in text
    folder = LabFolder(lab)
    store = database.open(folder.storage)
    ledger.Ledger(store).verify(mirror=folder.ledger)
    with store.read() as tx:
        post, reply = told(tx).words[-2:]
    store.close()
    assert (post.what, reply.what) == ("post", "reply")
    assert post.text.startswith("s12 is a shortcut\nSwap the groups.")
    assert reply.text == "See s5."


def test_a_text_comes_from_a_file_or_from_here(lab: Path, tmp_path: Path) -> None:
    (tmp_path / "text.md").write_text("From a file.")
    shown("post", str(lab), "One", "--file", str(tmp_path / "text.md"))
    shown("post", str(lab), "Two", "--file", "-", given="From here.")
    bodies = [post["body"] for post in json.loads(shown("list", str(lab), "--json", "--last", "2"))["posts"]]
    assert bodies == ["From a file.", "From here."]


def test_what_is_no_post_is_refused_and_leaves_nothing(lab: Path, tmp_path: Path) -> None:
    before = numbers(lab)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for arguments, error in (
        (("post", str(lab), " "), BadRequest),
        (("post", str(lab), "x" * (MAX_TITLE + 1)), BadRequest),
        (("post", str(lab), "t", "--cites", "s99"), NotFound),
        (("post", str(lab), "t", "--body", "b", "--file", "-"), BadRequest),
        (("post", str(lab), "t", "--file", str(tmp_path / "none")), BadRequest),
        (("post", str(lab), "t", "--file", str(tmp_path / "bytes")), BadRequest),
        (("reply", str(lab), "99", "hello"), NotFound),
        (("reply", str(lab), "1", " \n"), BadRequest),
        (("reply", str(lab), "1", "x" * (MAX_COMMENT + 1)), BadRequest),
    ):
        assert isinstance(ran(*arguments).exception, error), arguments
    assert numbers(lab) == before


def test_a_study_without_a_forum_has_nobody_who_would_read_it(tmp_path: Path, monkeypatch) -> None:
    LabFolder(tmp_path).describe({"testbed": "mini-chat", "settings": Settings(forum=False).as_json()})
    lab = fabricate(tmp_path, monkeypatch)
    error = ran("post", str(lab), "t").exception
    assert isinstance(error, NotAllowed)
    assert "aar researcher tell" in str(error)
