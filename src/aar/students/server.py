"""The service's loop: take a run from the engine, serve its method, report, forget everything about it.

Prevents: one run outliving its deadline, two runs at once, state of one run in the next, an exception in
one run ending the service, a service that outlives the engine. Does not prevent: a crash in native code
from ending the process; the engine then starts a new one and repeats the run.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import threading
from pathlib import Path

from aar.errors import BadRequest
from aar.run_records import RunEnd, RunError
from aar.seeds import pair_of
from aar.students.control import RunReport, RunRequest, cut_message, recv_run, send_report
from aar.students.data import all_texts, load_testbed, read_splits, read_weak
from aar.students.deadline import DeadlinePassed, deadline
from aar.students.interventions import NONE, intervention, stream
from aar.students.session import Session
from aar.students.shelf import Shelf
from w2s import wire
from w2s.errors import NotFound, W2SError
from w2s.records import part_of

logger = logging.getLogger(__name__)


class Service:
    """Serves the splits in `data`, one run after the other."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._testbed, self._splits = read_splits(data)
        # by split: a refusal tells that a text is there, so a practice run must not learn it of scored texts
        self._texts = {name: frozenset(all_texts(parts)) for name, parts in self._splits.items()}
        self._shelf = Shelf(load_testbed(data))

    def warm(self) -> None:
        """Load the strong models, so that the first run does not pay for it."""
        for world in {part.world for parts in self._splits.values() for part in parts}:
            self._shelf.model("strong", world)

    def serve(self, control: socket.socket) -> None:
        """Take runs from `control` until the engine closes it."""
        wire.send(control, {"ready": True, "pid": os.getpid()})
        while True:
            try:
                request, method = recv_run(control)
            except wire.Closed:
                return
            with method:
                report = self.run(request, method)
            send_report(control, report)
            logger.info("served a run on %s: %s", request.split, report.status)

    def run(self, request: RunRequest, method: socket.socket) -> RunReport:
        """Serve one method to its end; never raises for what the method does."""
        session: Session | None = None
        try:
            with deadline(request.deadline_s):
                session = self._session(request, method)
                report = self._served(session)
        except DeadlinePassed:
            rule = f"took longer than {request.deadline_s:g} s"
            report = (
                _unserved("timeout", rule)
                if session is None
                else session.report("timeout", error=RunError(message=rule))
            )
        except W2SError as error:  # raised before the method was served: the request does not fit the folder
            report = _unserved("refused", str(error))
        if session is None or session.interrupted or report.status not in ("finished", "failed"):
            self._shelf.clear()  # it may have ended in the middle of a computation on a shared model
        return report

    def _served(self, session: Session) -> RunReport:
        try:
            return session.serve()
        # The one place that catches everything: what a method sends reaches code that is not ours (torch,
        # the tokenizer), and a fault in there must end this run, not the process that serves the next one.
        # By type name only, since its words may hold an item's text.
        except Exception as error:  # noqa: BLE001
            return session.report("bad", error=RunError("BadMethod", message=type(error).__name__))

    def _session(self, request: RunRequest, method: socket.socket) -> Session:
        if request.testbed != self._testbed:
            raise BadRequest(f"this service holds {self._testbed!r}, the run asks for {request.testbed!r}")
        if request.split not in self._splits:
            raise NotFound.among("split", request.split, self._splits)
        if request.practice != (request.split == "practice"):
            raise BadRequest("texts and messages go with the practice split, and only with it")
        change = intervention(request.intervention)
        if request.practice and change is not NONE:
            raise BadRequest("interventions are for scored runs; practice is never audited")
        if not request.supervisor_seeds:
            raise BadRequest("a run needs at least one supervisor seed")
        split = part_of(self._splits[request.split], pair_of(request.supervisor_seeds[0]))
        weak = [
            change.label(read_weak(self._data, request.split, seed, n=len(split.unlabelled)), request.salt)
            for seed in request.supervisor_seeds
        ]
        shelf = self._shelf
        if change.blank_models:
            shelf = shelf.blind(int(stream(request.salt, "blind").integers(2**31)))
        texts = self._texts[request.split]
        return Session(method, request, split=split, weak=weak, shelf=shelf, item_texts=texts)


def _unserved(status: str, message: str) -> RunReport:
    return RunReport(status=status, end=RunEnd(error=RunError(message=cut_message(message))))  # type: ignore[arg-type]


def exit_with(control: socket.socket) -> None:
    """End this process, whatever it is doing, once the other end of `control` is closed."""

    def watch() -> None:
        poll = select.poll()
        poll.register(control.fileno(), select.POLLRDHUP)
        while not poll.poll():
            continue
        os._exit(0)

    threading.Thread(target=watch, name="control-watch", daemon=True).start()
