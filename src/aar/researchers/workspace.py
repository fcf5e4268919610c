"""The workspace of a researcher: its own files, the forum, practice items and an open w2s, in a sandbox of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aar.sandboxes import Workspace

HOME = "/workspace"
"""Path of the workspace inside its sandbox."""
SHARED = ("forum", "practice")
"""Folders of the lab that a researcher may read, at /workspace/NAME."""


def open_workspace(lab: Path, researcher: str, *, provider: str | None = None) -> Workspace:
    """The sandbox over LAB/workspaces/RESEARCHER: forum, practice items, an open w2s to read, and no more.

    Raises `NoSandbox` where no provider works, `SandboxRefused` for a lab that every sandbox would show.
    """
    from aar.sandboxes import Mount, Workspace, choose, lab_user, open_w2s, refuse_shown

    refuse_shown(lab)
    mounts = tuple(Mount(lab / name, f"{HOME}/{name}") for name in SHARED if (lab / name).is_dir())
    return Workspace(
        choose(provider),
        lab / "workspaces" / researcher,
        lab_user(lab, f"researcher {researcher}"),
        mounts,
        # One copy for each, so that researchers who start together do not replace each other's.
        packages=open_w2s(lab / "library" / researcher),
    )
