"""Would: counts its own runs in the queue. Audits are made of what was reproduced only, which is not told yet."""

from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient
from queue_lab import claim_all, open_lab, queue

from aar.api.app import create_app
from aar.lab.news import News
from aar.lab.queue_view import traffic


def test_audits_show_in_the_queue_of_people_and_not_in_a_researchers(tmp_path: Path, table) -> None:
    lab = open_lab(tmp_path, "r1", "r2", queued=20)
    client = TestClient(
        create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
    )

    def told(who: str) -> dict[str, object]:
        answer = client.get("/v1/me", headers={"Authorization": f"Bearer token of {who}"}).json()
        return dict(answer["queue"])

    def shown() -> int:
        with lab.database.read() as tx:
            return sum(line.runs for line in traffic(tx, slots=2).queued)

    queue(lab, "r1", 2)
    queue(lab, "r2", 1)
    before, people = [told(who) for who in ("r1", "r2")], shown()
    queue(lab, "r1", 8, priority="sealed")
    confirming = shown()
    queue(lab, "r1", 16, priority="audit")
    assert shown() == confirming + 16 == people + 24
    table("queue_tells_of_audits", without="16 more runs wait once a gain is reproduced")
    assert [told(who) for who in ("r1", "r2")] == before
    table("queue_tells_of_audits", ended="counts only what was asked for", by="the lab's answers")
    assert len(claim_all(lab)) == 27
    lab.database.close()
