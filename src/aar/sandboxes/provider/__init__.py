"""A provider runs untrusted code behind one kind of wall: what each can do, and one file for each kind."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from aar.sandboxes.profile import Profile
from aar.sandboxes.watch.process import SandboxProcess


@dataclass(frozen=True)
class Check:
    """Check of a provider on this machine: the finding, and the remedy if it does not work."""

    ok: bool
    detail: str
    remedy: str = ""


class Provider(Protocol):
    """A way to run untrusted code; each passes the same attacks in the tests.

    Entry-point group `aar.sandboxes`: a callable without arguments that gives a `Provider`. Making it starts nothing.
    """

    name: str
    separates_users: bool
    """True if, as root, a sandbox runs as `Profile.uid` (its files must then belong to that user)."""

    def check(self) -> Check:
        """Check by starting a sandbox that the provider works on this machine."""
        ...

    def start(
        self,
        argv: Sequence[str],
        profile: Profile,
        *,
        pass_fds: Sequence[int] = (),
        stdin: int | None = subprocess.DEVNULL,
        stdout: int | None = subprocess.DEVNULL,
        stderr: int | None = subprocess.DEVNULL,
    ) -> SandboxProcess:
        """Run `argv` under `profile`; `pass_fds` keep their numbers and are all that is inherited."""
        ...

    def start_keeper(
        self, argv: Sequence[str], profile: Profile, *, pass_fds: Sequence[int], stderr: int
    ) -> SandboxProcess:
        """Run the daemon of a workspace: outside the limits of what it starts and, as root, another user."""
        ...

    def narrow(self, profile: Profile) -> list[str]:
        """The prefix of each command that a keeper starts: its user and limits."""
        ...


@runtime_checkable
class Forking(Provider, Protocol):
    """A provider that as root also starts a server which forks a fresh sandbox for each call."""

    def start_fork_server(
        self, argv: Sequence[str], profile: Profile, *, pass_fds: Sequence[int], stderr: int
    ) -> SandboxProcess:
        """Run `argv` so that it can fork others as `profile.uid`, each into a sandbox of its own."""
        ...
