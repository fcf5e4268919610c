"""One run from the first process to the report: start everything, watch it, restart what dies, end it in good order.

Covered: any process of the run killed at any moment is started again (six times in a row at most) or, if this one
is killed, by `--resume`; what counts is in the database. Ctrl-C and SIGTERM: researchers are asked to stop, told, and
only then killed. Not covered: a machine that loses its disk.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from aar import locks
from aar.errors import AarError, LabUnreachable, PortInUse
from aar.folder import LabFolder
from aar.lab.study_end import elapsed_before, note_ending
from aar.launch import scorer
from aar.launch.children import Child, Process, plain, python
from aar.launch.operator_client import OperatorClient
from aar.launch.signals import Hurry
from aar.reports.ending import Ending
from aar.researchers import RUNTIMES, Assignment
from aar.settings import Settings

WAIT_SECONDS = 1.0
"""How long one question for news of the lab may hang: between two, children are looked after and the clock goes on."""
LEAST_SECONDS = 0.4
START_SECONDS = 300.0
GRACE_SECONDS = 60.0
FAREWELL_SECONDS = 180.0
"""How long researchers may take over their last turns once everything is judged."""
LEAVE_SECONDS = 10.0
"""How long a researcher that was asked to stop has to write its transcript."""


class Show(Protocol):
    """Where progress goes; the command line's display is one."""

    def stage(self, text: str, *, done: int | None = None, total: int | None = None) -> None:
        """What is being prepared."""
        ...

    def update(self, status: dict[str, Any]) -> None:
        """The state of the run, as `GET /v1/status` answers it, and each researcher's process."""
        ...

    def tick(self) -> None:
        """Nothing has changed but the time."""
        ...

    def say(self, line: str) -> None:
        """A line that stays."""
        ...


@dataclass
class Launch:
    """A run under way; use it as `with Launch(...) as run:`, so that nothing outlives it.

    `listener` is the lab's listening socket, made where it is left out. `ending` is how the run came to its end.
    """

    folder: LabFolder
    settings: Settings
    show: Show
    listener: socket.socket | None = None
    children: list[Child] = field(default_factory=list)
    researchers: list[Child] = field(default_factory=list)
    given_up: dict[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    operator_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    started: float = field(default_factory=time.monotonic)
    used_before: float = 0.0
    ending: Ending = Ending.INTERRUPTED

    def __enter__(self) -> Launch:
        self.listener = self.listener or listen(None)
        self._held = ExitStack()
        self._held.enter_context(hold(self.folder))
        self.used_before = elapsed_before(self.folder)
        self.lab = OperatorClient(self.url, self.operator_token)
        self.hurry = Hurry().install()
        for path in (self.folder.blobs, self.folder.forum, self.folder.workspaces, self.folder.inspect_logs):
            path.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        with self.hurry:
            if kind is not None and issubclass(kind, KeyboardInterrupt):
                self.show.stage("interrupted: asking researchers to stop and keep their transcripts")
            if kind is None and self.ending is Ending.INTERRUPTED:
                self.ending = Ending.COMPLETE  # who started it has seen enough
            self._end_researchers()
            for child in reversed(self.children):
                child.stop()
            try:
                note_ending(self.folder, self.ending, elapsed=self.elapsed(), given_up=self.given_up)
            finally:
                self.lab.close()
                assert self.listener is not None
                self.listener.close()
                self._held.close()

    @property
    def url(self) -> str:
        """Where the lab answers."""
        assert self.listener is not None
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def elapsed(self) -> float:
        """Seconds of the run's time that are used, earlier starts included."""
        return self.used_before + time.monotonic() - self.started

    @property
    def time_was_over(self) -> bool:
        """Whether the run's time was used up before this start: what is left is to be judged."""
        return self.settings.minutes is not None and self.used_before >= self.settings.minutes * 60

    def prepare(self) -> None:
        """Items and vault; what is there already is kept. References are trained by the running lab."""
        what = "checking" if self.folder.vault.exists() else "making"
        self.show.stage(f"{what} this lab's own items from a secret seed")
        child = Child("prepare", scorer.prepare(self.folder), self.folder.logs / "prepare.log")
        self._watch(child)
        while child.code() is None:
            time.sleep(0.05)
        self.children.remove(child)
        if child.code() != 0:
            raise AarError(f"{child.name} ended with code {child.code()}: {child.tail()} (see {child.log})")

    def start(self, *, directions: Mapping[str, str]) -> None:
        """Start lab, scorer and the researchers named in `directions`."""
        assert self.listener is not None
        tokens = {name: secrets.token_urlsafe(32) for name in directions}
        descriptor = self.listener.fileno()
        start = {
            "socket": descriptor,
            "operator_token": self.operator_token,
            "tokens": tokens,
            "directions": dict(directions),
            "to_the_end": self.time_was_over,
        }

        def start_lab(output: BinaryIO) -> Process:
            secret = json.dumps({**start, "elapsed": self.elapsed(), "again": lab.process is not None})
            command = python("aar.api", str(self.folder.path))
            return plain(command, secret=secret, pass_fds=(descriptor,))(output)

        lab = Child("lab", start_lab, self.folder.logs / "lab.log")
        self._watch(lab)
        self._until_it_answers(lab)
        self._watch(
            Child(
                "scorer", scorer.scorer(self.folder, self.settings.sandbox), self.folder.logs / "scorer.log"
            )
        )
        for name, token in tokens.items():
            self._add_researcher(name, token)

    def _add_researcher(self, name: str, token: str) -> None:
        assignment = Assignment(
            self.folder.path,
            name,
            url=self.url,
            model=self.settings.model,
            seed=self.settings.seed,
            sandbox=self.settings.sandbox,
        )
        command = RUNTIMES.find(self.settings.runtime)().command(assignment)
        child = Child(name, plain(command, secret=token, keys=True), self.folder.logs / f"{name}.log")
        self.researchers.append(child)
        child.start()

    def _watch(self, child: Child) -> None:
        self.children.append(child)
        child.start()

    def _until_it_answers(self, lab: Child) -> None:
        end = time.monotonic() + START_SECONDS
        self.show.stage("starting the lab")
        while time.monotonic() < end:
            if self.lab.status(patience=1.0) is not None:
                return
            if lab.code() is not None:
                raise LabUnreachable(f"the lab did not start: {lab.tail()} (see {lab.log})")
        raise LabUnreachable(
            f"the lab did not answer within {START_SECONDS:.0f} s, last: {self.lab.trouble} (see {lab.log})"
        )

    def submit(self, files: dict[str, str], *, title: str, fresh: bool = False) -> str:
        """Hand in a method as the person who runs the lab; its submission's id."""
        return self.lab.submit(files, title=title, fresh=fresh)

    def watch(self) -> Iterator[dict[str, Any]]:
        """The run's state whenever it has changed, until the caller has seen enough; what died is started again.

        Ends by itself when researchers take too long over their last turns, and when the run's time is over by more
        than a minute. A lab whose phase is "finished" goes on if something is handed in.
        """
        version, heard, closing = -1, time.monotonic(), None
        while True:
            asked = time.monotonic()
            self._look_after_children()
            status = self.lab.status(wait=WAIT_SECONDS, after=version)
            now = time.monotonic()
            if status is not None:
                version, heard = int(status["version"]), now
            elif now - heard > START_SECONDS:
                raise LabUnreachable(
                    f"the lab has not answered for {START_SECONDS:.0f} s, last: {self.lab.trouble}; "
                    f"see {self.folder.logs}, then continue with aar run --resume {self.folder.path}"
                )
            if status is None or "phase" not in status:
                self.show.tick()
            else:
                self._show(status)
                closing = (closing or now) if status["phase"] == "closing" else None
                if status["phase"] == "finished":
                    self.ending = self._how(cut=bool(status["cut"]))
                yield status
            if closing is not None and now - closing > FAREWELL_SECONDS:
                self.ending = self._how(cut=False)
                return
            limit = self.settings.minutes
            if limit is not None and not self.time_was_over and self.elapsed() > limit * 60 + GRACE_SECONDS:
                self.ending = Ending.TIME
                return
            time.sleep(max(0.0, asked + LEAST_SECONDS - time.monotonic()))

    def _how(self, *, cut: bool) -> Ending:
        if cut:
            return Ending.TIME
        everybody = self.researchers and len(self.given_up) == len(self.researchers)
        return Ending.RESEARCHERS_FAILED if everybody else Ending.COMPLETE

    def _show(self, status: dict[str, Any]) -> None:
        processes = {child.name: child for child in self.researchers}
        for row in status["researchers"]:
            child = processes.get(row["name"])
            row["process"] = _process(child, given_up=row["name"] in self.given_up)
        self.show.update(status)

    def _look_after_children(self) -> None:
        for child in self.children:
            if child.code() is None:
                continue
            if not child.may_restart():
                raise LabUnreachable(
                    f"{child.name} ended {child.starts} times, last: {child.tail()} (see {child.log}); "
                    f"then continue with aar run --resume {self.folder.path}"
                )
            self._start_again(child)
        for child in self.researchers:
            # what it said itself at its end may not have reached the lab, which would wait for it for ever
            if child.code() == 0 and child.name not in self.done and self.lab.stopped(child.name):
                self.done.add(child.name)
            if child.code() in (None, 0) or child.name in self.given_up:
                continue
            if child.may_restart():
                self._start_again(child)
            else:
                self._give_up(child)

    def _start_again(self, child: Child) -> None:
        """Say once that it died, and start it when its pause is over."""
        if child.waits_until is None:
            self.show.say(f"{child.name} ended (code {child.code()}) and is started again: {child.tail()}")
        if child.start_later():
            child.start()

    def _give_up(self, child: Child) -> None:
        if self.lab.stopped(child.name):
            self.given_up[child.name] = child.tail()
            self.show.say(
                f"{child.name} ended {child.starts} times and is not started again: {child.tail()} (see {child.log})"
            )

    def _end_researchers(self) -> None:
        """Ask those that still run to stop, give them time to write what they have, then end them."""
        finished = self.ending is Ending.COMPLETE
        if finished:  # they end by themselves: the lab has told them
            self._until_ended(LEAVE_SECONDS)
        for child in self.researchers:
            child.ask()
        self._until_ended(LEAVE_SECONDS)
        for child in self.researchers:
            child.stop()

    def _until_ended(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while any(child.process and child.code() is None for child in self.researchers):
            if time.monotonic() > end or self.hurry.asked_again:
                return
            time.sleep(0.05)


def _process(child: Child | None, *, given_up: bool) -> str:
    """What the display is told of a researcher's process."""
    if given_up:
        return "ended"
    if child is None:
        return "not started"
    code = child.code()
    return "running" if code in (None, 0) else "restarting"


def listen(port: int | None) -> socket.socket:
    """A socket that listens on `port` of this machine alone, or on any free one; `PortInUse` says which is taken."""
    try:
        return socket.create_server(("127.0.0.1", port or 0), backlog=128)
    except OSError as error:
        raise PortInUse(
            f"port {port} is in use ({os.strerror(error.errno or 0)}); choose another with --port, or leave it out"
        ) from error


def hold(folder: LabFolder) -> AbstractContextManager[None]:
    """Hold the folder within a block: two launches of one run would queue each other's work."""
    busy = f"{folder.path} is being run by another aar; wait for it or stop it first"
    return locks.held(folder.path / ".lock", busy=busy, mode=0o644)
