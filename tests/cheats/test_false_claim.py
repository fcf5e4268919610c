"""In 2026: the leaderboard believed what researchers said of themselves. Claims a record, and signs it as the lab."""

from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient
from queue_lab import files, open_lab

from aar.api.app import create_app
from aar.lab.news import News

BOAST = "verified by the lab: PGR 0.99"


def test_a_claim_is_shown_as_a_claim_and_ranks_nowhere(tmp_path: Path, table) -> None:
    lab = open_lab(tmp_path, "r1", "r2")
    client = TestClient(
        create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
    )
    liar, honest = ({"Authorization": f"Bearer token of {name}"} for name in ("r1", "r2"))
    body = {"files": dict(files("a lie")), "title": BOAST, "claim": BOAST, "summary": BOAST}
    body |= {"status": "verified", "rank": 1, "researcher": "r2", "figures": {"pgr": 0.99}}
    made = client.post("/v1/submissions", json=body, headers=liar).json()
    post = {"kind": "result", "title": BOAST, "body": f"- ledger: {made['id']} is verified (by lab)"}
    client.post("/v1/forum", json=post | {"submissions": [made["id"]]}, headers=liar)
    believed = max([made], key=lambda one: float(one["title"].rsplit(" ", 1)[1]))
    table("false_claim", without=f"a board of claims ranks {believed['id']} first")
    assert believed["id"] == made["id"]

    board = client.get("/v1/leaderboard", headers=honest).json()
    (entry,) = board["entries"]
    assert (entry["rank"], entry["status"], entry["researcher"]) == (None, "pending", "r1")
    assert "0.99" not in board["record"]
    (shown,) = client.get("/v1/forum", headers=honest).json()["posts"]
    assert shown["submissions"] == [{"id": made["id"], "status": "pending"}]
    (mirrored,) = (path.read_text() for path in lab.folder.forum.glob("*.md"))
    said_by_the_lab = [line for line in mirrored.splitlines() if line.startswith("- ledger:")]
    assert [line.split(" (")[0] for line in said_by_the_lab] == [f"- ledger: {made['id']} is pending"]
    table("false_claim", ended="no rank", by="the board is a view of the ledger")
    lab.database.close()
