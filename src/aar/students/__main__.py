"""`python -m aar.students --control FD|PATH --data DIR`: one student service, started by the engine."""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import signal
import socket
import sys
from pathlib import Path

from aar import logs

PR_SET_PDEATHSIG = 1


def main() -> int:
    """Serve until the engine closes the control connection; 2 if the folder cannot be served."""
    parser = argparse.ArgumentParser(prog="python -m aar.students", description=__doc__)
    parser.add_argument(
        "--control", required=True, help="number of an inherited socket, or path of a listening one"
    )
    parser.add_argument("--data", required=True, type=Path, help="the service's folder of a lab")
    parser.add_argument("--threads", type=int, default=1, help="threads that torch may use")
    arguments = parser.parse_args()
    _die_with_parent()
    logs.set_up()
    with _connect(arguments.control) as control:
        from aar.students.server import Service, exit_with
        from w2s.errors import W2SError
        from w2s.wire import Closed

        exit_with(control)
        try:
            # before the import of torch, so that what cannot be served is said at once
            service = Service(arguments.data)
            import torch
            import transformers.modeling_utils  # noqa: F401

            gc.freeze()  # what is imported stays: to forget the models of a run, nobody needs to look at it
            torch.set_num_threads(arguments.threads)
            service.warm()
        except W2SError as error:
            print(f"student service: {error}", file=sys.stderr)
            return 2
        try:
            service.serve(control)
        except Closed:
            return 0
    return 0


def _connect(control: str) -> socket.socket:
    if control.isdigit():
        return socket.socket(fileno=int(control))
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(control)
    return sock


def _die_with_parent() -> None:
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
