"""Runs inside a workspace's sandbox: starts commands that arrive over one inherited socket.

For each command the host sends one end of a fresh socket pair; the request and the reply travel on that pair.
Standard library only: this file is mounted alone. As root it is another user than the commands, so that
none of them can signal it, read its descriptors, or use up its processes.

    request   4 bytes length, 4 bytes length of the input, JSON {command, timeout, limit}, input
    reply     4 bytes length, JSON {returncode, stdout, stderr, timed_out, truncated}, stdout, stderr

In the reply's JSON, stdout and stderr are lengths.
A request of length 0 asks whether the daemon is there: it closes the connection.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections import deque
from typing import IO, Any

LINGER_SECONDS = 0.2


class Tail:
    """The last bytes of a pipe; goes on reading after the command has ended, so that background jobs live."""

    def __init__(self, pipe: "IO[bytes]", limit: int) -> None:
        self.chunks: deque[bytes] = deque()
        self.size = 0
        self.limit = limit
        self.truncated = False
        self.thread = threading.Thread(target=self._drain, args=(pipe,), daemon=True)
        self.thread.start()

    def _drain(self, pipe: "IO[bytes]") -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), 1 << 16):
                self.chunks.append(chunk)
                self.size += len(chunk)
                while self.chunks and self.size - len(self.chunks[0]) >= self.limit:
                    self.size -= len(self.chunks.popleft())
                    self.truncated = True

    def take(self, limit: int) -> bytes:
        """The last `limit` bytes so far; nothing is kept from here on."""
        joined, truncated = b"".join(list(self.chunks)), self.truncated
        self.limit = 0
        self.truncated = truncated or len(joined) > limit
        return joined[-limit:]


def main(control: socket.socket, prefix: list[str]) -> None:
    """Serve until the host closes the control socket."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        for descriptor in descriptors:
            connection = socket.socket(fileno=descriptor)
            try:
                threading.Thread(target=serve, args=(connection, prefix), daemon=True).start()
            except RuntimeError:  # no room for a thread: the host sees the connection close
                connection.close()


def serve(connection: socket.socket, prefix: list[str]) -> None:
    """Answer one request."""
    with connection:
        try:
            lengths = struct.unpack("!II", exactly(connection, 8))
            if lengths[0] == 0:
                return
            request = json.loads(exactly(connection, lengths[0]))
            given = exactly(connection, lengths[1])
            try:
                process = begin([*prefix, *request["command"]])
            except BlockingIOError:  # no process left: only a restart helps, and the host sees this close
                return
            except (OSError, ValueError) as error:  # too long, a NUL inside
                reply(connection, 126, False, False, b"", f"cannot start: {error}\n".encode())
                return
            outcome = run(connection, process, request, given)
            texts = [tail.take(request["limit"]) for tail in outcome[2:]]
            reply(connection, *outcome[:2], any(tail.truncated for tail in outcome[2:]), *texts)
        except (EOFError, OSError):
            return


def begin(command: "list[str]") -> "subprocess.Popen[bytes]":
    """Start a command in a session of its own, with the daemon's own environment.

    The command's further variables are set by `env` after the change of user: a library that an agent names in
    LD_PRELOAD must not be loaded while the prefix still is root.
    """
    pipe = subprocess.PIPE
    return subprocess.Popen(command, start_new_session=True, stdin=pipe, stdout=pipe, stderr=pipe)


def run(
    connection: socket.socket, process: "subprocess.Popen[bytes]", request: "dict[str, Any]", given: bytes
) -> "tuple[int, bool, Tail, Tail]":
    """Feed the command and wait for it, or for its time to be up."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    tails = Tail(process.stdout, request["limit"]), Tail(process.stderr, request["limit"])
    threading.Thread(target=feed, args=(process.stdin, given), daemon=True).start()
    threading.Thread(target=end_on_hangup, args=(connection, process), daemon=True).start()
    # a wait with a timeout of Popen's own would wake up twenty times a second
    waiting = threading.Thread(target=process.wait, daemon=True)
    waiting.start()
    waiting.join(request["timeout"])
    timed_out = waiting.is_alive()
    if timed_out:
        end_session(process.pid)
        waiting.join()
    for tail in tails:
        tail.thread.join(LINGER_SECONDS)
    return process.returncode, timed_out, *tails


def feed(pipe: "IO[bytes]", given: bytes) -> None:
    """Write the input; a command need not read it."""
    try:
        with pipe:
            pipe.write(given)
    except OSError:
        return


def end_on_hangup(connection: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    """If the host closes the connection before the command has ended, it was cancelled."""
    try:
        gone = connection.recv(1) == b""
    except OSError:
        return
    if gone and process.poll() is None:
        end_session(process.pid)


def end_session(leader: int) -> None:
    """Kill every process of a session; twice, for those that were being born."""
    for _ in range(2):
        for name in os.listdir("/proc"):  # noqa: PTH208 - runs while a fork bomb does
            try:
                with open(f"/proc/{name}/stat") as stat:  # noqa: PTH123
                    session = stat.read().rpartition(")")[2].split()[3]
                if name.isdigit() and int(session) == leader:
                    os.kill(int(name), signal.SIGKILL)
            except (OSError, IndexError):
                continue


def reply(
    connection: socket.socket, returncode: int, timed_out: bool, truncated: bool, stdout: bytes, stderr: bytes
) -> None:
    """Send the outcome; `returncode` is 128 + signal if a signal ended the command."""
    header = json.dumps(
        {
            "returncode": returncode if returncode >= 0 else 128 - returncode,
            "stdout": len(stdout),
            "stderr": len(stderr),
            "timed_out": timed_out,
            "truncated": truncated,
        }
    ).encode()
    connection.sendall(struct.pack("!I", len(header)) + header + stdout + stderr)


def exactly(connection: socket.socket, count: int) -> bytes:
    """Receive `count` bytes; raises EOFError if the other side closes first."""
    received = bytearray()
    while len(received) < count:
        chunk = connection.recv(min(1 << 20, count - len(received)))
        if not chunk:
            raise EOFError
        received += chunk
    return bytes(received)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]))
