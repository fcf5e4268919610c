"""The ways in which untrusted Python is started: by each provider, forked, or prepared in advance."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aar.engines.methods import ENVIRONMENT
from aar.errors import SandboxRefused
from aar.sandboxes import SANDBOXES, Check, Profile, Provider, SandboxProcess, Warm, WarmCall, providers
from aar.sandboxes.provider import Forking
from aar.sandboxes.warm_python.fork_server import ForkServer
from aar.sandboxes.warm_python.prepared import Prepared

AS_A_SCRIPT = """
import runpy, sys

def main(arguments):
    sys.stdout.reconfigure(write_through=True)
    sys.argv = ["script.py", *arguments[:-1]]
    runpy.run_path(arguments[-1] + "/script.py", run_name="__main__")
"""
MODULES = ("numpy",)


class Warmed:
    """Starts Python programs as calls of a warm Python; one for each user, kept for the whole test run."""

    def __init__(self, provider: Provider, *, forks: bool) -> None:
        self._provider, self._forks = provider, forks
        self.name = f"{provider.name}, {'forked' if forks else 'prepared'}"
        self.separates_users = provider.separates_users
        self._warm: dict[object, Warm] = {}

    def check(self) -> Check:
        """Whether it works on this machine."""
        found = self._provider.check()
        if found.ok and self._forks and os.geteuid() != 0:
            return Check(False, "only root has a fork server", "run the tests as root")
        return found

    def start(
        self,
        argv: Sequence[str],
        profile: Profile,
        *,
        pass_fds: Sequence[int] = (),
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
    ) -> SandboxProcess:
        """As `Provider.start`, for `python -c CODE` and `python FILE ARGUMENTS`."""
        words = [word for word in argv if word != "-u"]
        if words[0] != sys.executable:
            raise SandboxRefused("only Python is warm")
        code = words[2] if words[1] == "-c" else Path(words[1]).read_text()
        arguments = () if words[1] == "-c" else tuple(words[2:])
        call = WarmCall("as_a_script", arguments, {"as_a_script.py": AS_A_SCRIPT, "script.py": code})
        return self.warm(profile).start(call, profile.limits, pass_fds=pass_fds, stdout=stdout, stderr=stderr)

    def warm(self, profile: Profile, modules: Sequence[str] = MODULES) -> Warm:
        """The warm Python of the profile's user."""
        profile = replace(profile, env={**ENVIRONMENT, **profile.env})
        key = (profile.uid, modules) if self._forks else (repr(profile), modules)
        if key not in self._warm or not self._warm[key].alive:
            if self._forks:
                assert isinstance(self._provider, Forking)
                self._warm[key] = ForkServer(self._provider, profile, modules)
            else:
                self._warm[key] = Prepared(self._provider, profile, modules)
        return self._warm[key]

    def close(self) -> None:
        """End all of them."""
        for one in self._warm.values():
            one.close()
        self._warm.clear()


def tested() -> list[Provider]:
    """The shipped providers, or the one that AAR_SANDBOX names (tests/conformance/test_sandbox.py)."""
    name = os.environ.get("AAR_SANDBOX")
    return [SANDBOXES.make(name)] if name else providers()


def ways() -> dict[str, Provider | Warmed]:
    """Every way to start untrusted Python that is tested, by name."""
    known = tested()
    prepared = [provider for provider in known if provider.name == "sandlock" or len(known) == 1]
    warmed = [
        *(Warmed(provider, forks=True) for provider in known if isinstance(provider, Forking)),
        *(Warmed(provider, forks=False) for provider in prepared),
    ]
    return {way.name: way for way in (*known, *warmed)}
