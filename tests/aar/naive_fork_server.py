"""A fork server that takes no care, as root: what the attacks of `fork_attacks` are first shown to work on.

It reads calls itself, forks without any namespace, and serves the pairs of calls in one process.
Argument: JSON with a name of an attack's pair, or "all", and the targets.
"""

import json
import os
import resource
import socket
import sys
import tempfile

import fork_attacks


def all_attacks(targets):
    kept, control = socket.socketpair()
    targets |= {"server": os.getpid(), "control": control.fileno(), "server_uid": os.getuid()}
    sys.stdout.flush()
    if os.fork() == 0:
        fork_attacks.main(["all", json.dumps(targets), tempfile.mkdtemp()])
        os._exit(0)
    os.wait()
    kept.close()


def pair(name, targets):
    if "no_process" in name:  # the limit does not bind root
        resource.setrlimit(resource.RLIMIT_NPROC, (targets["processes"], targets["processes"]))
        os.setresuid(targets["uid"], targets["uid"], targets["uid"])
    for step in ("leave", "find"):
        fork_attacks.main([f"{name} {step}", json.dumps(targets), "/tmp"])


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    name = given.pop("name")
    earlier = bytearray(given.pop("earlier").encode())  # an earlier call, still in memory
    all_attacks(given) if name == "all" else pair(name, given)
