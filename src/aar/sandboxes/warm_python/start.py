"""Warm Pythons import everything before they are needed; each call gets a process of its own, which then ends.

Where root and a provider that forks are, one fork server forks a fresh sandbox for each call. Elsewhere a process
waits in an ordinary sandbox for the one call that it serves, and the next one gets ready meanwhile.

Covered: calls are apart as fresh sandboxes are (see `inside.warm_daemon` for what a forked one gets anew), a call's
files and descriptors reach its own process only, limits count what a call uses and not what was imported.
Not covered: without a fork server the processor time of the imports, which is spent for every call; addresses,
which the calls of one fork server share.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence
from typing import Protocol

from aar.errors import SandboxRefused
from aar.sandboxes.profile import Limits, Profile
from aar.sandboxes.provider import Forking, Provider
from aar.sandboxes.syscalls import seccomp_filter
from aar.sandboxes.warm_python.fork_server import ForkServer
from aar.sandboxes.warm_python.prepared import Prepared
from aar.sandboxes.warm_python.protocol import WarmCall
from aar.sandboxes.watch.process import SandboxProcess


class Warm(Protocol):
    """Starter of calls that need not wait for imports."""

    def start(
        self,
        call: WarmCall,
        limits: Limits,
        *,
        pass_fds: Sequence[int] = (),
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
    ) -> SandboxProcess:
        """Run `call` in a process of its own, in which `pass_fds` are the descriptors 3, 4, ...

        Without a fork server, files and processes are bounded by the profile, too. Raises `SandboxLost` if
        none can be started.
        """
        ...

    @property
    def alive(self) -> bool:
        """True if the next call can be started."""
        ...

    def close(self) -> None:
        """End everything; when this returns, no process of it is left."""
        ...


def warm(provider: Provider, profile: Profile, *, always: Sequence[str], often: Sequence[str] = ()) -> Warm:
    """Calls under `profile` with `always` imported, and `often` where that is paid once for all of them.

    Returns when the first call can be started. `profile.limits` bound what waits; each call brings its own.
    Raises `SandboxLost` with the last words of a process that did not get ready.
    """
    if isinstance(provider, Forking) and os.geteuid() == 0 and seccomp_filter() is not None:
        with contextlib.suppress(SandboxRefused):
            return ForkServer(provider, profile, (*always, *often))
    return Prepared(provider, profile, always)
