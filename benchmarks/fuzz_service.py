"""Hostile clients against a real student service, for as long as asked: no crash, no hang, no leak, bounded memory.

    python benchmarks/fuzz_service.py [--minutes 60] [--seed 0] [--rest 0.0] [--json]

One service process over the tiny models of mini-chat serves one client after the other. Each sends what a seed draws:
garbage, frames with wrong fields, announced sizes that never come, single bytes with pauses, requests of two
threads mixed on one socket, a recorded honest talk with flipped, doubled or missing bytes; some never read, close
one direction or all, or go on sending when their run is over and the next one's is served. Every tenth run is
an honest witness on practice, dev or sealed: its answers must be equal to the first ones, to the bit.

Ends with 1 at the first finding, and says with which seed and run it comes again:
- the service process ended, or its report did not come within the deadline and ten seconds;
- a witness got other answers than before;
- a client read an earlier client's mark, or the text of an item that is withheld;
- resident memory rose by more than 600 MB over the first witnesses.

Not covered: what only a larger model or a GPU would show; the engine around the service.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from aar.students.control import RunReport, RunRequest, recv_report, send_run
from aar.students.data import all_texts, write_splits, write_weak
from w2s import testbeds, wire
from w2s.client import RemoteBench
from w2s.errors import W2SError
from w2s.models.losses import LossArrays, torch_gradient
from w2s.records import Split, SplitName

UNLABELLED, TEST, SUPERVISOR = 64, 24, 3
DEADLINE_SECONDS, GRACE_SECONDS = 3.0, 10.0
WITNESS_EVERY = 10
MOST_GROWTH_MB = 600
OPS = (
    *("hello", "student", "copy", "finetune", "predict", "zero_shot", "likelihood", "hidden_states"),
    *("generate", "step", "log", "finish", "failed", "gradient", "stop", "nonsense"),
)
TEMPLATES = ("{prompt} Label:", "{first", "{0}", "{prompt!r}", "{prompt.__class__}", "{}", "%s", "{critique}")


class Found(Exception):
    """What the fuzzing was for."""


@dataclass
class Client:
    """One hostile client: its socket, its draws, and everything that it read."""

    sock: socket.socket
    draw: random.Random
    mark: str
    recorded: list[bytes]
    read: bytearray = field(default_factory=bytearray)
    ids: np.ndarray | None = None

    def value(self) -> Any:
        """Any JSON value, its mark among them."""
        kinds: tuple[Callable[[], Any], ...] = (
            lambda: self.draw.choice(
                (None, True, False, "", [], {}, self.mark, "strong", "weak", "\ud800", "\0")
            ),
            lambda: self.draw.choice((-1, 0, 1, 2, 7, 2**31, 2**63, -(2**70), 10**300)),
            lambda: self.draw.choice((0.0, -0.5, 1e-9, 1e308, 0.3)),
            lambda: [self.draw.choice(("A", "B", self.mark, 1))] * self.draw.randrange(4),
            lambda: {"loss": self.draw.choice((0.5, self.mark, None)), self.mark: 1.0},
            lambda: self.draw.choice(TEMPLATES),
            lambda: self.mark * self.draw.choice((1, 20, 2000)),
        )
        return self.draw.choice(kinds)()

    def frame(self) -> bytes:
        """One request, rather right or rather wrong."""
        header: dict[str, Any] = {"op": self.draw.choice(OPS), "student": 0, "which": "strong"}
        header |= {
            "custom": False,
            "wants_hidden": False,
            "layer": 1,
            "into": "critique",
            "seed": 1,
            "scale": 0.1,
        }
        header |= {"template": self.draw.choice(TEMPLATES), "labels": ["A", "B"], "numbers": {"loss": 1.0}}
        header |= {"epochs": 1, "learning_rate": 1e-3, "type": "ValueError", "file": "method.py", "line": 1}
        for name in self.draw.sample(sorted(header), self.draw.choice((0, 0, 0, 1, 1, 2, 4))):
            if self.draw.random() < 0.4:
                del header[name]
            else:
                header[name] = self.value()
        n = self.draw.choice((0, 1, 3, 24))
        made = np.random.default_rng(self.draw.getrandbits(32))
        arrays: dict[str, np.ndarray] = {
            "ids": made.integers(0, 2**63, size=n).astype("u8"),
            "flipped": made.random(n) < 0.5,
            "targets": made.random(n) * self.draw.choice((1.0, 1.0, 3.0, np.nan)),
            "probabilities": made.random(n),
            "weights": made.random(n) - self.draw.choice((0.0, 0.5)),
            "order": made.permutation(n),
            "seeds": made.integers(-1, 9, size=n),
            "grad": made.random(n).astype("f4"),
        }
        if self.ids is not None:
            arrays["ids"] = self.ids[made.integers(len(self.ids), size=n)]
        for name in self.draw.sample(sorted(arrays), self.draw.choice((0, 0, 0, 0, 1, 2))):
            del arrays[name]
        try:
            return wire.encode(header, arrays)
        except wire.WireError:
            return self.announced()

    def announced(self) -> bytes:
        """A frame whose header says what is not so."""
        shape = self.draw.choice(([2**40], [-1], [2**62, 4], [1] * 9, [3], "x", [0], [True], [1e9]))
        dtype = self.draw.choice(("f8", "b1", "O", "f2", "", 7))
        array = {"name": self.draw.choice(("ids", "", 3)), "dtype": dtype, "shape": shape}
        text = json.dumps({"op": self.draw.choice(OPS), "arrays": [array] * self.draw.choice((1, 2, 65))})
        text = self.draw.choice(
            (text, "[" * 5000, "{" * 300 + "}" * 300, '{"op":1,"op":2}', "NaN", "", text[:-1])
        )
        length = self.draw.choice((len(text), len(text) + 5, 2**32 - 1, 0, 65536))
        return length.to_bytes(4, "big") + text.encode() + self.draw.randbytes(self.draw.choice((0, 3, 4000)))

    def mutated(self) -> bytes:
        """A recorded honest talk, damaged."""
        frames = [bytearray(frame) for frame in self.recorded]
        for _ in range(self.draw.randrange(1, 5)):
            frame = self.draw.choice(frames)
            place = self.draw.randrange(len(frame))
            action = self.draw.randrange(4)
            if action == 0:
                frame[place] ^= 1 << self.draw.randrange(8)
            elif action == 1:
                del frame[place : place + self.draw.randrange(1, 9)]
            elif action == 2:
                frame[place:place] = self.draw.randbytes(self.draw.randrange(1, 9))
            else:
                frames.insert(self.draw.randrange(len(frames)), bytearray(frame))
        return b"".join(frames)

    def listen(self) -> None:
        """Read whatever comes, until there is no more."""
        with contextlib.suppress(OSError):
            while chunk := self.sock.recv(1 << 16):
                self.read += chunk

    def greet(self) -> None:
        """Say hello as an honest client would, and make a student."""
        wire.send(self.sock, {"op": "hello"})
        _, shown = wire.recv(self.sock)
        self.ids = np.concatenate([shown["unlabelled_ids"], shown["test_ids"]])
        wire.send(self.sock, {"op": "student", "which": "strong"})
        wire.recv(self.sock)

    def attack(self) -> str:
        """Send what is drawn and end as is drawn; the kind."""
        kind = self.draw.choice(("garbage", "wrong", "announced", "mutated", "slow", "mixed", "deaf", "late"))
        self.sock.settimeout(DEADLINE_SECONDS + GRACE_SECONDS)
        with contextlib.suppress(OSError, W2SError):
            if kind in ("wrong", "mixed", "deaf", "late") and self.draw.random() < 0.8:
                self.greet()
            if kind != "deaf":
                threading.Thread(target=self.listen, daemon=True).start()
            if kind == "garbage":
                self.sock.sendall(self.draw.randbytes(self.draw.choice((1, 4, 100, 70_000, 2_000_000))))
            elif kind == "announced":
                self.sock.sendall(self.announced())
            elif kind == "mutated":
                self.sock.sendall(self.mutated())
            elif kind == "slow":
                for byte in self.frame()[: self.draw.choice((3, 40, 400))]:
                    self.sock.sendall(bytes([byte]))
                    time.sleep(0.002)
            elif kind == "mixed":
                other = threading.Thread(target=self.send_several, daemon=True)
                other.start()
                self.send_several()
                other.join()
            else:
                self.send_several()
            if kind == "late":
                threading.Thread(target=self.go_on, daemon=True).start()
                return kind
            how = self.draw.randrange(5)
            if how == 0:
                self.sock.shutdown(socket.SHUT_WR)
            elif how == 1:
                self.sock.shutdown(socket.SHUT_RD)
            elif how == 2:
                time.sleep(self.draw.random())
            elif how == 3:
                time.sleep(DEADLINE_SECONDS + 1)  # holds its end open until the deadline
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        return kind

    def send_several(self) -> None:
        """A few requests in a row, without waiting for answers."""
        with contextlib.suppress(OSError):
            for _ in range(self.draw.randrange(1, 12)):
                self.sock.sendall(self.frame())

    def go_on(self) -> None:
        """Send for as long as anybody reads, into the next client's run."""
        with self.sock, contextlib.suppress(OSError):
            for _ in range(200):
                self.sock.sendall(self.frame())
                time.sleep(0.05)


class Fuzzing:
    """The service under attack and what is known of it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed, self.run = seed, 0
        made, _ = testbeds.generate(testbeds.load("mini-chat"), item_seed=bytes(16))
        splits: dict[SplitName, list[Split]] = {
            name: [
                replace(part, unlabelled=part.unlabelled[:UNLABELLED], test=part.test[:TEST])
                for part in parts
            ]
            for name, parts in made.items()
        }
        write_splits(folder, "mini-chat", splits)
        for name in splits:
            write_weak(folder, name, SUPERVISOR, np.random.default_rng(len(name)).uniform(size=UNLABELLED))
        withheld = [part for name, parts in splits.items() if name != "practice" for part in parts]
        self.texts = [text.encode() for text in all_texts(withheld) if len(text) > 20]
        self.control, theirs = socket.socketpair()
        argv = [
            sys.executable,
            "-m",
            "aar.students",
            "--control",
            str(theirs.fileno()),
            "--data",
            str(folder),
        ]
        with theirs:
            self.service = subprocess.Popen(argv, pass_fds=[theirs.fileno()])
        wire.recv(self.control, deadline=time.monotonic() + 300)
        self.expected: dict[str, bytes] = {}
        self.recorded: list[bytes] = []
        self.marks: list[bytes] = []
        self.counts: Counter[str] = Counter()
        self.memory_mb: list[float] = []

    def ask(self, split: SplitName, theirs: socket.socket, *, deadline_s: float) -> RunReport:
        """One run on `theirs`; raises `Found` if there is no report in time."""
        asked = RunRequest(
            "mini-chat", split, (SUPERVISOR,), 7, b"salt", practice=split == "practice", deadline_s=deadline_s,
            files=("method.py",), log_names=("loss",),
        )  # fmt: skip
        try:
            send_run(self.control, asked, theirs)
            return recv_report(self.control, deadline=time.monotonic() + deadline_s + GRACE_SECONDS)
        except (wire.WireError, OSError) as error:
            code = self.service.poll()
            what = "does not answer" if code is None else f"ended with {code}"
            raise Found(f"the service {what}: {error}") from error

    def witness(self) -> None:
        """Honest runs get what honest runs got."""
        split: SplitName = ("practice", "dev", "sealed")[self.run // WITNESS_EVERY % 3]
        ours, theirs = socket.socketpair()
        sent = Recorder(ours)
        with ours, theirs:
            failed: list[BaseException] = []

            def play() -> None:
                try:
                    honest(RemoteBench(sent, gradient_of=lambda loss: _gradient(loss)))  # type: ignore[arg-type]
                except (W2SError, OSError) as error:
                    failed.append(error)

            thread = threading.Thread(target=play, daemon=True)
            thread.start()
            report = self.ask(split, theirs, deadline_s=120)
            theirs.close()
            thread.join(20)
        if report.status != "finished" or failed:
            raise Found(f"a witness on {split} ended as {report.status}: {report.end.error.message} {failed}")
        found = b"".join(
            np.ascontiguousarray(report.arrays[name]).tobytes() for name in sorted(report.arrays)
        )
        if self.expected.setdefault(split, found) != found:
            raise Found(f"a witness on {split} got other answers than the first")
        self.recorded = sent.frames
        status = Path(f"/proc/{self.service.pid}/status").read_text()
        self.memory_mb.append(int(status.split("VmRSS:")[1].split()[0]) / 1024)
        if self.memory_mb[-1] > min(self.memory_mb[:6]) + MOST_GROWTH_MB:
            raise Found(
                f"resident memory rose from {min(self.memory_mb[:6]):.0f} to {self.memory_mb[-1]:.0f} MB"
            )
        self.counts["witness"] += 1

    def hostile(self) -> None:
        """One client that the seed draws."""
        draw = random.Random(f"{self.seed} {self.run}")
        split: SplitName = draw.choice(("dev", "sealed"))
        mark = f"mark-{draw.getrandbits(64):016x}"
        ours, theirs = socket.socketpair()
        client = Client(ours, draw, mark, self.recorded)
        kinds: list[str] = []
        thread = threading.Thread(target=lambda: kinds.append(client.attack()), daemon=True)
        thread.start()
        with theirs:
            report = self.ask(split, theirs, deadline_s=DEADLINE_SECONDS)
        thread.join(DEADLINE_SECONDS + 2 * GRACE_SECONDS)
        if thread.is_alive():
            raise Found("a client could not end")
        if report.status == "refused":
            raise Found(f"the service refused a run for what a client sent: {report.end.error.message}")
        read = bytes(client.read)
        for before in self.marks[-200:]:
            if before in read:
                raise Found(f"a client read the mark of an earlier one: {before!r}")
        for text in self.texts:
            if text in read:
                raise Found(f"a client read a withheld text: {text!r}")
        self.marks.append(mark.encode())
        self.counts[f"{kinds[0]}: {report.status}"] += 1

    def step(self) -> None:
        """The next run."""
        try:
            if self.run % WITNESS_EVERY == 0:
                self.witness()
            else:
                self.hostile()
        except Found as found:
            raise Found(f"run {self.run} of seed {self.seed}: {found}") from found
        self.run += 1


class Recorder:
    """A socket that remembers what was sent."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.frames: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        """Send and remember."""
        self.frames.append(bytes(data))
        self.sock.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


def honest(bench: RemoteBench) -> None:
    """A run that uses most of what there is."""
    student = bench.strong()
    zero_shot = student.zero_shot(bench.test)
    student.finetune(bench.unlabelled, bench.weak.hard, epochs=1)
    bench.log(loss=float(np.mean(zero_shot)))
    bench.finish(student.predict(bench.test))


def _gradient(loss: Any) -> Any:
    gradient = torch_gradient(loss)
    return lambda **batch: gradient(LossArrays(**batch))


def main() -> int:
    """Fuzz until the time is over or something is found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rest", type=float, default=0.0, help="seconds to wait after each run")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = ""
    with tempfile.TemporaryDirectory() as folder:
        fuzzing = Fuzzing(Path(folder), arguments.seed)
        end = time.monotonic() + 60 * arguments.minutes
        try:
            while time.monotonic() < end:
                fuzzing.step()
                time.sleep(arguments.rest)
        except Found as error:
            found = str(error)
        finally:
            fuzzing.control.close()
            fuzzing.service.wait(30)
    for kind, count in sorted(fuzzing.counts.items()):
        print(f"{count:6} {kind}")
    memory = [round(value) for value in fuzzing.memory_mb]
    print(
        f"{fuzzing.run} runs; resident memory {memory[0]} MB at first, {max(memory)} MB at most, {memory[-1]} MB last"
    )
    print(found or "nothing found")
    if arguments.json:
        print(
            json.dumps({"runs": fuzzing.run, "counts": fuzzing.counts, "memory_mb": memory, "found": found})
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
