"""One record for a run: its job follows from its row, and its end goes unchanged from the service to the ledger.

A further measured figure is a field of `RunEnd`. It is named in three files: where it is measured, in
`aar.run_records`, and where it is shown. These tests hold for every field that there is.
"""

from __future__ import annotations

import socket
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from tests.aar.queue_lab import PREDICTIONS, open_lab, submit

from aar import ledger
from aar.database import run_turns, runs
from aar.engines import Job
from aar.engines.local import outcome_of
from aar.engines.slot import Attempt
from aar.lab.jobs import draw_missing_salts, job_of
from aar.lab.run_end import finish
from aar.run_records import Cause, RunEnd, RunError
from aar.students.control import RunReport, recv_report, send_report

VALUES: dict[str, Any] = {
    "seconds": 1.1234567890123457,
    "core_seconds": 0.1 + 0.2,
    "nominal": 10_000.0,
    "error": RunError("ValueError", "method.py", 3, message="its own words"),
    "logged": {"loss": 0.5},
    "denied": {"ptrace": 2},
    "cause": Cause.REFUSED,
}
"""A value for every field that is not its default: a further figure needs a line here."""


def test_every_field_has_a_default_and_a_value_here() -> None:
    assert [name for name in VALUES if getattr(RunEnd(), name) == VALUES[name]] == []
    assert {field.name for field in fields(RunEnd)} == set(VALUES)
    assert RunEnd.from_json(RunEnd(**VALUES).to_json()) == RunEnd(**VALUES)


@pytest.mark.parametrize("status", ["finished", "failed"])
def test_what_the_service_measured_is_in_the_row_and_in_the_ledger(tmp_path: Path, status: Any) -> None:
    lab = open_lab(tmp_path, "r1", dev_seeds=1)
    submit(lab, "r1", "a method")
    with lab.database.write() as tx:
        run = run_turns.claim(tx)
    assert run is not None
    end = RunEnd(**VALUES)
    if status == "finished":
        end = replace(end, error=None)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send_report(theirs, RunReport(status=status, end=end, arrays={"predictions": PREDICTIONS}))
        report = recv_report(ours)
    job = Job({}, "mini-chat", "dev", (0,), 0, b"", practice=True)
    finish(lab, run, outcome_of(job, Attempt(report, None, 0, end.core_seconds, "", end.denied)))
    if end.error is not None:  # a method's own words are kept on practice only
        end = replace(end, error=replace(end.error, message=None))
    with lab.database.read() as tx:
        assert runs.get(tx, run.key).end == end
        (entry,) = (entry for entry in ledger.entries(tx) if entry.kind == "run")
    assert RunEnd.from_json(entry.body["end"]) == end
    ledger.Ledger(lab.database).verify()


def test_a_job_follows_from_the_stored_row_and_not_from_the_labs_secret(tmp_path: Path) -> None:
    lab = open_lab(tmp_path, "r1", dev_seeds=1)
    submit(lab, "r1", "a method")
    with lab.database.write() as tx:
        run = run_turns.claim(tx)
    assert run is not None
    before = job_of(lab, run)
    lab.secret = b"another secret of 32 bytes, here"
    assert job_of(lab, run) == before
    assert before.salt.hex() == run.salt
    assert before.student_seed == int(run.student_seed, 16)


def test_a_run_that_an_earlier_version_queued_gets_the_salt_that_it_would_have_had(tmp_path: Path) -> None:
    lab = open_lab(tmp_path, "r1", dev_seeds=1)
    submit(lab, "r1", "a method")
    with lab.database.write() as tx:
        (drawn,) = runs.all(tx)
        tx.exec_driver_sql("UPDATE runs SET salt = NULL")
        draw_missing_salts(lab, tx)
        assert runs.get(tx, drawn.key).salt == drawn.salt is not None
