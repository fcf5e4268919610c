"""Processes of our own: how they are started, what they get of our environment, and what they said last."""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from aar import logs

PR_SET_PDEATHSIG = 1
TAIL_BYTES = 2000
PLAIN_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "TMPDIR", "USER", logs.VARIABLE)
"""Variables that the lab's own processes get from our environment; providers' keys go to researchers alone."""


def last_line(log: Path) -> str:
    """The last line of a log, fit for a terminal: it may hold what an agent wrote."""
    if not log.exists():
        return "it printed nothing"
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return printable_line(stream.read().decode("utf-8", errors="replace")) or "it printed nothing"


def printable_line(output: str) -> str:
    """The last line of what a process printed that is not empty, fit for a terminal.

    >>> printable_line("Traceback\\nValueError: \\x1b[31mno\\n\\n")
    'ValueError: [31mno'
    """
    last = next((line.strip() for line in reversed(output.split("\n")) if line.strip()), "")
    return "".join(letter for letter in last if letter.isprintable())


def environment() -> Mapping[str, str]:
    """The environment of the lab's own processes: where things are, one thread each, no keys."""
    kept = {name: os.environ[name] for name in PLAIN_ENVIRONMENT if name in os.environ}
    return {**kept, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


LOOPBACK = ("127.0.0.1", "localhost", "::1")
NO_PROXY = ("no_proxy", "NO_PROXY")
"""Libraries read one of the two, and most of them the lower-case one first."""
EVERYTHING = "*"
LOOKUP_SECONDS = 2.0
"""A name that is not known by then is taken for another machine's."""


def reach_loopback_directly(*urls: str | None) -> None:
    """Have every library of this process, and its children, reach this machine without a proxy.

    A proxy that a person has set for the outside must not hear of our tokens, nor of a model that answers here.

    Covered: loopback by its usual names, and the host of each of `urls` and of each variable `..._BASE_URL` that is an
    address or name of this machine. What a person has set, under either spelling, is kept for both. Not covered: other
    names of this machine; an IPv6 address for what asks with urllib alone, which knows these only in brackets.
    """
    known = [host.strip() for name in NO_PROXY for host in os.environ.get(name, "").split(",")]
    hosts = list(dict.fromkeys(host for host in known if host))
    if EVERYTHING in hosts:  # beside others, urllib takes it for a name
        hosts = [EVERYTHING]
    else:
        hosts += [host for host in LOOPBACK if host not in hosts]
        if getproxies():
            bases = [value for name, value in os.environ.items() if name.upper().endswith("_BASE_URL")]
            asked = dict.fromkeys(filter(None, map(_host, [*urls, *bases])))
            hosts += [host for host in asked if host not in hosts and _is_here(host)]
    for name in NO_PROXY:
        os.environ[name] = ",".join(hosts)


def _host(url: str | None) -> str:
    """The host of a URL, in small letters and without brackets; empty where there is none that a list could hold."""
    try:
        host = (urlsplit(url or "").hostname or "").lower()
    except ValueError:
        return ""
    return "" if set(host) & set(", %*/") else host


def _is_here(host: str) -> bool:
    """True if each address of a host is one of this machine."""
    if f".{host}".rstrip(".").endswith(".localhost"):  # by RFC 6761, whatever a name server says
        return True
    addresses = _addresses(host)
    return bool(addresses) and all(map(_is_own, addresses))


def _addresses(host: str) -> list[str]:
    found: list[str] = []

    def look_up() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            found.extend(str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))

    # A thread, since a name server that does not answer holds the caller for as long as it likes.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(LOOKUP_SECONDS)
    return list(found)


def _is_own(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))  # the kernel binds to addresses of this machine alone
    except OSError:
        return False
    return True


def python(module: str, *arguments: str) -> list[str]:
    """Command that runs `module` with this interpreter.

    -P: the current folder is not searched for modules. It may hold a stranger's `random.py`, which would
    otherwise be run here, outside any sandbox.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies (Linux; elsewhere nothing)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
