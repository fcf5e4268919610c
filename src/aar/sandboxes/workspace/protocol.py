"""One command of a workspace: the request to its daemon, and the reply, checked.

The other side is `inside.exec_daemon`. Covered: lengths that were not asked for, malformed headers, names of variables
that would be options. Not covered: what the output says, which is the agent's own.
"""

from __future__ import annotations

import asyncio
import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from aar.errors import SandboxLost, SandboxRefused

HOME = "/workspace"
OUTPUT_BYTES = 1 << 20
HEADER_BYTES = 4096
NOTHING = struct.pack("!II", 0, 0)
"""No request: a daemon that reads it closes the connection."""

IN_FOLDER = 'cd -- "$1" || exit 126; shift; exec "$@"'


@dataclass(frozen=True)
class ExecResult:
    """Output of a command.

    `returncode` is 128 + signal if a signal ended it; `truncated`: only the end of the output is here.
    """

    returncode: int
    stdout: str
    stderr: str
    timed_out: bool = False
    truncated: bool = False


def request(
    cmd: Sequence[str],
    given: str | bytes | None,
    *,
    cwd: str | None,
    env: Mapping[str, str],
    timeout: float | None,
    output_bytes: int,
) -> bytes:
    """A request for one command, which starts in `cwd` (below /workspace) and reads `given`."""
    data = given.encode(errors="replace") if isinstance(given, str) else given or b""
    inside = ["/bin/sh", "-c", IN_FOLDER, "sh", str(PurePosixPath(HOME, cwd or ""))]
    wanted = {"command": [*_assigned(env), *inside, *cmd], "timeout": timeout, "limit": output_bytes}
    text = json.dumps(wanted).encode()
    return struct.pack("!II", len(text), len(data)) + text + data


async def reply(reader: asyncio.StreamReader, output_bytes: int) -> tuple[ExecResult, bytes, bytes]:
    """Parse a reply; without root a hostile agent may have written it, so all of it is checked."""
    (length,) = struct.unpack("!I", await reader.readexactly(4))
    if length > HEADER_BYTES:
        raise SandboxLost(f"a workspace sent a header of {length} bytes; start it again")
    try:
        fields = json.loads(await reader.readexactly(length))
        sizes = [int(fields["stdout"]), int(fields["stderr"])]
        outcome = ExecResult(
            int(fields["returncode"]), "", "", bool(fields["timed_out"]), bool(fields["truncated"])
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SandboxLost("a workspace sent a malformed header; start it again") from error
    if not all(0 <= size <= output_bytes for size in sizes):
        raise SandboxLost(
            f"a workspace announced {sizes} bytes of output; at most {output_bytes} were asked for"
        )
    return outcome, await reader.readexactly(sizes[0]), await reader.readexactly(sizes[1])


def _assigned(env: Mapping[str, str]) -> list[str]:
    """Variables of one command, set after the change of user (see `exec_daemon.begin`)."""
    for name in env:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise SandboxRefused(f"{name!r} is no name of an environment variable; use letters, digits and _")
    return ["/usr/bin/env", *(f"{name}={value}" for name, value in env.items())]
