"""Submitted code as a git repository that no agent can touch and no git program ever runs in.

Each snapshot is a commit whose parents are the snapshots it builds on, also across researchers, so
that `git log --graph --all` draws the lineage, here and in a clone. The branch NAME is a researcher's last one, the
branch `snapshots` the last of all; drafts, which nobody handed in, have none. `refs/snapshots/KEY` keeps every one, and
makes putting the same thing twice give the same commit.

Which files may be stored is the rule of `aar.submissions.source`.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aar.errors import BadSnapshot
from aar.submissions import source
from w2s.errors import NotFound

_NEWEST = "snapshots"
"""Branch of the newest snapshot, which a clone shows."""
_RESEARCHER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Snapshot:
    """A stored method: `commit` names this putting of it, `tree` its content alone (the code hash)."""

    commit: str
    tree: str


class Snapshots:
    """The bare repository at `path`, made where it is missing; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        import pygit2

        pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, True)
        self._lock = threading.Lock()
        self._repository: Any = pygit2.init_repository(str(path), bare=True, initial_head=_NEWEST)

    def put(
        self,
        files: Mapping[str, str],
        *,
        researcher: str,
        message: str,
        parents: Sequence[str] = (),
        draft: bool = False,
    ) -> Snapshot:
        """Store `files` (relative name to text); the same again gives the same commit.

        `parents` are commits of earlier snapshots. Raises `BadSnapshot` for files outside the bounds and
        `NotFound` for an unknown parent.
        """
        import pygit2

        source.check(files)
        if not _RESEARCHER.fullmatch(researcher) or researcher == _NEWEST:
            raise BadSnapshot(f"{researcher!r} cannot name a researcher; use letters, digits and '-'")
        with self._lock:
            lineage = [self._commit(parent).id for parent in dict.fromkeys(parents)]
            tree = self._write(files)
            text = message.encode("utf-8", "replace").decode().replace("\0", " ")
            ref = _ref(str(tree), researcher, text, parents=map(str, lineage))
            known = self._repository.references.get(ref)
            # a reference without its commit is what a copy of the folder may have, made while this was written
            if known is not None and isinstance(self._repository.get(known.target), pygit2.Commit):
                return Snapshot(commit=str(known.target), tree=str(tree))
            author = pygit2.Signature(researcher, f"{researcher}@lab.invalid", int(time.time()), 0)
            commit = self._repository.create_commit(None, author, author, text, tree, lineage)
            for branch in () if draft else (researcher, _NEWEST):
                self._repository.references.create(f"refs/heads/{branch}", commit, force=True)
            # last, because its existence says that all of the above is done
            self._repository.references.create(ref, commit, force=True)
            return Snapshot(commit=str(commit), tree=str(tree))

    def holds(self, tree: str, *, researcher: str, message: str) -> bool:
        """Whether a researcher has put these files with this message, on no parent."""
        with self._lock:
            return _ref(tree, researcher, message) in self._repository.references

    def get(self, commit: str) -> dict[str, str]:
        """The files of a snapshot, by name; `NotFound` for an unknown commit."""
        with self._lock:
            return dict(self._read(self._commit(commit).tree, prefix=""))

    def parents(self, commit: str) -> tuple[str, ...]:
        """The snapshots that this one builds on."""
        with self._lock:
            return tuple(str(parent) for parent in self._commit(commit).parent_ids)

    def latest(self, researcher: str) -> str | None:
        """A researcher's last snapshot, or None."""
        with self._lock:
            reference = self._repository.references.get(f"refs/heads/{researcher}")
            return None if reference is None else str(reference.target)

    def _commit(self, name: str) -> Any:
        import pygit2

        if re.fullmatch(r"[0-9a-f]{40}", name):
            commit = self._repository.get(name)
            if isinstance(commit, pygit2.Commit):
                return commit
        raise NotFound(f"no snapshot {name!r}; name one by the 40 letters of its commit")

    def _write(self, files: Mapping[str, str]) -> Any:
        import pygit2

        folders: dict[str, dict[str, str]] = {"": {}}
        for name, text in files.items():
            folder, _, base = name.rpartition("/")
            folders.setdefault(folder, {})[base] = text
        root = self._repository.TreeBuilder()
        for folder, members in folders.items():
            builder = root if not folder else self._repository.TreeBuilder()
            for base, text in members.items():
                blob = self._repository.create_blob(text.encode())
                builder.insert(base, blob, pygit2.enums.FileMode.BLOB)
            if folder:
                root.insert(folder, builder.write(), pygit2.enums.FileMode.TREE)
        return root.write()

    def _read(self, tree: Any, *, prefix: str) -> list[tuple[str, str]]:
        import pygit2

        files: list[tuple[str, str]] = []
        for entry in tree:
            if isinstance(entry, pygit2.Tree):
                files += self._read(entry, prefix=f"{prefix}{entry.name}/")
            else:
                files.append((prefix + entry.name, entry.data.decode()))
        return files


def tree_of(files: Mapping[str, str]) -> str:
    """Hash of the content, as `Snapshots.put` gives it, without storing anything; `BadSnapshot` for bad files.

    >>> tree_of({"method.py": "x = 1\\n"})
    'bf0c028ae093e160b00abd33f7d7d9b9a50c5eae'
    """
    source.check(files)
    folders: dict[str, list[tuple[str, bytes]]] = {"": []}
    for name, text in files.items():
        folder, _, base = name.rpartition("/")
        folders.setdefault(folder, []).append(
            (base, b"100644 " + base.encode() + b"\0" + _hash("blob", text.encode()))
        )
    for folder, entries in folders.items():
        if folder:
            # git orders a folder as if its name ended with a slash
            entry = b"40000 " + folder.encode() + b"\0" + _hash("tree", _joined(entries))
            folders[""].append((f"{folder}/", entry))
    return _hash("tree", _joined(folders[""])).hex()


def _joined(entries: Sequence[tuple[str, bytes]]) -> bytes:
    return b"".join(entry for _, entry in sorted(entries))


def _hash(kind: str, content: bytes) -> bytes:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).digest()


def _ref(tree: str, researcher: str, text: str, *, parents: Iterable[str] = ()) -> str:
    """Name of the reference that keeps a snapshot: the same thing put twice has the same."""
    identity = "\n".join([tree, researcher, *parents, text])
    return f"refs/snapshots/{hashlib.sha256(identity.encode()).hexdigest()}"
