from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aar.errors import BadSnapshot
from aar.submissions.snapshots import Snapshots, tree_of
from aar.submissions.source import check as check_files
from w2s.bounds import SUBMISSION_BYTES as MAX_BYTES
from w2s.errors import NotFound

METHOD = {"method.py": "def run(bench):\n    ...\n", "parts/denoise.py": "x = 'é'\n"}


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "snapshots.git")


def test_what_is_put_is_got_back(snapshots: Snapshots) -> None:
    kept = snapshots.put(METHOD, researcher="r1", message="keep confident")
    assert snapshots.get(kept.commit) == METHOD
    assert snapshots.latest("r1") == kept.commit


def test_the_same_again_is_the_same_snapshot(snapshots: Snapshots, tmp_path: Path) -> None:
    first = snapshots.put(METHOD, researcher="r1", message="keep confident")
    snapshots.put({"method.py": ""}, researcher="r1", message="something else")
    assert (
        Snapshots(tmp_path / "snapshots.git").put(METHOD, researcher="r1", message="keep confident") == first
    )


def test_the_tree_names_the_content_alone(snapshots: Snapshots) -> None:
    one = snapshots.put(METHOD, researcher="r1", message="mine")
    other = snapshots.put(dict(reversed(METHOD.items())), researcher="r2", message="yours")
    assert one.tree == other.tree
    assert one.commit != other.commit
    assert snapshots.put({"method.py": "1"}, researcher="r1", message="mine").tree != one.tree


@pytest.mark.parametrize(
    "files",
    [METHOD, {"method.py": ""}, {"method.py": "1", "method/a.py": "2", "methoda.py": "3", "a/b.py": "é"}],
)
def test_the_hash_of_a_tree_is_known_before_it_is_stored(snapshots: Snapshots, files: dict[str, str]) -> None:
    assert tree_of(files) == snapshots.put(files, researcher="r1", message="m").tree


def test_a_reference_whose_commit_is_lost_is_written_anew(snapshots: Snapshots, tmp_path: Path) -> None:
    kept = snapshots.put(METHOD, researcher="r1", message="m")
    objects = tmp_path / "snapshots.git" / "objects"
    (objects / kept.commit[:2] / kept.commit[2:]).unlink()
    again = Snapshots(tmp_path / "snapshots.git").put(METHOD, researcher="r1", message="m")
    assert Snapshots(tmp_path / "snapshots.git").get(again.commit) == METHOD


def test_parents_show_what_was_built_on_what(snapshots: Snapshots) -> None:
    first = snapshots.put(METHOD, researcher="r1", message="first")
    second = snapshots.put({"method.py": "2"}, researcher="r2", message="second")
    both = snapshots.put(
        {"method.py": "3"}, researcher="r3", message="both", parents=[second.commit, first.commit]
    )
    assert snapshots.parents(both.commit) == (second.commit, first.commit)
    assert snapshots.parents(first.commit) == ()


def test_an_unknown_snapshot_is_named(snapshots: Snapshots) -> None:
    with pytest.raises(NotFound, match="no snapshot"):
        snapshots.get("0" * 40)
    with pytest.raises(NotFound, match="no snapshot"):
        snapshots.put(METHOD, researcher="r1", message="x", parents=["HEAD"])


@pytest.mark.parametrize(
    "name",
    [
        "../method.py",
        "/method.py",
        "a/b/c.py",
        ".hidden.py",
        "parts/.hidden.py",
        ".git/config.py",
        "method.txt",
        "method.py/",
        "parts\\method.py",
        "data.npy",
        "method.py\n",
        "mé.py",
        "",
        "w2s/__init__.py",
        "torch.py",
        "sitecustomize.py",
        "a" * 200 + ".py",
    ],
)
def test_a_name_with_tricks_is_refused(snapshots: Snapshots, name: str) -> None:
    with pytest.raises(BadSnapshot):
        snapshots.put({"method.py": "", name: ""}, researcher="r1", message="x")


@given(name=st.text())
def test_an_allowed_name_stays_in_the_folder(name: str) -> None:
    try:
        check_files({name: ""})
    except BadSnapshot:
        return
    parts = Path(name).parts
    assert len(parts) <= 2
    assert name.isascii()
    assert name.endswith(".py")
    assert not any(part.startswith((".", "/")) for part in parts)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no files"),
        ({"method.py": "x" * (MAX_BYTES + 1)}, "at most 65536"),
        ({"method.py": "a\0b"}, "zero byte"),
        ({"method.py": "\udc80"}, "not UTF-8"),
        ({"method.py": "", "METHOD.py": ""}, "letter case"),
        ({"parts/a.py": "", "Parts/b.py": ""}, "letter case"),
        ({f"m{i}.py": "" for i in range(40)}, "at most 32"),
    ],
)
def test_files_outside_the_bounds_are_refused(files: dict[str, str], said: str) -> None:
    with pytest.raises(BadSnapshot, match=said):
        check_files(files)


def test_a_researcher_cannot_be_named_into_another_ref(snapshots: Snapshots) -> None:
    with pytest.raises(BadSnapshot, match="cannot name a researcher"):
        snapshots.put(METHOD, researcher="../snapshots/x", message="x")
