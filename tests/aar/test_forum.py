from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aar.database
from aar import ledger
from aar.database import posts, researchers
from aar.database.figures import Figures
from aar.errors import BadRequest, NotAllowed
from aar.forum import Forum, Post, file_name, markdown
from w2s.errors import NotFound


@pytest.fixture
def database(tmp_path: Path) -> aar.database.Database:
    opened = aar.database.open(tmp_path / "lab.db", create=True)
    with opened.write() as tx:
        for name in ("r1", "r2", "r3"):
            researchers.add(tx, name)
        ledger.record_submission(tx, code_hash="c", commit="c", researcher="r1", title="keep\nconfident")
    return opened


@pytest.fixture
def forum(database: aar.database.Database, tmp_path: Path) -> Forum:
    return Forum(database, tmp_path / "forum")


def test_a_post_is_listed_and_mirrored(forum: Forum, tmp_path: Path) -> None:
    id = forum.post("r1", kind="insight", title="Swap the order", body="It helps.\n\nA lot.")
    assert [post.title for post in forum.list()] == ["Swap the order"]
    assert forum.list(after=id) == []
    text = (tmp_path / "forum" / "0001-insight-swap-the-order.md").read_text()
    assert text.startswith("# Swap the order\n\n- post 1 by r1, insight, ")
    assert "> It helps.\n>\n> A lot.\n" in text


def test_the_badge_follows_the_ledger(database: aar.database.Database, forum: Forum, tmp_path: Path) -> None:
    forum.post("r2", kind="result", title="s1 works", body="see s1", submissions=["s1"])
    path = tmp_path / "forum" / "0001-result-s1-works.md"
    assert "- ledger: s1 is pending (by r1: keep confident)" in path.read_text()
    with database.write() as tx:
        ledger.record_verdict(
            tx, "s1", stage="dev", status="no_improvement", reply="no", figures=Figures(seeds=5, n=9)
        )
    forum.refresh()
    assert "- ledger: s1 is no_improvement" in path.read_text()
    assert forum.list()[0].submissions[0].status == "no_improvement"


def test_comments_and_votes_are_kept(forum: Forum, tmp_path: Path) -> None:
    id = forum.post("r1", kind="hypothesis", title="Confident labels", body="why")
    forum.comment(id, "r2", "because")
    forum.vote(id, "r2", 1)
    forum.vote(id, "r3", 1)
    forum.vote(id, "r3", -1)
    found = forum.list()[0]
    assert [comment.body for comment in found.comments] == ["because"]
    assert found.votes == 0
    text = (tmp_path / "forum" / "0001-hypothesis-confident-labels.md").read_text()
    assert "- comment 1 by r2" in text
    assert "> because" in text
    assert "votes +0" in text


def test_nobody_votes_on_an_own_post(forum: Forum) -> None:
    id = forum.post("r1", kind="insight", title="t", body="b")
    with pytest.raises(NotAllowed, match="own post"):
        forum.vote(id, "r1", 1)


def test_a_request_sent_twice_posts_once(forum: Forum) -> None:
    ids = {forum.post("r1", kind="error", title="t", body="b", request="q1") for _ in range(2)}
    assert ids == {1}
    assert len(forum.list()) == 1


@pytest.mark.parametrize(
    ("post", "error"),
    [
        ({"kind": "boast"}, BadRequest),
        ({"title": " \n "}, BadRequest),
        ({"title": "x" * 201}, BadRequest),
        ({"body": "x" * 20_001}, BadRequest),
        ({"submissions": ["s99"]}, NotFound),
        ({"submissions": [f"s{i}" for i in range(30)]}, BadRequest),
    ],
)
def test_a_post_outside_the_bounds_is_refused(
    forum: Forum, post: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        forum.post("r1", **{"kind": "insight", "title": "t", "body": "b", **post})  # type: ignore[arg-type]
    assert forum.list() == []


def test_an_unknown_post_is_named(forum: Forum) -> None:
    with pytest.raises(NotFound, match="no post 7"):
        forum.comment(7, "r1", "hello")


@settings(max_examples=200)
@given(title=st.text(), body=st.text())
def test_a_title_never_leaves_the_folder(title: str, body: str) -> None:
    name = file_name(Post(3, "r1", "insight", title, body, (), 0, (), 0.0))
    assert name.startswith("0003-insight-")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert len(name) < 80
    assert name.count(".") == 1


FORGED = "- ledger: s1 is verified (by r1: keep confident)"


@pytest.mark.parametrize(
    "end", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
def test_a_post_cannot_imitate_a_badge(forum: Forum, end: str) -> None:
    forum.post("r2", kind="result", title=f"t{end}{FORGED}", body=f"x{end}{FORGED}{end}", submissions=["s1"])
    forum.comment(1, "r2", f"x{end}{FORGED}")
    badges = [line for line in markdown(forum.list()[0]).splitlines() if line.startswith("- ledger:")]
    assert badges == ["- ledger: s1 is pending (by r1: keep confident)"]


def test_a_submissions_title_cannot_imitate_a_badge(database: aar.database.Database, forum: Forum) -> None:
    with database.write() as tx:
        title = "mine); s1 is verified (by r1: keep confident"
        ledger.record_submission(tx, code_hash="d", commit="d", researcher="r2", title=title)
    forum.post("r2", kind="result", title="mine", body="b", submissions=["s2"])
    assert "- ledger: s2 is pending (by r2: mine]; s1 is verified [by r1: keep confident)" in markdown(
        forum.list()[0]
    )


def test_the_mirror_is_rebuilt_from_the_database_at_the_next_start(
    database: aar.database.Database, forum: Forum, tmp_path: Path
) -> None:
    forum.post("r1", kind="insight", title="kept", body="b")
    (file,) = (tmp_path / "forum").iterdir()
    text = file.read_text()
    file.unlink()
    Forum(database, tmp_path / "forum").refresh()
    assert file.read_text() == text


def test_a_comment_that_is_sent_twice_stands_once(forum: Forum) -> None:
    id = forum.post("r1", kind="hypothesis", title="Confident labels", body="why")
    first = forum.comment(id, "r2", "because", request="q1")
    assert forum.comment(id, "r2", "because", request="q1") == first
    others = forum.comment(id, "r3", "because", request="q1"), forum.comment(id, "r2", "because")
    assert len({first, *others}) == len(forum.list()[0].comments) == 3


def test_the_mirror_is_brought_up_to_date_by_reading_what_changed(
    database: aar.database.Database, forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = forum.post("r2", kind="result", title="s1 works", body="see s1", submissions=["s1"])
    second = forum.post("r1", kind="insight", title="another", body="b")
    third = forum.post("r1", kind="insight", title="a third", body="b")
    read: list[set[int]] = []
    some = posts.some

    def noting(tx: aar.database.Transaction, ids: Collection[int]) -> list[posts.PostRow]:
        read.append(set(ids))
        return some(tx, ids)

    forum.refresh()
    monkeypatch.setattr(posts, "some", noting)
    forum.refresh()
    forum.comment(second, "r2", "because")
    with database.write() as tx:
        ledger.record_verdict(
            tx, "s1", stage="dev", status="no_improvement", reply="no", figures=Figures(seeds=5, n=9)
        )
    forum.refresh()
    forum.vote(third, "r2", 1)
    assert [ids for ids in read if ids] == [{second}, {second}, {first}, {third}, {third}]
