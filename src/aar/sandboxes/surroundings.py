"""What every provider puts around a program: its mounts, environment, user and limits."""

from __future__ import annotations

import shutil
import sys
from functools import cache
from pathlib import Path, PurePosixPath

from aar.errors import SandboxRefused
from aar.sandboxes.interpreter import OPEN_TARGET, imported_packages, interpreter_folders, interpreter_links
from aar.sandboxes.profile import Limits, Mount, Profile

SEARCH = "/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin"


def all_mounts(profile: Profile) -> list[Mount]:
    """All mounts, outer before inner."""
    mounts = list(profile.mounts)
    if profile.python:
        folders = [
            folder for folder in interpreter_folders() if Path("/usr") not in (folder, *folder.parents)
        ]
        mounts += [Mount(folder, str(folder)) for folder in folders]
        mounts += [Mount(real, str(real)) for link, real in interpreter_links().items() if link == real]
    if profile.trusted:
        mounts += [Mount(package, str(package)) for package in imported_packages()]
    elif profile.packages:
        mounts.append(Mount(profile.packages, OPEN_TARGET))
    return sorted(mounts, key=lambda mount: len(PurePosixPath(mount.target).parts))


def all_links(profile: Profile) -> dict[Path, Path]:
    """Links that lead to the interpreter and lie in no mount, each with the file at its end."""
    links = interpreter_links() if profile.python else {}
    return {link: real for link, real in links.items() if link != real}


def environment(profile: Profile, *, scratch: str = "/tmp") -> dict[str, str]:
    """The whole environment of the program; nothing of the host's.

    What the dynamic linker obeys is refused: as root, the tool that changes the user would obey it too.
    """
    obeyed = sorted(name for name in profile.env if name.startswith("LD_") or name == "GCONV_PATH")
    if obeyed:
        raise SandboxRefused(f"a profile may not set {', '.join(obeyed)}; set it inside, in the command")
    environment = {
        "PATH": search_path(),
        "HOME": home_folder(profile, scratch),
        "USER": "agent",
        "LANG": "C.UTF-8",
        "TMPDIR": scratch,
    }
    if profile.python:
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    if profile.trusted:
        environment["PYTHONPATH"] = ":".join(dict.fromkeys(str(p.parent) for p in imported_packages()))
    elif profile.packages:
        environment["PYTHONPATH"] = OPEN_TARGET
    return environment | dict(profile.env)


def narrow(uid: int | None, limits: Limits) -> list[str]:
    """Drop to the user for good, then set the limits of each process."""
    drop = []
    if uid is not None:
        drop = [tool("setpriv") or "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        drop += ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    bounds = [
        f"--nproc={limits.processes}",
        f"--fsize={limits.file_mb << 20}",
        f"--nofile={limits.open_files}",
    ]
    bounds += [
        f"--data={2 * limits.memory_mb << 20}",
        "--core=0",
    ]  # the watch ends a hog below this, with a reason
    if limits.cpu_seconds is not None:
        bounds.append(f"--cpu={int(limits.cpu_seconds) + 1}")
    return [*drop, tool("prlimit") or "prlimit", *bounds, "--"]


def home_folder(profile: Profile, scratch: str = "/tmp") -> str:
    """The program's HOME."""
    return "/workspace" if any(mount.target == "/workspace" for mount in profile.mounts) else scratch


def search_path() -> str:
    """PATH inside: this interpreter first."""
    return f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"


@cache
def tool(name: str) -> str | None:
    """Where a system program is, looked for in the usual folders only."""
    return shutil.which(name, path=SEARCH)
