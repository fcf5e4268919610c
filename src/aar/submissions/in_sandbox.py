"""A method's files are read inside the researcher's sandbox, so that a link in its folder leads nowhere.

Which files may be sent is the rule that all doors share (`aar.submissions.source`).

Covered: no path of the host is ever opened, and no link is followed; a folder of any size (listing ends with the first
file too many). Not covered: what the code says; the lab checks and sandboxes that.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Protocol

from aar.errors import BadSnapshot
from aar.submissions.source import Found, method_of
from w2s.bounds import SUBMISSION_BYTES
from w2s.errors import NoRun

MOST_FOUND = 1000
"""Entries of a folder that are listed; hidden ones are not."""

# Runs in the sandbox: walks the folder by descriptors without following links, and prints one JSON object.
READER = """
import base64, json, os, stat, sys
folder, most, most_found = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
found = []

def walk(place, below):
    for name in sorted(os.listdir(place)):
        if name.startswith(".") or name == "__pycache__":
            continue
        if len(found) >= most_found:
            raise OSError("it holds too many files")
        kind = stat.S_IFMT(os.stat(name, dir_fd=place, follow_symlinks=False).st_mode)
        if kind == stat.S_IFDIR:
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            try:
                walk(inner, below + name + "/")
            finally:
                os.close(inner)
        elif kind == stat.S_IFREG:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
            with os.fdopen(handle, "rb") as stream:
                data = stream.read(most + 1) if name.endswith(".py") else b""
            found.append([below + name, "file", base64.b64encode(data).decode()])
        else:
            found.append([below + name, "link" if kind == stat.S_IFLNK else "other", ""])

try:
    walk(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW), "")
    print(json.dumps({"found": found}))
except OSError as error:
    print(json.dumps({"error": str(error)}))
"""


class Output(Protocol):
    """Output of a command."""

    @property
    def stdout(self) -> str: ...  # noqa: D102
    @property
    def stderr(self) -> str: ...  # noqa: D102


class Shell(Protocol):
    """Shell of a workspace; `aar.sandboxes.Workspace` is one."""

    async def exec(self, cmd: Sequence[str], *, timeout: float | None = None) -> Output:
        """Run a command, for `timeout` seconds at most."""
        ...


async def collect(workspace: Shell, folder: str) -> dict[str, str]:
    """The .py files of a method's folder by name; raises `BadSnapshot` with what to change."""
    command = ["python3", "-I", "-c", READER, folder, str(SUBMISSION_BYTES), str(MOST_FOUND)]
    done = await workspace.exec(command, timeout=30)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise BadSnapshot(f"the folder {folder!r} could not be read: {done.stderr.strip()[-200:]}") from None
    return read(answer, folder)


def read(answer: object, folder: str) -> dict[str, str]:
    """The files that the reader found; what it prints is a stranger's, as everything in its sandbox is."""
    if isinstance(answer, dict) and "error" in answer:
        raise BadSnapshot(f"the folder {folder!r} cannot be sent: {answer['error']}")
    try:
        listed = answer["found"]  # type: ignore[index]
        entries = [Found(str(name), kind, base64.b64decode(data)) for name, kind, data in listed]
    except (TypeError, KeyError, ValueError):
        raise BadSnapshot(f"the folder {folder!r} could not be read") from None
    try:
        return method_of(entries, folder=f"the folder {folder!r}")
    except NoRun as error:
        raise BadSnapshot(str(error)) from error
