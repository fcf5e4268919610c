"""The launcher is the first program of a sandbox: it receives the descriptors, sets the limits, becomes the program.

Providers start with it that pass on no descriptors themselves:

    launcher.py            the host is on descriptor 0; becomes the program (sandlock)
    launcher.py SOCKET     connects to the host, starts the program and stays as the first process (Docker)

As the first process it ends with the program, or as soon as the host is gone; the kernel then ends all others.
Standard library only: this file is mounted alone.
"""

import array
import ctypes
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import Any

LIMITS = {
    "file_bytes": resource.RLIMIT_FSIZE,
    "open_files": resource.RLIMIT_NOFILE,
    "data_bytes": resource.RLIMIT_DATA,
    "core_bytes": resource.RLIMIT_CORE,
    "cpu_seconds": resource.RLIMIT_CPU,
}
ABOVE = 200
PR_SET_DUMPABLE, PR_SET_SECCOMP = 4, 22


def receive(host: socket.socket) -> "tuple[dict[str, Any], list[int]]":
    """Receive the program to run, with its descriptors under numbers above those that it asks for."""
    length = int.from_bytes(host.recv(4, socket.MSG_WAITALL), "big")
    descriptors = array.array("i")
    data = b""
    while len(data) < length:
        part, extra, _, _ = host.recvmsg(length - len(data), socket.CMSG_SPACE(64 * 4))
        if not part:
            raise SystemExit("sandbox: the host went away during the start")
        data += part
        for _, _, payload in extra:
            descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
    high = [fcntl_dup(descriptor) for descriptor in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)
    return json.loads(data), high


def become(message: "dict[str, Any]", high: "list[int]") -> None:
    """Put every descriptor in its place and execute the program."""
    for source, number in zip(high, message["numbers"], strict=True):
        os.dup2(source, number)
        os.close(source)
    os.chdir(message["cwd"])
    for name, value in message["limits"].items():
        resource.setrlimit(LIMITS[name], (value, value))
    narrow(bytes.fromhex(message["filter"]))
    try:
        os.execvpe(message["argv"][0], message["argv"], message["env"])
    except OSError as error:
        os.write(2, f"{message['argv'][0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def stay(host: socket.socket, message: "dict[str, Any]", high: "list[int]") -> int:
    """Start the program; its exit status, or 137 as soon as the host is gone. Reaps every orphan."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # the program is the same user: keep it out of here
    over, end = os.pipe()
    os.set_blocking(end, False)
    signal.set_wakeup_fd(end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    program = os.fork()
    if program == 0:
        signal.set_wakeup_fd(-1)
        become(message, high)
    for descriptor in high:
        os.close(descriptor)
    poll = select.poll()
    poll.register(host, select.POLLIN)
    poll.register(over, select.POLLIN)
    while True:
        if any(ready == host.fileno() for ready, _ in poll.poll()):
            return 137
        os.read(over, 4096)
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == program:
                code = os.waitstatus_to_exitcode(ended[1])
                return code if code >= 0 else 128 - code


def narrow(program: bytes) -> None:
    """Install a further system call filter; a sandbox without it must not start."""
    if not program:
        return

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))

    by_program = 2
    steps = Program(len(program) // 8, program)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, by_program, ctypes.byref(steps), 0, 0) != 0:
        raise SystemExit(f"sandbox: no system call filter: {os.strerror(ctypes.get_errno())}")


def fcntl_dup(descriptor: int) -> int:
    """A copy with a number above those that the program asked for."""
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, ABOVE)


def main() -> None:
    """Receive, prepare, execute."""
    if len(sys.argv) > 1:
        with socket.socket(socket.AF_UNIX) as host:
            host.connect(sys.argv[1])
            os._exit(stay(host, *receive(host)))
    with socket.socket(fileno=0) as host:
        received = receive(host)
        host.send(b"0")  # the host closes its copies now
    become(*received)


if __name__ == "__main__":
    main()
