"""One run from the first process to the report: start everything, watch it, restart what dies, end it in good order.

Covered: any process of the run killed at any moment is started again (unless it dies too often within an hour,
`aar.launch.restarts`) or, if this one is killed, by `--resume`; what counts is in the database. Ctrl-C and SIGTERM:
researchers are asked to stop, told, and only then killed. A run folder that is moved or deleted (`aar.launch.moved`).
Not covered: a machine that loses its disk.
"""

from __future__ import annotations

import json
import logging
import secrets
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from aar import logs
from aar.errors import AarError, LabUnreachable
from aar.folder import LabFolder
from aar.lab import address
from aar.lab.study_end import elapsed_before, note_ending
from aar.launch import scorer
from aar.launch.children import Child, Process, plain
from aar.launch.hosting import Hosting
from aar.launch.moved import Held
from aar.launch.operator_client import OperatorClient
from aar.launch.reserved import hold, listen
from aar.launch.show import Show
from aar.launch.signals import Hurry
from aar.launch.status_feed import StatusFeed
from aar.launch.team import Team
from aar.processes import python
from aar.reports.ending import Ending
from aar.researchers import RUNTIMES, Assignment, Hosted, Runtime
from aar.settings import Settings

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Time that the launcher waits for news before it checks its processes and moves the clock on."""
PLACE_SECONDS = 0.2
"""Between two looks at whether the run folder is where it was."""
ROTATE_SECONDS = 60.0
"""Between two looks at the sizes of the logs."""
START_SECONDS = 300.0
GRACE_SECONDS = 60.0
FAREWELL_SECONDS = 180.0
"""Time for the researchers' last turns after the last verdict."""


@dataclass(frozen=True)
class GuestDoor:
    """Where guests come in: a socket that listens on `host`, and the files of a TLS certificate and key, or none."""

    listener: socket.socket
    host: str
    certificate: Path | None = None
    key: Path | None = None

    @property
    def url(self) -> str:
        """The lab's address for guests."""
        named = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "http" if self.certificate is None else "https"
        return f"{scheme}://{named}:{self.listener.getsockname()[1]}"

    def as_json(self) -> dict[str, Any]:
        """What the lab's process is told; it inherits the socket."""
        files = {"certificate": self.certificate, "key": self.key}
        return {
            "socket": self.listener.fileno(),
            **{name: None if file is None else str(file.resolve()) for name, file in files.items()},
        }


@dataclass
class Launch:
    """A run under way; use it as `with Launch(...) as run:`, so that nothing outlives it.

    `listener` is the lab's listening socket, made where it is left out; `guests` is another, for those who join from
    elsewhere. One that `stays_open` does not end by itself. `ending` is how the run came to its end,
    `spent_up` whether a budget of money, tokens or hours of work ended its research.
    """

    folder: LabFolder
    settings: Settings
    show: Show
    listener: socket.socket | None = None
    guests: GuestDoor | None = None
    stays_open: bool = False
    operator_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    started: float = field(default_factory=time.monotonic)
    used_before: float = 0.0
    ending: Ending = Ending.INTERRUPTED
    spent_up: bool = False

    def __enter__(self) -> Launch:
        self.listener = self.listener or listen(None)
        self._held = ExitStack()
        self._held.enter_context(hold(self.folder))
        self._place = self._held.enter_context(Held(self.folder.path))
        self._held.enter_context(logs.kept_in(self.folder.logs / "launcher.log"))
        logger.info(
            "%s at %s, on %s",
            "goes on" if self.folder.database.exists() else "begins",
            self.url,
            self.folder.path,
        )
        self.used_before = elapsed_before(self.folder)
        self.lab = OperatorClient(self.url, self.operator_token)
        self.team = Team(self.folder, self.show, self.lab)
        self.hurry = Hurry().install()
        for path in (self.folder.blobs, self.folder.forum, self.folder.workspaces, self.folder.inspect_logs):
            path.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        with self.hurry:
            if kind is not None and issubclass(kind, KeyboardInterrupt):
                asked = "asking researchers to stop and keep their transcripts"
                self.show.stage(f"interrupted: {asked if self.settings.researchers else 'ending the lab'}")
            if kind is None and self.ending is Ending.INTERRUPTED:
                self.ending = Ending.COMPLETE  # who started it has seen enough
            logger.info("ends: %s", self.ending.name.lower())
            try:
                if self._place.gone():
                    self.team.kill()
                else:
                    self.team.end(self.hurry, informed=self.ending is Ending.COMPLETE)
                self._place.check()
                note_ending(
                    self.folder,
                    self.settings,
                    self.ending,
                    elapsed=self.elapsed(),
                    given_up=self.team.given_up,
                )
            finally:
                self.lab.close()
                assert self.listener is not None
                self.listener.close()
                if self.guests is not None:
                    self.guests.listener.close()
                self._held.close()

    @property
    def url(self) -> str:
        """URL of the lab."""
        assert self.listener is not None
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def elapsed(self) -> float:
        """Seconds of the run's time that are used, earlier starts included."""
        return self.used_before + time.monotonic() - self.started

    @property
    def time_was_over(self) -> bool:
        """True if the run's time was used up before this start: only verdicts are missing."""
        return self.settings.minutes is not None and self.used_before >= self.settings.minutes * 60

    def prepare(self) -> None:
        """Items and vault; what is there already is kept. References are trained by the running lab."""
        what = "checking" if self.folder.vault.exists() else "making"
        self.show.stage(f"{what} this lab's own items from a secret seed")
        child = Child("prepare", scorer.prepare(self.folder), self.folder.logs / "prepare.log")
        self.team.add(child)
        while child.code() is None:
            self._check()
            time.sleep(0.05)
        self.team.children.remove(child)
        if child.code() != 0:
            raise AarError(f"{child.name} ended with code {child.code()}: {child.tail()} (see {child.log})")

    def start(self, *, directions: Mapping[str, str]) -> None:
        """Start lab, scorer and the researchers named in `directions`."""
        assert self.listener is not None
        runtime = RUNTIMES.make(self.settings.runtime)
        hosting = self._host(runtime, directions) if isinstance(runtime, Hosted) and directions else None
        tokens = {name: secrets.token_urlsafe(32) for name in directions}
        descriptor = self.listener.fileno()
        start = {
            "socket": descriptor,
            "operator_token": self.operator_token,
            "tokens": tokens,
            "directions": dict(directions),
            "models": {name: self._model(name) for name in directions},
            "to_the_end": self.time_was_over,
            "guests": None if self.guests is None else self.guests.as_json(),
            "stays_open": self.stays_open,
        }
        doors = [descriptor, *([self.guests.listener.fileno()] if self.guests is not None else [])]

        def start_lab(output: BinaryIO) -> Process:
            secret = json.dumps({**start, "elapsed": self.elapsed(), "again": lab.process is not None})
            command = python("aar.api", str(self.folder.path))
            return plain(command, secret=secret, pass_fds=doors)(output)

        lab = Child("lab", start_lab, self.folder.logs / "lab.log")
        self.team.add(lab)
        self._until_it_answers(lab)
        address.note(self.folder, self.url if self.guests is None else self.guests.url)
        self.team.add(
            Child(
                "scorer", scorer.scorer(self.folder, self.settings.sandbox), self.folder.logs / "scorer.log"
            )
        )
        for name, token in tokens.items():
            self._add_researcher(name, token, runtime, hosting)

    def _host(self, runtime: Hosted, names: Iterable[str]) -> Hosting:
        """The host, which imports what it needs while the lab starts."""
        hosting = Hosting(runtime.host([self._model(name) for name in names]))
        host = Child("the researchers' host", hosting.start, self.folder.logs / "host.log")
        self.team.add_host(host, hosting)
        return hosting

    def _add_researcher(self, name: str, token: str, runtime: Runtime, hosting: Hosting | None) -> None:
        assignment = Assignment(
            self.folder.path,
            name,
            url=self.url,
            model=self._model(name),
            seed=self.settings.seed,
            sandbox=self.settings.sandbox,
            model_args=self.settings.model_args,
            effort=self.settings.effort,
            temperature=self.settings.temperature,
            base_url=self.settings.base_url,
        )
        command = runtime.command(assignment)
        start = (
            plain(command, secret=token, keys=True)
            if hosting is None
            else hosting.starter(name, command, secret=token)
        )
        self.team.add_researcher(Child(name, start, self.folder.logs / f"{name}.log"))

    def _model(self, name: str) -> str:
        """The model of a researcher: r1 has the first."""
        return self.settings.model_of(int(name.removeprefix("r")) - 1)

    def _until_it_answers(self, lab: Child) -> None:
        end = time.monotonic() + START_SECONDS
        self.show.stage("starting the lab")
        while time.monotonic() < end:
            self._check()
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
        closing: float | None = None
        rotated = time.monotonic()
        with StatusFeed(OperatorClient(self.url, self.operator_token)) as feed:
            while True:
                self._check()
                self.team.look_after()
                if time.monotonic() - rotated > ROTATE_SECONDS:
                    rotated = time.monotonic()
                    logs.rotate(self.folder.logs)
                status = self._next(feed)
                time_s = time.monotonic()
                if time_s - feed.heard > START_SECONDS:
                    raise LabUnreachable(
                        f"the lab has not answered for {START_SECONDS:.0f} s, last: {feed.trouble}; "
                        f"see {self.folder.logs}, then continue with aar run --resume {self.folder.path}"
                    )
                if status is None:
                    self.show.tick()
                else:
                    self.team.heard({row["name"]: row["state"] for row in status["researchers"]})
                    for row in status["researchers"]:
                        if row["outside"]:
                            continue  # it has no process here that could be looked at
                        row["process"] = self.team.state(row["name"])
                    self.show.update(status)
                    self.spent_up = bool(status["spending"]["ends_research"])
                    closing = (closing or time_s) if status["phase"] == "closing" else None
                    if status["phase"] == "finished":
                        self.ending = self._how(status)
                    yield status
                if closing is not None and time_s - closing > FAREWELL_SECONDS:
                    self.ending = self._how({})
                    return
                if self._over_by_far():
                    self.ending = Ending.TIME
                    return

    def _next(self, feed: StatusFeed) -> dict[str, Any] | None:
        """The newest status, None if nothing new was told within `LOOK_SECONDS`."""
        end = time.monotonic() + LOOK_SECONDS
        while (status := feed.next(PLACE_SECONDS)) is None and time.monotonic() < end:
            self._check()
        return status

    def _check(self) -> None:
        """Raise `Stopped` if a person wants the run to end, `LabFolderError` if its folder is no longer there."""
        self.hurry.check()
        self._place.check()

    def _over_by_far(self) -> bool:
        """True if the run's time has been over for so long that the launcher waits no more."""
        limit = self.settings.minutes
        return limit is not None and not self.time_was_over and self.elapsed() > limit * 60 + GRACE_SECONDS

    def _how(self, status: Mapping[str, Any]) -> Ending:
        """How a run ended that is over by its last status; by an empty one if only last turns were broken off."""
        if status.get("cut"):
            return Ending.TIME
        if self.team.everybody_given_up():
            return Ending.RESEARCHERS_FAILED
        return Ending.BUDGET if self.spent_up else Ending.COMPLETE
