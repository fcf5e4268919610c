"""Runs first inside a sandlock sandbox: takes the program's descriptors, sets limits, becomes the program."""

import array
import ctypes
import json
import os
import resource
import socket

LIMITS = {
    "file_bytes": resource.RLIMIT_FSIZE,
    "open_files": resource.RLIMIT_NOFILE,
    "data_bytes": resource.RLIMIT_DATA,
    "core_bytes": resource.RLIMIT_CORE,
    "cpu_seconds": resource.RLIMIT_CPU,
}
ABOVE = 200


def main() -> None:
    """Receive, prepare, execute."""
    with socket.socket(fileno=0) as host:
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
        message = json.loads(data)
        high = [fcntl_dup(descriptor) for descriptor in descriptors]
        for descriptor in descriptors:
            os.close(descriptor)
        host.detach()
    os.close(0)
    for source, number in zip(high, [0, *message["pass_fds"]], strict=True):
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


def narrow(program: bytes) -> None:
    """Install a further system call filter; a sandbox without it must not start."""
    if not program:
        return

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))

    set_filter, by_program = 22, 2
    steps = Program(len(program) // 8, program)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(set_filter, by_program, ctypes.byref(steps), 0, 0) != 0:
        raise SystemExit(f"sandbox: no system call filter: {os.strerror(ctypes.get_errno())}")


def fcntl_dup(descriptor: int) -> int:
    """A copy with a number above those that the program asked for."""
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, ABOVE)


if __name__ == "__main__":
    main()
