"""Would: overwrites what another has handed in, or smuggles a file into it, by the names of its own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from aar.errors import BadSnapshot
from aar.submissions.snapshots import Snapshots
from w2s.errors import NotFound

HONEST = {"method.py": "def run(bench): ...\n"}
EVIL = "def run(bench): raise SystemExit\n"
NAMES = (
    "../r2/method.py",
    "/r2/method.py",
    "parts/../../r2/method.py",
    ".git/hooks/post-update.py",
    "method.py/../method.py",
    "METHOD.py\n",
    "w2s.py",
    "numpy/__init__.py",
    "method.py\0.txt",
    "data.bin",
)


def test_careless_folders_are_overwritten_by_a_name(tmp_path: Path, table) -> None:
    for who, files in (("r2", HONEST), ("r1", {NAMES[0]: EVIL})):
        for name, text in files.items():
            path = Path(f"{tmp_path}/{who}/{name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (tmp_path / "r1").mkdir(exist_ok=True)
    assert (tmp_path / "r2" / "method.py").read_text() == EVIL
    table("anothers_snapshot", without="another's method is replaced")


def test_a_snapshot_is_written_once_and_read_by_its_content(tmp_path: Path, table) -> None:
    kept = Snapshots(tmp_path / "snapshots.git")
    theirs = kept.put(HONEST, researcher="r2", message="honest")
    for name in NAMES:
        with pytest.raises(BadSnapshot):
            kept.put({"method.py": EVIL, name: EVIL}, researcher="r1", message="evil")
    for researcher in ("../r2", "r2/../r2", "refs/heads/r2", ""):
        with pytest.raises(BadSnapshot):
            kept.put({"method.py": EVIL}, researcher=researcher, message="evil")
    mine = kept.put({"method.py": EVIL}, researcher="r1", message="evil", parents=[theirs.commit])
    assert kept.get(theirs.commit) == HONEST
    assert kept.latest("r2") == theirs.commit
    assert kept.get(mine.commit) == {"method.py": EVIL}
    with pytest.raises(NotFound):
        kept.get("refs/researchers/r2")
    table("anothers_snapshot", ended="refused: BadSnapshot", by="names checked, content addressed")
