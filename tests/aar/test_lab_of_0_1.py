"""A study that version 0.1 began is read and verified: its folder, as 0.1 left it when it was killed, is kept here.

`lab-0.1.tar.xz` was written by the code that wrote database format 4: mini-chat, one embedded researcher, two seeds of
everything. A baseline and `s2` are verified, `s3` was ended by a person, `s4` builds on `s2` and its runs were under
way. Only logs, locks and the library of methods are left out.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from safetensors.numpy import load_file

from aar import database
from aar.database import meta, run_turns, runs, standing, submissions, trainings, verdicts, wanted_runs
from aar.database.researchers import Role
from aar.database.submissions import Ended
from aar.engines import Outcome
from aar.errors import WrongFormat
from aar.folder import LabFolder
from aar.lab.intake import Lab
from aar.lab.jobs import draw_missing_salts, job_of
from aar.lab.slots import finish
from aar.launch.reserved import hold
from aar.run_records import RunEnd
from aar.scoring.serve import serve
from aar.scoring.truth.references import References
from aar.settings import settings_of
from w2s.weak_labels import training_code

ARCHIVE = Path(__file__).with_name("lab-0.1.tar.xz")
STATUSES = {"s1": "verified", "s2": "verified", "s3": "failed", "s4": "pending"}


@pytest.fixture
def lab(tmp_path: Path) -> LabFolder:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path / "run", filter="data")
    return LabFolder(tmp_path / "run")


def trained(lab: LabFolder) -> list[trainings.Place]:
    """The references that lie in its vault, whatever they were made from."""
    roles: dict[str, trainings.Role] = {"floor": "supervisor", "ceiling": "ceiling"}
    names = [path.stem.split("-") for path in (lab.vault / "references").glob("*.safetensors")]
    return [(roles[kind], split, int(k)) for kind, split, k in names]


def aar(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aar.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False)


def statuses(lab: LabFolder) -> dict[str, str]:
    store = database.open(lab.database)
    with store.read() as tx:
        found = {row.id: row.status for row in submissions.all(tx)}
    store.close()
    return found


def tables(path: Path) -> dict[str, Any]:
    """What there is in a database; defaults are left out, since only rows from before the column need them."""
    inspector = sa.inspect(sa.create_engine(f"sqlite:///{path}"))
    return {
        name: (
            {
                column["name"]: (repr(column["type"]), column["nullable"])
                for column in inspector.get_columns(name)
            },
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted((index["name"], index["column_names"]) for index in inspector.get_indexes(name)),
            sorted(unique["column_names"] for unique in inspector.get_unique_constraints(name)),
            sorted(key["constrained_columns"] for key in inspector.get_foreign_keys(name)),
            sorted(check["sqltext"] for check in inspector.get_check_constraints(name)),
        )
        for name in inspector.get_table_names()
    }


def test_its_tables_become_those_of_a_lab_of_today(lab: LabFolder, tmp_path: Path) -> None:
    database.open(lab.database).close()
    database.open(tmp_path / "new.db", create=True).close()
    assert tables(lab.database) == tables(tmp_path / "new.db")


def test_what_was_decided_stays_and_what_was_under_way_waits(lab: LabFolder) -> None:
    assert statuses(lab) == STATUSES
    store = database.open(lab.database)
    with store.write() as tx:
        assert meta.get(tx, "format") == database.FORMAT
        assert {run.submission for run in runs.all(tx, state="running")} == {"s4"}
        assert runs.requeue_running(tx) == 2
        assert [verdict.status for verdict in verdicts.all(tx, "s2")] == ["pending", "verified"]
    store.close()


def test_what_it_kept_in_sentences_has_columns_and_tables_now(lab: LabFolder) -> None:
    store = database.open(lab.database)
    with store.read() as tx:
        assert {row.role for row in submissions.all(tx) if row.id != "s1"} == {Role.RESEARCHER}
        assert submissions.get(tx, "s1").role is Role.BASELINE
        assert {row.id: row.ended for row in submissions.all(tx)} == {
            "s1": Ended.DECIDED,
            "s2": Ended.DECIDED,
            "s3": Ended.CANCELLED,
            "s4": None,
        }
        assert [verdict.would_be for verdict in verdicts.all(tx, "s2")] == [True, False]
        assert standing.find(tx) == standing.Standing("s2", 0.7747580267412529, 1000)
        audits = [("blind", 0), ("blind", 1), ("part", 0), ("shuffle", 0), ("shuffle", 1)]
        assert [(run.intervention, run.k) for run in wanted_runs.of(tx, "s2")] == audits
        ended = [run for run in runs.all(tx) if run.state == "done"]
        assert len(ended) == 17
        assert all(run.end.seconds > 0 and run.end.core_seconds > 0 for run in ended)
    store.close()


def test_the_lab_takes_up_what_was_under_way_and_the_scorer_decides_it(lab: LabFolder) -> None:
    store = database.open(lab.database)
    opened = Lab(lab, settings_of(lab), store, elapsed=0.0)
    with store.write() as tx:
        (done, *_) = runs.all(tx, submission="s2", split="dev")
        runs.requeue_running(tx)
        draw_missing_salts(opened, tx)
        trainings.keep(tx, trained(lab))
    wrong = {name: 1 - array for name, array in load_file(lab.blobs / f"{done.blob}.safetensors").items()}
    taken = []
    for _ in range(2):
        with store.write() as tx:
            run = run_turns.claim(tx)
        assert run is not None
        assert job_of(opened, run).student_seed == int(run.student_seed, 16)
        taken.append(run.submission)
        finish(opened, run, Outcome("ok", RunEnd(seconds=1.0), arrays=wrong))
    assert taken == ["s4", "s4"]
    stop, lines = threading.Event(), list[str]()
    patience = threading.Timer(120, stop.set)
    patience.start()
    serve(lab, stop=stop, say=lambda line: (lines.append(line), stop.set()))
    patience.cancel()
    assert statuses(lab) == {**STATUSES, "s4": "no_improvement"}, lines
    with hold(lab):  # the mirror is written by a lab that runs
        assert aar("ledger", "verify", str(lab.path)).returncode == 0
    store.close()


def test_aar_ledger_verify_holds_with_every_entry_mirror_line_and_array(lab: LabFolder) -> None:
    verified = aar("ledger", "verify", str(lab.path))
    assert verified.returncode == 0, verified.stderr
    assert "entries hold" in verified.stdout


def test_an_entry_or_row_that_was_changed_is_still_found(lab: LabFolder) -> None:
    store = database.open(lab.database)
    with store.write() as tx:
        tx.execute(sa.text("UPDATE submissions SET status = 'verified' WHERE id = 's3'"))
    store.close()
    assert "submission s3 is shown as 'verified'" in aar("ledger", "verify", str(lab.path)).stderr


def test_it_was_scored_with_models_that_ship_no_more_so_nothing_is_trained_for_it(lab: LabFolder) -> None:
    """It is read, reported and verified; a figure of today's models would not compare with its own."""
    files = sorted((lab.vault / "references").glob("*.safetensors"))
    with pytest.raises(WrongFormat, match="was scored with other models"):
        References(lab).remove_foreign()
    assert len(files) == 19
    assert sorted((lab.vault / "references").glob("*.safetensors")) == files


def test_the_training_code_of_today_was_reviewed_against_it() -> None:
    digest = training_code.training_digest(training_code.MODELS)
    assert digest == training_code.REVIEWED, (
        f"w2s.models computes something else than before (its digest is {digest}): if numbers stayed the same, put it "
        "into w2s.weak_labels.training_code.REVIEWED, and the digest that stood there into SAME_RESULTS; if numbers "
        "changed on purpose, empty SAME_RESULTS and SAME_RESULTS_OF_0_1 too: scored labs are then refused"
    )


def test_aar_run_resume_says_why_it_does_not_go_on(lab: LabFolder) -> None:
    resumed = aar("run", "--resume", str(lab.path))
    assert resumed.returncode != 0
    assert "was scored with other models" in " ".join(resumed.stderr.split())
    assert statuses(lab) == STATUSES
    assert aar("ledger", "verify", str(lab.path)).returncode == 0
