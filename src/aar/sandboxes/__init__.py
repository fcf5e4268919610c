"""Where untrusted code runs: no network, no labels, no host, bounded; or not at all.

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
from aar.sandboxes.provider.bubblewrap import Bubblewrap
from aar.sandboxes.provider.docker import Docker
from aar.sandboxes.provider.sandlock import Sandlock
from aar.sandboxes.warm_python.protocol import WarmCall
from aar.sandboxes.warm_python.start import Warm, warm
from aar.sandboxes.watch.process import SandboxProcess
from aar.sandboxes.workspace.protocol import ExecResult
from aar.sandboxes.workspace.workspace import Workspace
from w2s.errors import NotFound

__all__ = [
    "OPEN_TARGET",
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


def providers() -> list[Provider]:
    """Every provider that there is for this system, preferred first; `check()` says whether it works here."""
    return [Docker()] if sys.platform == "darwin" else [Bubblewrap(), Sandlock(), Docker()]


def choose(name: str | None = None) -> Provider:
    """The named provider, or the first that works here; raises `NoSandbox` saying what to install."""
    known = {provider.name: provider for provider in providers()}
    if name is not None and name not in known:
        raise NotFound.among("sandbox provider", name, known)
    wanted = list(known.values()) if name is None else [known[name]]
    faults: list[str] = []
    for provider in wanted:
        check = provider.check()
        if check.ok:
            return provider
        faults.append(f"{provider.name}: {check.detail}. To fix: {check.remedy}")
    raise NoSandbox("no sandbox works on this machine, so nothing is run. " + "; ".join(faults))
