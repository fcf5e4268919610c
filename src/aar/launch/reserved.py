"""Reservation of the lab's port and of the run's folder for one launch."""

from __future__ import annotations

import os
import socket
from contextlib import AbstractContextManager
from pathlib import Path

from aar import locks
from aar.errors import PortInUse
from aar.folder import LabFolder

LOOPBACK = "127.0.0.1"


def listen(port: int | None, *, host: str = LOOPBACK) -> socket.socket:
    """A socket that listens on `port` of `host`, or on any free one; `PortInUse` says which is taken.

    `host` is an address of this machine: IPv4, IPv6, or a name of it; by default nobody else reaches it.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except socket.gaierror as error:
        raise PortInUse(f"--host {host} is no address of this machine ({error.strerror})") from error
    except OSError as error:
        raise PortInUse(
            f"port {port} of {host} cannot be had ({os.strerror(error.errno or 0)}); choose another with --port"
        ) from error


def hold(folder: LabFolder) -> AbstractContextManager[None]:
    """Hold the folder within a block: two launches of one run would queue each other's work."""
    busy = f"{folder.path} is being run by another aar; wait for it or stop it first"
    return locks.held(_lock(folder), busy=busy, mode=0o644)


def may_run(folder: LabFolder) -> bool:
    """Whether a launch holds the folder, or this user cannot find out."""
    return locks.may_be_held(_lock(folder))


def _lock(folder: LabFolder) -> Path:
    return folder.path / ".lock"
