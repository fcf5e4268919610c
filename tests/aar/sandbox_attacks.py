# Attacks use the barest calls, and whatever stops one is the answer.
# ruff: noqa: BLE001, PTH101, PTH102, PTH104, PTH106, PTH108, PTH112, PTH116, PTH118, PTH119, PTH123, PTH208, PTH211
"""Runs one attack after another, each in a child of its own, and prints which succeeded.

Run it outside a sandbox to see that the attacks work, inside to see that they do not. Standard library only.
Argument: JSON with the targets that the test has made. Output: JSON, attack -> "got" or why not.
"""

import ctypes
import json
import os
import platform
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from typing import Any

T: dict[str, Any] = {}
LIBC = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
ATTACKS: dict[str, Callable[[], bool]] = {}


def attack(function: Callable[[], bool]) -> Callable[[], bool]:
    ATTACKS[function.__name__] = function
    return function


def call(x86: int, arm: int, *arguments: object) -> int:
    """A raw system call; raises OSError if it is refused."""
    # ctypes passes an int in 32 bits; the seventh lies on the stack, beside what happens to be there
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = LIBC.syscall(x86 if X86 else arm, *wide)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def reads(path: str) -> bool:
    with open(path, "rb") as file:
        return T["mark"].encode() in file.read(1 << 16)


def scratch() -> str:
    return tempfile.mkdtemp()


# --- files


@attack
def read_a_world_readable_file() -> bool:
    return reads(T["secret"])


@attack
def read_it_through_proc_self_root() -> bool:
    return reads("/proc/self/root" + T["secret"])


@attack
def read_it_through_proc_1_root() -> bool:
    return reads("/proc/1/root" + T["secret"])


@attack
def read_it_through_the_parents_root() -> bool:
    return reads(f"/proc/{os.getppid()}/root{T['secret']}")


@attack
def read_it_through_a_host_process_root() -> bool:
    return reads(f"/proc/{T['victim']}/root{T['secret']}")


@attack
def read_it_through_dots() -> bool:
    return reads("/tmp/" + "../" * 12 + T["secret"])


@attack
def read_it_through_a_symlink() -> bool:
    link = scratch() + "/link"
    os.symlink(T["secret"], link)
    return reads(link)


@attack
def read_it_through_a_hard_link() -> bool:
    link = T["folder"] + "/hard" if os.path.isdir(T["folder"]) else scratch() + "/hard"
    os.link(T["secret"], link)
    try:
        return reads(link)
    finally:
        os.unlink(link)


@attack
def read_it_through_an_open_root_folder() -> bool:
    root = os.open("/", os.O_PATH)
    with os.fdopen(os.open(T["secret"].lstrip("/"), os.O_RDONLY, dir_fd=root), "rb") as file:
        return T["mark"].encode() in file.read()


@attack
def read_it_after_chdir_to_a_host_process() -> bool:
    os.chdir(f"/proc/{T['victim']}/cwd")
    return reads(os.path.basename(T["secret"])) or reads(T["secret"])


@attack
def read_it_with_another_program() -> bool:
    return T["mark"] in os.popen(f"cat {T['secret']} 2>/dev/null").read()


@attack
def read_it_as_a_memory_map() -> bool:
    import mmap

    with open(T["secret"], "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
        return T["mark"].encode() in view[:]


@attack
def learn_that_it_exists() -> bool:
    return os.stat(T["secret"]).st_size > 0


@attack
def list_its_folder() -> bool:
    return os.path.basename(T["secret"]) in os.listdir(T["folder"])


@attack
def open_it_by_handle() -> bool:
    handle = (ctypes.c_char * 136)()
    ctypes.cast(handle, ctypes.POINTER(ctypes.c_uint))[0] = 128
    mount = ctypes.c_int()
    call(303, 264, -100, T["secret"].encode(), handle, ctypes.byref(mount), 0)
    folder = os.open(T["folder"], os.O_RDONLY)
    return call(304, 265, folder, handle, os.O_RDONLY) >= 0


@attack
def write_a_file_into_a_world_writable_folder() -> bool:
    with open(T["folder"] + "/written", "w") as file:
        file.write("x")
    return True


@attack
def append_to_a_world_writable_file() -> bool:
    with open(T["secret"], "a") as file:
        file.write("x")
    return True


@attack
def change_the_mode_of_a_host_file() -> bool:
    os.chmod(T["secret"], 0o777)
    changed = os.stat(T["secret"]).st_mode & 0o777 == 0o777
    os.chmod(T["secret"], 0o666)
    return changed


@attack
def change_the_times_of_a_host_file() -> bool:
    os.utime(T["secret"], (1, 1))
    return os.stat(T["secret"]).st_mtime == 1


@attack
def mark_a_host_file() -> bool:
    os.setxattr(T["secret"], "user.aar", b"x")
    return True


@attack
def watch_a_host_folder() -> bool:
    handle = call(294, 26, 0)
    return call(254, 27, handle, T["folder"].encode(), 0x100) >= 0


@attack
def cut_a_world_writable_file() -> bool:
    os.truncate(T["secret"], os.stat(T["secret"]).st_size)
    return True


@attack
def rename_a_host_file() -> bool:
    os.rename(T["secret"], T["secret"] + ".moved")
    os.rename(T["secret"] + ".moved", T["secret"])
    return True


@attack
def make_a_folder_in_a_host_folder() -> bool:
    os.mkdir(T["folder"] + "/made")
    os.rmdir(T["folder"] + "/made")
    return True


@attack
def make_a_pipe_in_a_host_folder() -> bool:
    os.mkfifo(T["folder"] + "/pipe")
    os.unlink(T["folder"] + "/pipe")
    return True


@attack
def link_into_a_host_folder() -> bool:
    os.symlink("/etc", T["folder"] + "/linked")
    os.unlink(T["folder"] + "/linked")
    return True


@attack
def bind_a_socket_in_a_host_folder() -> bool:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(T["folder"] + "/attack.sock")
    os.unlink(T["folder"] + "/attack.sock")
    return True


@attack
def write_among_the_packages() -> bool:
    path = os.path.join(sys.prefix, "aar-attack")
    with open(path, "w"):
        os.unlink(path)
    return True


@attack
def write_into_usr() -> bool:
    with open("/usr/aar-attack", "w"):
        os.unlink("/usr/aar-attack")
    return True


@attack
def open_a_disk() -> bool:
    numbers = os.stat(T["folder"]).st_dev if os.path.isdir(T["folder"]) else T["device"]
    node = scratch() + "/disk"
    os.mknod(node, 0o600 | 0o060000, numbers)
    os.close(os.open(node, os.O_RDONLY))
    return True


@attack
def open_kernel_messages() -> bool:
    os.close(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK))
    return True


@attack
def open_a_kernel_setting_for_writing() -> bool:
    os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))
    return True


@attack
def open_the_system_request_trigger() -> bool:
    os.close(os.open("/proc/sysrq-trigger", os.O_WRONLY))
    return True


@attack
def look_into_sys() -> bool:
    return bool(os.listdir("/sys/kernel"))


@attack
def read_the_shadow_file() -> bool:
    with open("/etc/shadow") as file:
        return "root" in file.read()


@attack
def read_the_lab_package() -> bool:
    return bool(os.listdir(T["aar"]))


@attack
def read_an_inherited_descriptor() -> bool:
    for number in range(3, 256):
        try:
            if T["mark"].encode() in os.pread(number, 1 << 16, 0):
                return True
        except OSError:
            continue
    return False


# --- processes


@attack
def see_a_host_process() -> bool:
    return str(T["victim"]) in os.listdir("/proc")


@attack
def read_its_command_line() -> bool:
    return reads(f"/proc/{T['victim']}/cmdline")


@attack
def read_its_environment() -> bool:
    return reads(f"/proc/{T['victim']}/environ")


@attack
def read_its_memory() -> bool:
    with open(f"/proc/{T['victim']}/maps") as maps:
        start = int(maps.readline().split("-")[0], 16)
    with open(f"/proc/{T['victim']}/mem", "rb") as memory:
        memory.seek(start)
        return memory.read(4) == b"\x7fELF"


@attack
def read_its_memory_by_system_call() -> bool:
    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    here = ctypes.create_string_buffer(8)
    local = Vector(ctypes.addressof(here), 8)
    remote = Vector(T["address"], 8)
    return call(310, 270, T["victim"], ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) == 8


@attack
def take_its_descriptor() -> bool:
    handle = call(434, 434, T["victim"], 0)
    return call(438, 438, handle, 1, 0) >= 0


@attack
def open_its_descriptor() -> bool:
    return bool(os.listdir(f"/proc/{T['victim']}/fd"))


@attack
def signal_it() -> bool:
    os.kill(T["victim"], 0)
    return True


@attack
def signal_its_group() -> bool:
    os.killpg(T["victim"], 0)
    return True


@attack
def signal_it_by_handle() -> bool:
    signal.pidfd_send_signal(os.pidfd_open(T["victim"]), 0)
    return True


@attack
def queue_a_signal_for_it() -> bool:
    return call(200, 130, T["victim"], 0) == 0


@attack
def trace_it() -> bool:
    seize, detach = 0x4206, 17
    if LIBC.ptrace(seize, T["victim"], None, None) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    LIBC.ptrace(detach, T["victim"], None, None)
    return True


@attack
def change_its_limits() -> bool:
    old = resource.prlimit(T["victim"], resource.RLIMIT_CORE)
    resource.prlimit(T["victim"], resource.RLIMIT_CORE, old)
    return True


@attack
def change_its_priority() -> bool:
    os.setpriority(os.PRIO_PROCESS, T["victim"], os.getpriority(os.PRIO_PROCESS, T["victim"]))
    return True


@attack
def change_its_scheduling() -> bool:
    os.sched_setscheduler(T["victim"], os.SCHED_BATCH, os.sched_param(0))
    return True


@attack
def change_its_disk_priority() -> bool:
    return call(251, 30, 1, T["victim"], 0x4004) == 0


@attack
def change_its_cores() -> bool:
    os.sched_setaffinity(T["victim"], os.sched_getaffinity(T["victim"]))
    return True


@attack
def read_host_environment() -> bool:
    return any(T["mark"] in value for value in os.environ.values())


@attack
def read_the_parents_environment() -> bool:
    return reads(f"/proc/{os.getppid()}/environ") or reads("/proc/1/environ")


# --- network


@attack
def connect_by_tcp() -> bool:
    return socket.create_connection(("127.0.0.1", T["tcp"]), timeout=2).recv(2) == b"hi"


@attack
def connect_by_tcp6_mapped() -> bool:
    with socket.socket(socket.AF_INET6) as client:
        client.settimeout(2)
        client.connect(("::ffff:127.0.0.1", T["tcp"]))
        return client.recv(2) == b"hi"


@attack
def connect_with_fast_open() -> bool:
    with socket.socket() as client:
        client.settimeout(2)
        client.sendto(b"x", 0x20000000, ("127.0.0.1", T["tcp"]))
        return client.recv(2) == b"hi"


@attack
def ask_by_udp() -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.sendto(b"x", ("127.0.0.1", T["udp"]))
        return client.recv(2) == b"hi"


@attack
def ask_by_connected_udp() -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect(("127.0.0.1", T["udp"]))
        client.send(b"x")
        return client.recv(2) == b"hi"


@attack
def make_a_dns_query() -> bool:
    question = b"\0\1\1\0\0\1\0\0\0\0\0\0\3lab\0\0\1\0\1"
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.sendto(question, ("127.0.0.1", T["udp"]))
        return client.recv(2) == b"hi"


@attack
def listen_on_all_addresses() -> bool:
    with socket.create_server(("0.0.0.0", 0)):
        return True


@attack
def make_a_raw_socket() -> bool:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    return True


@attack
def make_a_packet_socket() -> bool:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    return True


@attack
def make_a_vsock() -> bool:
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()
    return True


@attack
def make_a_crypto_socket() -> bool:
    socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).close()
    return True


@attack
def list_network_interfaces_by_netlink() -> bool:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as client:
        client.bind((0, 0))
    return any(name != "lo" for _, name in socket.if_nameindex())


@attack
def connect_to_an_abstract_unix_socket() -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect("\0" + T["abstract"])
        return client.recv(2) == b"hi"


@attack
def connect_to_a_unix_socket_file() -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(T["unix"])
        return client.recv(2) == b"hi"


@attack
def send_to_a_unix_datagram_socket_file() -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        return client.sendto(b"x", T["datagram"]) == 1


@attack
def send_to_it_from_a_socket_pair() -> bool:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        return left.sendto(b"x", T["datagram"]) == 1


@attack
def make_an_io_uring() -> bool:
    return call(425, 425, 4, ctypes.create_string_buffer(256)) >= 0


# --- privileges and the kernel


@attack
def hold_any_capability() -> bool:
    for change in (os.setgid, os.setuid):
        try:
            change(0)
        except OSError:
            continue
    with open("/proc/self/status") as status:
        return any(int(line.split()[1], 16) for line in status if line.startswith("CapEff"))


@attack
def become_root_by_su() -> bool:
    return "uid=0" in os.popen("su -c id </dev/null 2>/dev/null").read()


@attack
def become_another_user() -> bool:
    os.setuid(54321)
    return True


@attack
def make_a_user_namespace() -> bool:
    return call(272, 97, 0x10000000) == 0


@attack
def make_a_user_namespace_by_clone() -> bool:
    pid = call(56, 220, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


@attack
def make_a_mount_namespace() -> bool:
    return call(272, 97, 0x00020000) == 0


@attack
def mount_something() -> bool:
    folder = scratch().encode()
    call(165, 40, b"none", folder, b"tmpfs", 0, b"")
    call(166, 39, folder, 2)
    return True


@attack
def open_a_mount_the_new_way() -> bool:
    return call(430, 430, b"tmpfs", 0) >= 0


@attack
def change_root() -> bool:
    os.chroot(scratch())
    return True


@attack
def enter_a_host_namespace() -> bool:
    with open(f"/proc/{T['victim']}/ns/mnt") as namespace:
        call(308, 268, namespace.fileno(), 0)
    return True


@attack
def set_the_host_name() -> bool:
    socket.sethostname(socket.gethostname())
    return True


@attack
def use_a_kernel_keyring() -> bool:
    return call(248, 217, b"user", b"aar-attack", b"x", 1, -4) > 0


@attack
def open_shared_memory_of_the_host() -> bool:
    return call(29, 194, T["shm"], 0, 0) >= 0


@attack
def load_a_kernel_program() -> bool:
    attributes = ctypes.create_string_buffer(128)
    ctypes.memmove(attributes, (ctypes.c_uint * 4)(2, 4, 4, 1), 16)  # an array of one entry
    return call(321, 280, 0, attributes, 128) >= 0


@attack
def watch_the_processor() -> bool:
    attributes = ctypes.create_string_buffer(128)
    ctypes.memmove(attributes, (ctypes.c_uint * 2)(1, 128), 8)
    return call(298, 241, attributes, T["victim"], -1, -1, 0) >= 0


@attack
def handle_page_faults() -> bool:
    return call(323, 282, 0) >= 0


@attack
def read_the_kernel_log() -> bool:
    return call(103, 116, 10, 0, 0) >= 0


@attack
def watch_all_files() -> bool:
    return call(300, 262, 0, 0) >= 0


def attempt(function: Callable[[], bool]) -> str:
    """Run one attack in a child and say how it went."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(5)
        try:
            text = "got" if function() else "nothing"
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        os.write(writer, text.encode()[:500])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    return text or f"ended with status {status}"


if __name__ == "__main__":
    T.update(json.loads(sys.argv[1]))
    print(json.dumps({name: attempt(function) for name, function in ATTACKS.items()}))
