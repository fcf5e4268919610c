"""The Docker engine, before anything runs: whether it is there, and its image, which holds links only."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from functools import cache
from pathlib import Path, PurePosixPath

from aar.errors import NoSandbox, SandboxLost
from aar.sandboxes.mounts.surroundings import all_links, tool
from aar.sandboxes.profile import Profile
from aar.sandboxes.provider.bubblewrap import SYSTEM

REMEDY = "install Docker Engine (https://docs.docker.com/engine/install), or better bubblewrap, which needs no engine"
COMMAND_SECONDS = 20.0


def _links(profile: Profile) -> dict[str, str]:
    """The links that the container's root has, each with what it leads to."""
    links = {folder: str(Path(folder).readlink()) for folder in SYSTEM if Path(folder).is_symlink()}
    links |= {str(link): str(real) for link, real in all_links(profile).items()}
    return links | {"/var/tmp": "/tmp"}


@cache
def _imported(name: str, links: tuple[tuple[str, str], ...]) -> str:
    """Make the image `name` of these links where the engine does not have it yet; its id."""
    try:
        return ask("image", "inspect", "--format", "{{.Id}}", name).strip()
    except SandboxLost as error:
        if "No such image" not in str(error):
            raise
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder in sorted({str(parent) for link, _ in links for parent in PurePosixPath(link).parents}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for link, real in links:
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, real
            tar.addfile(entry)
    return ask("import", "-", name, given=archive.getvalue()).strip()


def image(profile: Profile) -> str:
    """The id of the image whose root has the links that `profile` needs; made where the engine lacks it."""
    pairs = tuple(sorted(_links(profile).items()))
    return _imported(f"aar-sandbox:{hashlib.sha256(repr(pairs).encode()).hexdigest()[:16]}", pairs)


def ask(*arguments: str, given: bytes = b"") -> str:
    """Ask the local engine; raises `SandboxLost` with what it said if it does not do it."""
    docker = tool("docker")
    if docker is None:
        raise NoSandbox(f"docker is not installed; {REMEDY}")
    try:
        done = subprocess.run(
            [docker, *arguments],
            input=given,
            capture_output=True,
            env={},
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SandboxLost(f"docker {arguments[0]} did not answer within {COMMAND_SECONDS:g} s") from error
    if done.returncode != 0:
        raise SandboxLost(done.stderr.decode(errors="replace").strip() or f"docker {arguments[0]} failed")
    return done.stdout.decode(errors="replace")


def why(answer: str) -> tuple[str, str]:
    """Meaning of an engine's answer, and the remedy."""
    last = answer.splitlines()[-1] if answer else "no answer"
    if "permission denied" in answer.lower() and "socket" in answer:
        return (
            "this user may not speak to the Docker engine",
            "sudo usermod -aG docker $USER and log in again (whoever may speak to it is as good as root)",
        )
    if "Cannot connect" in answer or "Is the docker daemon running" in answer:
        return "no Docker engine answers at /var/run/docker.sock", "start it: sudo systemctl start docker"
    return f"Docker does not start a container: {last}", REMEDY
