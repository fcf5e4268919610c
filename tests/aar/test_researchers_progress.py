"""What a researcher is doing is one of a few words, by which a program can act."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from aar import database
from aar.api.app import create_app
from aar.database import progress, researchers
from aar.database.progress import Activity
from aar.folder import LabFolder
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.settings import Settings


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    folder = LabFolder(tmp_path)
    settings = Settings()
    folder.describe({"settings": settings.as_json(), "testbed": settings.testbed})
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        researchers.add(tx, "r1", token="one", submissions=2)
    return Lab(folder, settings, store, elapsed=0.0)


def test_a_word_and_a_detail_are_kept_and_another_word_is_refused(lab: Lab) -> None:
    client = TestClient(
        create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
    )

    def say(**body: str) -> int:
        return client.post("/v1/progress", json=body, headers={"Authorization": "Bearer one"}).status_code

    assert say(activity="computing", text="ls \x1b[31m-l") == 200
    assert say(activity="idling", text="") == 422
    assert say(text="ls") == 422
    with lab.database.read() as tx:
        latest = progress.latest(tx)["r1"]
    assert latest.activity is Activity.COMPUTING
    assert "\x1b" not in latest.text
    assert say(activity="resting") == 200
    with lab.database.read() as tx:
        assert [each.activity for each in progress.all(tx)] == [Activity.COMPUTING, Activity.RESTING]
