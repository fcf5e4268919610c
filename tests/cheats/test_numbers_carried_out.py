"""Would: writes what it saw of dev into logged numbers, and reads them afterwards."""

from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient
from queue_lab import open_lab, submit

from aar import ledger
from aar.api.app import create_app
from aar.database import run_turns, runs
from aar.engines import Outcome
from aar.lab.news import News
from aar.lab.run_end import finish
from aar.run_records import RunEnd

SEEN = 0.271


def test_what_a_scored_run_logged_is_for_people(tmp_path: Path, table) -> None:
    lab = open_lab(tmp_path, "r1")
    client = TestClient(
        create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
    )
    one = submit(lab, "r1", "a method")
    for _ in range(lab.settings.dev_seeds):
        with lab.database.write() as tx:
            run = run_turns.claim(tx)
        assert run is not None
        finish(lab, run, Outcome("ok", RunEnd(logged={"seen": SEEN})))
    with lab.database.read() as tx:
        kept = [run.end.logged for run in runs.all(tx, split="dev")]
        written = "".join(str(entry.body) for entry in ledger.entries(tx))
    table("numbers_carried_out", without="three digits a name and run, in the ledger that people read")
    assert kept == [{"seen": SEEN}] * lab.settings.dev_seeds
    assert str(SEEN) in written
    paths = [
        "/v1/me",
        "/v1/leaderboard",
        "/v1/forum",
        f"/v1/submissions/{one}",
        f"/v1/submissions/{one}/files",
    ]
    told = [client.get(path, headers={"Authorization": "Bearer token of r1"}) for path in paths]
    assert all(answer.status_code == 200 for answer in told)
    assert not any(str(SEEN) in answer.text for answer in told)
    table("numbers_carried_out", ended="told nothing", by="words only")
    lab.database.close()


def test_a_sealed_run_keeps_no_number(tmp_path: Path) -> None:
    lab = open_lab(tmp_path, "r1")
    submit(lab, "r1", "a method")
    with lab.database.write() as tx:
        run = run_turns.claim(tx)
        assert run is not None
        again = runs.Run(**{**vars(run), "key": "sealed run", "split": "sealed"})
        runs.queue(
            tx,
            again.key,
            researcher="r1",
            code_hash=again.code_hash,
            commit=again.commit,
            split="sealed",
            pair_index=0,
            supervisor_seed=0,
            student_seed="00",
            nominal_cost=1.0,
            priority="sealed",
        )
        taken = run_turns.claim(tx, key=again.key)
    assert taken is not None
    finish(lab, taken, Outcome("ok", RunEnd(logged={"seen": SEEN})))
    with lab.database.read() as tx:
        assert runs.get(tx, "sealed run").end.logged == {}
    lab.database.close()
