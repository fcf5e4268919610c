"""A seccomp filter for what namespaces leave open: other socket families, new namespaces, kernel surface.

Covered: sockets other than unix (a network namespace does not contain vsock), nested namespaces, mounts,
ptrace, kernel keyrings (shared by all processes of a user), bpf, perf, io_uring (it makes sockets without
`socket`), anonymous files and System V memory (no process accounts for them), modules, handles to files.
Not covered: everything else; the filter refuses known danger, it does not list what is good.
Where the architecture is neither x86-64 nor arm64 there is no filter and namespaces are all there is.
"""

from __future__ import annotations

import platform
import struct

ALLOW = 0x7FFF0000
REFUSE = 0x00050000
KILL = 0x80000000
ASK = 0x7FC00000  # the holder of the listener answers; without one the caller is told "not there"
EPERM, ENOSYS = 1, 38

LOAD, EQUAL, AT_LEAST, AND_ANY, RETURN, AND = 0x20, 0x15, 0x35, 0x45, 0x06, 0x54
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24
X32 = 0x40000000
NEW_NAMESPACES = 0x7E020080  # CLONE_NEWTIME|NEWNS|NEWCGROUP|NEWUTS|NEWIPC|NEWUSER|NEWPID|NEWNET
AF_UNIX, AF_INET6 = 1, 10

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

REFUSED: dict[str, tuple[int, int]] = {  # name: (x86-64, arm64)
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "acct": (163, 89),
}
ABSENT: dict[str, tuple[int, int]] = {  # "not there", so that callers fall back to an older call
    "clone3": (435, 435),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
CLONE, SOCKET = (56, 220), (41, 198)
SOCKET_PAIR = (53, 199)
OWN_ONLY = {"prlimit64": (302, 261), "sched_setaffinity": (203, 122)}
SOCK_STREAM, SOCK_SEQPACKET = 1, 5

WITHOUT_NAMESPACES: dict[
    str, tuple[int, int]
] = {  # what Landlock lets a process do to host files and processes
    "connect": (42, 203),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "setpriority": (141, 140),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "fchownat": (260, 54),
    "inotify_init1": (294, 26),
}
X86_WITHOUT_NAMESPACES = {"chown": 92, "lchown": 94, "inotify_init": 253}
IGNORED: dict[str, tuple[int, int]] = {  # nothing happens, and the caller is told that it did
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "utimensat": (280, 88),
}
X86_IGNORED = {"chmod": 90, "utime": 132, "utimes": 235, "futimesat": 261}


def seccomp_filter(
    machine: str | None = None, *, namespaces: bool = True, asks: bool = False
) -> bytes | None:
    """The filter as classic BPF (8 bytes an instruction); None where the architecture is not known.

    Without `namespaces` around it, it also closes what these would contain: new sockets of any kind (a host's
    socket file can be connected to), and what a user may do to host files' modes and to its other processes.
    With `asks`, the holder of a listener is asked for an answer to each refused call (see `inside.warm_listener`).

    >>> len(seccomp_filter("x86_64")) % 8
    0
    """
    machine = machine or platform.machine()
    if machine not in ARCHITECTURES:
        return None
    column = list(ARCHITECTURES).index(machine)
    refusal = ASK if asks else REFUSE | EPERM
    code = [
        _step(LOAD, ARCHITECTURE),
        _step(EQUAL, ARCHITECTURES[machine], yes=1),
        _step(RETURN, KILL),
        _step(LOAD, NUMBER),
    ]
    if machine == "x86_64":
        code += [_step(AT_LEAST, X32, no=1), _step(RETURN, REFUSE | ENOSYS)]
    for numbers in REFUSED.values():
        code += [_step(EQUAL, numbers[column], no=1), _step(RETURN, refusal)]
    for numbers in ABSENT.values():
        code += [_step(EQUAL, numbers[column], no=1), _step(RETURN, REFUSE | ENOSYS)]
    if not namespaces:
        code += _closed(column)
    code += [
        _step(EQUAL, CLONE[column], no=4),
        _step(LOAD, FIRST_ARGUMENT),
        _step(AND_ANY, NEW_NAMESPACES, no=1),
        _step(RETURN, refusal),
        _step(RETURN, ALLOW),
        _step(EQUAL, SOCKET[column], no=5),
        _step(LOAD, FIRST_ARGUMENT),
        _step(EQUAL, AF_UNIX, yes=3),
        _step(EQUAL, AF_INET6, no=1),  # see below
        _step(RETURN, REFUSE | EPERM),
        _step(RETURN, refusal),
        _step(RETURN, ALLOW),
    ]
    # urllib3 (so requests, peft) makes an IPv6 socket at its import, to learn whether it can: nobody is asked
    return b"".join(code)


def call_name(number: int, machine: str | None = None) -> str:
    """The name of a system call that the filter may ask about; its number where it asks about no such call.

    >>> call_name(101, "x86_64"), call_name(198, "aarch64"), call_name(0, "x86_64")
    ('ptrace', 'socket', 'call 0')
    """
    column = list(ARCHITECTURES).index(machine or platform.machine())
    asked = {**REFUSED, "clone": CLONE, "socket": SOCKET}
    return next((name for name, numbers in asked.items() if numbers[column] == number), f"call {number}")


def _closed(column: int) -> list[bytes]:
    refused = [numbers[column] for numbers in WITHOUT_NAMESPACES.values()]
    ignored = [numbers[column] for numbers in IGNORED.values()]
    if column == 0:
        refused += X86_WITHOUT_NAMESPACES.values()
        ignored += X86_IGNORED.values()
    code: list[bytes] = []
    for number in (*refused, SOCKET[column]):
        code += [_step(EQUAL, number, no=1), _step(RETURN, REFUSE | EPERM)]
    for number in ignored:
        code += [_step(EQUAL, number, no=1), _step(RETURN, REFUSE)]
    for numbers in OWN_ONLY.values():  # process 0 is oneself
        code += [
            _step(EQUAL, numbers[column], no=4),
            _step(LOAD, FIRST_ARGUMENT),
            _step(EQUAL, 0, yes=1),
            _step(RETURN, REFUSE | EPERM),
            _step(RETURN, ALLOW),
        ]
    return [
        *code,
        _step(EQUAL, SOCKET_PAIR[column], no=6),  # a datagram socket can send to any address
        _step(LOAD, SECOND_ARGUMENT),
        _step(AND, 0xF),
        _step(EQUAL, SOCK_STREAM, yes=2),
        _step(EQUAL, SOCK_SEQPACKET, yes=1),
        _step(RETURN, REFUSE | EPERM),
        _step(RETURN, ALLOW),
    ]


def _step(operation: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; `yes` and `no` are how many instructions to skip after a comparison."""
    return struct.pack("<HBBI", operation, yes, no, value)
