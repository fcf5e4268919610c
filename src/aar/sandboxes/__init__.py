"""Sandboxes for untrusted code: no network, no labels, no host, bounded; without one the code does not run.

One provider protocol, three kinds of use: `start` for a process that runs once with the descriptors it is
given, `warm` for one that need not wait for its imports, `Workspace` for a researcher's shell and files. There
is no way to ask for no sandbox. Files of `inside/` run behind the wall; all others run outside.
"""

from __future__ import annotations

import sys

from aar.errors import NoSandbox
from aar.sandboxes.accounts import hand_over, lab_user, uid_for
from aar.sandboxes.mounts.interpreter import OPEN_TARGET, open_w2s, refuse_shown
from aar.sandboxes.profile import Limits, Mount, Profile
from aar.sandboxes.provider import Check, Provider
from aar.sandboxes.warm_python.protocol import WarmCall
from aar.sandboxes.warm_python.start import Warm, warm
from aar.sandboxes.watch.process import SandboxProcess
from aar.sandboxes.workspace.protocol import ExecResult
from aar.sandboxes.workspace.workspace import Workspace
from w2s.plugins import Seam

__all__ = [
    "OPEN_TARGET",
    "SANDBOXES",
    "Check",
    "ExecResult",
    "Limits",
    "Mount",
    "Profile",
    "Provider",
    "SandboxProcess",
    "Warm",
    "WarmCall",
    "Workspace",
    "choose",
    "hand_over",
    "lab_user",
    "open_w2s",
    "providers",
    "refuse_shown",
    "uid_for",
    "warm",
]


SANDBOXES: Seam[[], Provider] = Seam(
    "sandbox",
    "aar.sandboxes",
    {
        "bubblewrap": "aar.sandboxes.provider.bubblewrap:Bubblewrap",
        "sandlock": "aar.sandboxes.provider.sandlock:Sandlock",
        "docker": "aar.sandboxes.provider.docker:Docker",
    },
    protocol="aar.sandboxes.provider:Provider",
    suite="tests/conformance/test_sandbox.py --sandbox {}",
)
"""Providers by name; of those that ship the preferred first."""


def providers() -> list[Provider]:
    """Every shipped provider for this system, preferred first; `check()` says whether it works here.

    One that was installed besides is not among them: untrusted code runs in it only where a person names it.
    """
    names = ["docker"] if sys.platform == "darwin" else SANDBOXES.shipped
    return [SANDBOXES.make(name) for name in names]


def choose(name: str | None = None) -> Provider:
    """The named provider, or the first shipped one that works here; raises `NoSandbox` saying what to install."""
    wanted = providers() if name is None else [SANDBOXES.make(name)]
    faults: list[str] = []
    for provider in wanted:
        check = provider.check()
        if check.ok:
            return provider
        faults.append(f"{provider.name}: {check.detail}. To fix: {check.remedy}")
    raise NoSandbox("no sandbox works on this machine, so nothing is run. " + "; ".join(faults))
