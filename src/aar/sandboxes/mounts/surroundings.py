"""Every provider puts these around a program: mounts, environment, user and limits."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path, PurePosixPath

from aar.errors import SandboxRefused
from aar.sandboxes.mounts.interpreter import (
    OPEN_TARGET,
    imported_packages,
    interpreter_folders,
    interpreter_links,
    own_packages,
)
from aar.sandboxes.profile import Limits, Mount, Profile

OPTIONS = {
    "file_bytes": "fsize",
    "open_files": "nofile",
    "data_bytes": "data",
    "core_bytes": "core",
    "cpu_seconds": "cpu",
}
"""Names of `bounds` as `prlimit` calls them."""
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
    return [*drop, *bounded(limits, processes=True)]


def bounded(limits: Limits, *, processes: bool) -> list[str]:
    """The prefix that sets the limits of each process; the one on `processes` counts all of a user's."""
    options = [f"--nproc={limits.processes}"] if processes else []
    options += [f"--{OPTIONS[name]}={value}" for name, value in bounds(limits).items()]
    return [tool("prlimit") or "prlimit", *options, "--"]


def bounds(limits: Limits) -> dict[str, int]:
    """The limits of each process as the kernel counts them."""
    limits_by_name = {
        "file_bytes": limits.file_mb << 20,
        "open_files": limits.open_files,
        "data_bytes": 2 * limits.memory_mb << 20,  # the watch ends a hog below this, with a reason
        "core_bytes": 0,
    }
    return limits_by_name | (
        {} if limits.cpu_seconds is None else {"cpu_seconds": int(limits.cpu_seconds) + 1}
    )


def etc_files(profile: Profile, uid: int) -> dict[str, str]:
    """The files of /etc that programs read, with the one user that exists inside."""
    return {
        "passwd": f"root:x:0:0::/:/bin/sh\nagent:x:{uid}:{uid}::{home_folder(profile)}:/bin/bash\n",
        "group": f"root:x:0:\nagent:x:{uid}:\n",
        "hosts": "127.0.0.1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        "profile": f"export PATH={search_path()}\n",  # a login shell would otherwise reset it
    }


def masks(profile: Profile, mounts: Sequence[Mount]) -> list[tuple[Path, PurePosixPath]]:
    """Hidden paths, with every place inside where one of `mounts` or /usr would show them.

    Paths are compared by what they lead to: a link to a folder shows what the folder holds.
    """
    hidden = [*profile.hidden, *([] if profile.trusted else own_packages())]
    places = []
    for path in (path.resolve() for path in hidden if path.exists()):
        for mount in (*mounts, Mount(Path("/usr"), "/usr")):
            source = mount.source.resolve()
            if source in (path, *path.parents):
                places.append((path, PurePosixPath(mount.target) / path.relative_to(source)))
    return list(dict.fromkeys(places))


def home_folder(profile: Profile, scratch: str = "/tmp") -> str:
    """The program's HOME."""
    return "/workspace" if any(mount.target == "/workspace" for mount in profile.mounts) else scratch


def search_path() -> str:
    """PATH inside: this interpreter first."""
    return f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"


@cache
def tool(name: str) -> str | None:
    """Path of a system program, searched in the usual folders only."""
    return shutil.which(name, path=SEARCH)
