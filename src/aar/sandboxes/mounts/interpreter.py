"""Python for a sandbox: the interpreter and its packages, but no lab, no testbeds, no models.

A method gets a copy of `w2s` that holds code only. The scorer and the student service are the lab's own
code and get the real packages.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from aar.errors import SandboxRefused

OWN_PACKAGES = ("w2s", "aar")
WITHHELD = ("testbeds",)
"""Parts of `w2s` that hold checkpoints and the generator of items: no method needs them."""
OPEN_TARGET = "/opt/w2s"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/alternatives")
"""Folders that a sandbox shows anyway."""


def open_w2s(dest: Path) -> Path:
    """Copy the code of `w2s` that a method may use to `dest/w2s`, readable by every user; returns `dest`.

    Only Python files are copied, so no checkpoint and no data, and nothing of `WITHHELD`.
    The result goes into `Profile.packages`. An existing copy is replaced.
    """
    source = _package("w2s")
    copy = dest / "w2s"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for file in sorted(source.rglob("*.py")):
        part = file.relative_to(source)
        if part.parts[0].removesuffix(".py") not in WITHHELD:
            (copy / part).parent.mkdir(parents=True, exist_ok=True)
            (copy / part).write_bytes(file.read_bytes())
            (copy / part).chmod(0o644)
    for folder in (dest, copy, *(path for path in copy.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    return dest


def refuse_shown(*secrets: Path) -> None:
    """Raise `SandboxRefused` if one of `secrets` lies where every sandbox shows it: with Python or the system.

    Covered: a lab's folder with its vault and workspaces, items, models, also behind a link. Not covered: what a
    profile mounts besides; `Profile.hidden` masks in those.
    """
    for secret in secrets:
        for folder in (*interpreter_folders(), *map(Path, SYSTEM)):
            if folder.resolve() in (secret.resolve(), *secret.resolve().parents):
                raise SandboxRefused(
                    f"{secret} lies in {folder}, which every sandbox shows to the code in it; choose another place"
                )


def interpreter_folders() -> list[Path]:
    """Host folders that this interpreter needs, each at its own path, outermost first."""
    folders: list[Path] = []
    for prefix in (sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix):
        folders += [Path(prefix), Path(prefix).resolve()]
    unique = sorted(set(folders), key=lambda folder: (len(folder.parts), str(folder)))
    return [folder for folder in unique if not any(other in folder.parents for other in unique)]


def interpreter_links() -> dict[Path, Path]:
    """The interpreter's own paths outside `interpreter_folders`, each with the real file that it leads to.

    Links are single files in folders like ~/.local/bin, so what lies around them is none of a sandbox's
    business. A real file outside of every prefix stands for itself.
    """
    shown = [*interpreter_folders(), *map(Path, SYSTEM)]
    hop = Path(sys.executable)
    real, hops = hop.resolve(), [hop]
    while hop.is_symlink():
        hop = hop.parent.resolve() / hop.readlink()
        hops.append(hop)
    # each also by its folder's real name: a mounted folder may lead to it through a link
    places = {Path(os.path.normpath(path)) for path in hops}
    places |= {path.parent.resolve() / path.name for path in hops}
    return {path: real for path in sorted(places) if not any(folder in path.parents for folder in shown)}


def own_packages() -> list[Path]:
    """Every host folder that holds this project's packages: the imported ones and installed copies."""
    folders = [_package(name) for name in OWN_PACKAGES if find_spec(name) is not None]
    sites = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    sites |= {entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))}
    folders += [Path(site) / name for site in sites for name in OWN_PACKAGES if (Path(site) / name).is_dir()]
    return sorted({*folders, *(folder.resolve() for folder in folders)})


def imported_packages() -> list[Path]:
    """The `w2s` and `aar` that this process imports; their parents go on a trusted PYTHONPATH."""
    return [_package(name) for name in OWN_PACKAGES]


def _package(name: str) -> Path:
    spec = find_spec(name)
    locations = spec.submodule_search_locations if spec else None
    if not locations:
        raise ModuleNotFoundError(f"package {name!r} is not importable here; reinstall the project")
    return Path(next(iter(locations))).absolute()
