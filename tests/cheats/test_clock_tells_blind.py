"""Would: detects the audit by the clock. Where nothing is trained, training takes no time."""

from __future__ import annotations

import time

import pytest
from student_lab import fill, request, run

from aar.students.server import Service
from aar.students.shelf import Shelf


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return Service(fill(tmp_path_factory.mktemp("clock") / "service"))


def seconds(service: Service, intervention: str) -> float:
    """How long a fine-tune takes, as the method sees it."""
    took = []

    def method(bench):
        student = bench.strong()
        began = time.monotonic()
        student.finetune(bench.unlabelled, bench.weak.hard, epochs=4)
        took.append(time.monotonic() - began)
        return student.predict(bench.test)

    run(service, method, request(intervention=intervention))
    return took[0]


def test_the_cheat_works_where_a_blind_call_is_as_quick_as_it_can_be(service, table, monkeypatch) -> None:
    seconds(service, "none")
    real = seconds(service, "none")
    monkeypatch.setattr(Shelf, "paced", lambda *given: None)
    blind = seconds(service, "blind")
    table("clock_tells_blind", without=f"{blind / real:.0%} of the time")
    assert blind < 0.3 * real


def test_a_blind_call_takes_as_long_as_a_real_one(service, table) -> None:
    seconds(service, "none")
    real = seconds(service, "none")
    blind = seconds(service, "blind")
    table("clock_tells_blind", ended=f"{blind / real:.0%} of the time", by="service keeps the pace")
    assert 0.7 < blind / real < 1.5
