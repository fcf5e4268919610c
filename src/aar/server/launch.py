"""One run from the first process to the report: start everything, watch it, restart what dies.

Covered: any process of the run killed at any moment is started again (six times at most) or, if this one
is killed, by `--resume`; what counts is in the database. Not covered: a machine that loses its disk.
"""

from __future__ import annotations

import json
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

import httpx

from aar import database
from aar.database import meta
from aar.errors import AarError, LabBusy, LabUnreachable, NoLab, PortInUse
from aar.folder import LabFolder
from aar.ledger import Ledger
from aar.server import confined
from aar.server.children import Child, Process, plain, python
from aar.settings import Settings

POLL_SECONDS = 0.5
START_SECONDS = 300.0
GRACE_SECONDS = 60.0


class Show(Protocol):
    """Where progress goes; the command line's display is one."""

    def stage(self, text: str, *, done: int | None = None, total: int | None = None) -> None:
        """What is being prepared."""
        ...

    def update(self, status: dict[str, Any]) -> None:
        """The state of the run, as `GET /v1/status` answers it."""
        ...

    def say(self, line: str) -> None:
        """A line that stays."""
        ...


@dataclass
class Launch:
    """A run under way; use it as `with Launch(...) as run:`, so that nothing outlives it."""

    folder: LabFolder
    settings: Settings
    show: Show
    port: int | None = None
    children: list[Child] = field(default_factory=list)
    operator_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    started: float = field(default_factory=time.monotonic)
    used_before: float = 0.0

    def __enter__(self) -> Launch:
        self.port = free_port(self.port)
        self.used_before = elapsed_before(self.folder)
        self._lock = _lock(self.folder)
        for path in (self.folder.blobs, self.folder.forum, self.folder.workspaces, self.folder.inspect_logs):
            path.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *exception: object) -> None:
        for child in reversed(self.children):
            child.stop()
        try:
            self._mirror()
        finally:
            self._lock.close()

    def _mirror(self) -> None:
        """Bring the ledger's mirror up to date with what was written last, once nobody writes any more."""
        if self.folder.database.is_file():
            store = database.open(self.folder.database)
            Ledger(store).export_jsonl(self.folder.ledger)
            store.close()

    @property
    def url(self) -> str:
        """Where the lab answers."""
        return f"http://127.0.0.1:{self.port}"

    def elapsed(self) -> float:
        """Seconds of the run's time that are used, earlier starts included."""
        return self.used_before + time.monotonic() - self.started

    def prepare(self) -> None:
        """Items, supervisors, floors and ceilings; what is there already is kept."""
        if not self.folder.vault.exists():
            self.show.stage("making this lab's own items from a secret seed")
        self._finish([Child("prepare", confined.prepare(self.folder), self.folder.logs / "prepare.log")])
        parts = [
            Child(
                f"references-{i}",
                confined.references(self.folder, part=i, of=self.settings.slots),
                self.folder.logs / f"references-{i}.log",
            )
            for i in range(self.settings.slots)
        ]
        self._finish(parts, progress="training supervisors, floors and ceilings")

    def _finish(self, children: Sequence[Child], *, progress: str | None = None) -> None:
        for child in children:
            self.children.append(child)
            child.start()
        while any(child.code() is None for child in children):
            if progress:
                self.show.stage(progress, **_progress(children))
            time.sleep(0.1)
        for child in children:
            self.children.remove(child)
            if child.code() != 0:
                raise AarError(
                    f"{child.name} ended with code {child.code()}: {child.tail()} (see {child.log})"
                )

    def start(self, *, researchers: Sequence[str], directions: Sequence[str]) -> None:
        """Start lab, scorer and researchers."""
        tokens = {name: secrets.token_urlsafe(32) for name in researchers}
        start = {
            "port": self.port,
            "operator_token": self.operator_token,
            "tokens": tokens,
            "directions": dict(zip(researchers, directions, strict=True)),
        }

        def lab(output: BinaryIO) -> Process:
            secret = json.dumps({**start, "elapsed": self.elapsed()})
            return plain(python("aar.server", str(self.folder.path)), secret=secret)(output)

        self._watch(Child("lab", lab, self.folder.logs / "lab.log"))
        self._until_it_answers()
        self._watch(Child("scorer", confined.scorer(self.folder), self.folder.logs / "scorer.log"))
        self.pending = [
            Child(
                name,
                plain(
                    python(
                        "aar.researchers",
                        "--lab", str(self.folder.path),
                        "--name", name,
                        "--url", self.url,
                        "--model", self.settings.model,
                        "--seed", str(self.settings.seed),
                    ),
                    secret=tokens[name],
                    keys=True,
                ),
                self.folder.logs / f"{name}.log",
            )
            for name in researchers
        ]  # fmt: skip

    def _watch(self, child: Child) -> None:
        self.children.append(child)
        child.start()

    def _until_it_answers(self) -> None:
        end = time.monotonic() + START_SECONDS
        lab = self.children[-1]
        while time.monotonic() < end:
            if self.status() is not None:
                return
            if lab.code() is not None:
                raise LabUnreachable(f"the lab did not start: {lab.tail()} (see {lab.log})")
            time.sleep(0.1)
        raise LabUnreachable(f"the lab did not answer within {START_SECONDS:.0f} s (see {lab.log})")

    def status(self) -> dict[str, Any] | None:
        """What the lab says of the run, or None while it does not answer."""
        try:
            answer = httpx.get(f"{self.url}/v1/status", headers=self._operator(), timeout=10)
        except httpx.TransportError:
            return None
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def submit(self, files: dict[str, str], *, title: str, fresh: bool = False) -> str:
        """Hand in a method as the person who runs the lab; its submission's id."""
        answer = httpx.post(
            f"{self.url}/v1/operator/submissions",
            headers=self._operator(),
            json={"files": files, "title": title, "fresh": fresh},
            timeout=30,
        )
        if answer.status_code != 200:
            raise AarError(answer.json()["message"])
        return str(answer.json()["submission"])

    def _operator(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.operator_token}"}

    def watch(self) -> Iterator[dict[str, Any]]:
        """The run's state twice a second, until the caller has seen enough; what died is started again meanwhile.

        Ends by itself when the time of a run with researchers is over by more than a minute.
        """
        while True:
            self._revive()
            status = self.status()
            if status is not None:
                if status["phase"] != "baselines" and self.pending:
                    for child in self.pending:
                        self._watch(child)
                    self.pending = []
                self.show.update(status)
                yield status
            if self.elapsed() > self.settings.minutes * 60 + GRACE_SECONDS and self.settings.researchers:
                self.show.say("the time is over; what is still queued waits for --resume")
                return
            time.sleep(POLL_SECONDS)

    def _revive(self) -> None:
        for child in self.children:
            code = child.code()
            if code is None or (code == 0 and child.name not in ("lab", "scorer")):
                continue
            if not child.may_restart():
                if child.name in ("lab", "scorer"):
                    raise LabUnreachable(
                        f"{child.name} ended {child.starts} times, last: {child.tail()} (see {child.log}); "
                        f"then continue with aar run --resume {self.folder.path}"
                    )
                continue
            self.show.say(f"{child.name} ended (code {code}) and is started again: {child.tail()}")
            child.start()


def free_port(wanted: int | None) -> int:
    """`wanted` if it is free, or any free port; `PortInUse` says which one is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except OSError as error:
            raise PortInUse(
                f"port {wanted} is in use ({error.strerror}); choose another with --port, or leave it out"
            ) from error
        return int(probe.getsockname()[1])


def elapsed_before(folder: LabFolder) -> float:
    """Seconds of the run's time that earlier starts used; 0 for a new run."""
    try:
        store = database.open(folder.database)
    except NoLab:
        return 0.0
    with store.read() as tx:
        used = float(meta.find(tx, "elapsed_seconds", 0.0))
    store.close()
    return used


def _lock(folder: LabFolder) -> BinaryIO:
    """Hold the folder: two launches of one run would queue each other's work."""
    import fcntl

    stream = (folder.path / ".lock").open("wb")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        raise LabBusy(f"{folder.path} is being run by another aar; wait for it or stop it first") from error
    return stream


def _progress(children: Sequence[Child]) -> dict[str, int]:
    """How far jobs are that share their work: each tells the whole, so the furthest word counts."""
    said = {"done": 0, "total": 0}
    for child in children:
        try:
            last = json.loads(child.tail())
            said = max(
                said, {"done": int(last["done"]), "total": int(last["total"])}, key=lambda one: one["done"]
            )
        except (ValueError, KeyError, TypeError):
            continue
    return said
