"""A method's files are read inside the researcher's sandbox, so that a link in its folder leads nowhere.

Covers: only regular .py files directly in the folder, no links, 64 KiB in all, and no path of the host is
ever opened. Does not cover: what the code says; the lab checks and sandboxes that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

from aar.errors import BadSnapshot

MOST_BYTES = 64 * 1024
MOST_FILES = 32

# Runs in the sandbox: opens the folder and each file without following links, and prints one JSON object.
_READER = """
import json, os, stat, sys
folder, most = sys.argv[1], int(sys.argv[2])
files = {}
try:
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    for name in sorted(os.listdir(place)):
        if not name.endswith(".py"):
            continue
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{name} is not a regular file")
        with os.fdopen(handle, "rb") as stream:
            data = stream.read(most + 1)
        most -= len(data)
        if most < 0:
            raise OSError("its .py files are larger than 64 KiB in all")
        files[name] = data.decode("utf-8")
    print(json.dumps({"files": files}))
except (OSError, UnicodeDecodeError) as error:
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
    done = await workspace.exec(["python3", "-I", "-c", _READER, folder, str(MOST_BYTES)], timeout=30)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise BadSnapshot(f"the folder {folder!r} could not be read: {done.stderr.strip()[-200:]}") from None
    if "error" in answer:
        raise BadSnapshot(f"the folder {folder!r} cannot be sent: {answer['error']}")
    files = answer.get("files")
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in files.values()):
        raise BadSnapshot(f"the folder {folder!r} could not be read")
    if "method.py" not in files:
        raise BadSnapshot(f"the folder {folder!r} has no method.py; write one with `def run(bench)`")
    if len(files) > MOST_FILES or sum(len(text.encode()) for text in files.values()) > MOST_BYTES:
        raise BadSnapshot(f"the folder {folder!r} has too many or too large .py files; 64 KiB in all")
    return files
