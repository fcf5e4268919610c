"""Messages between the engine and a student service, over the same frames that methods use.

The engine sends a `RunRequest` and then one byte that carries the method's end of a socket pair
(SCM_RIGHTS); the service answers with a `RunReport`. One run at a time.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from aar.run_records import RunEnd
from w2s import wire
from w2s.records import FloatArray, SplitName

MESSAGE_CHARS = 2000
"""Longest message of a report: a frame's header must hold it, however it is escaped."""
Status = Literal["finished", "failed", "vanished", "timeout", "bad", "refused"]


@dataclass(frozen=True)
class RunRequest:
    """One run to serve: seeds and salt are drawn by the lab after the code was frozen.

    Attributes:
        testbed: Name of the testbed.
        split: Split to run on.
        supervisor_seeds: Seeds of the supervisors.
        student_seed: Seed of the students.
        salt: Salt of the ids and draws of the run.
        practice: True to show texts and messages; goes only with the practice split.
        deadline_s: Limit of wall-clock time from the start, in seconds.
        files: Names of the submission's files.
        log_names: Names that the submission may log.
        intervention: Name of what an audit changes; it is not shown to the method.
    """

    testbed: str
    split: SplitName
    supervisor_seeds: tuple[int, ...]
    student_seed: int
    salt: bytes
    practice: bool
    deadline_s: float
    files: tuple[str, ...] = ()
    log_names: tuple[str, ...] = ()
    intervention: str = "none"


@dataclass(frozen=True)
class RunReport:
    """Report of a run's end. Only "finished" has arrays; "refused" is the lab's fault, not the method's.

    Every array is by source row: the item whose text and models' answers it is about. `predictions` [test];
    `targets` and `target_weight` are the audited targets of the rows that `targets_on` names: "unlabelled", or
    "test" when nothing was fine-tuned and the predictions stand for them; `call_targets` [parts, unlabelled].
    `unlabelled_handle` and `test_handle` give the row under whose handle each was served, -1 if it was not.
    `end` is what was measured and what broke; the engine and the lab pass it on. `calls` counts the calls to
    `finetune`. `greeted`: the method's process came as far as saying hello.
    """

    status: Status
    end: RunEnd = field(default_factory=RunEnd)
    calls: int = 0
    greeted: bool = False
    targets_on: Literal["unlabelled", "test"] = "unlabelled"
    arrays: Mapping[str, FloatArray] = field(default_factory=dict)


def cut_message(message: str) -> str:
    """`message` as a report may hold it: short enough for a frame, and text that UTF-8 can encode.

    >>> cut_message("at \\ud800"), len(cut_message("x" * 65_400))
    ('at ?', 2000)
    """
    return message[:MESSAGE_CHARS].encode("utf-8", "replace").decode()


def send_run(control: socket.socket, request: RunRequest, method: socket.socket) -> None:
    """Ask for one run; the service gets its own copy of the socket `method`."""
    wire.send(control, {"op": "run", **asdict(request), "salt": request.salt.hex()})
    socket.send_fds(control, [b"\0"], [method.fileno()])


def recv_run(control: socket.socket) -> tuple[RunRequest, socket.socket]:
    """The next run to serve, and the socket of its method; `wire.Closed` when the engine is gone."""
    header, _ = wire.recv(control)
    if header.pop("op", None) != "run":
        raise wire.WireError("the engine asked for something other than a run")
    _, fds, _, _ = socket.recv_fds(control, 1, 1)
    if len(fds) != 1:
        raise wire.WireError("the engine sent a run without the method's socket")
    lists: dict[str, Any] = {
        name: tuple(header.pop(name)) for name in ("supervisor_seeds", "files", "log_names")
    }
    salt = bytes.fromhex(header.pop("salt"))  # before the rest is handed on by name
    request = RunRequest(**header, **lists, salt=salt)
    return request, socket.socket(fileno=fds[0])


def send_report(control: socket.socket, report: RunReport) -> None:
    """Answer the engine."""
    header = {name: getattr(report, name) for name in RunReport.__dataclass_fields__ if name != "arrays"}
    wire.send(control, {**header, "end": report.end.to_json()}, dict(report.arrays))


def recv_report(control: socket.socket, *, deadline: float | None = None) -> RunReport:
    """The service's answer; `wire.WireError` if it died, `TimeoutError` after `deadline`."""
    header, arrays = wire.recv(control, deadline=deadline)
    return RunReport(**{**header, "end": RunEnd.from_json(header["end"])}, arrays=arrays)
