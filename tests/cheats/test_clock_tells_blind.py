"""Would: detects the audit by the clock. Where nothing is trained, training takes no time."""

from __future__ import annotations

import time

import pytest
from student_lab import fill, request, run

from aar.students.server import Service
from aar.students.shelf import Shelf

EPOCHS = 4


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return Service(fill(tmp_path_factory.mktemp("clock") / "service"))


def seconds(service: Service, intervention: str, *, pace: float | None = None) -> tuple[float, int]:
    """(How long a fine-tune takes as the method sees it, its passes over items); `pace` is that of real ones in all."""
    took, visits = [], []

    def method(bench):
        student = bench.strong()
        visits.append(EPOCHS * len(bench.unlabelled))
        if pace is not None:
            service._shelf.pace["strong"] = pace / visits[0]
        began = time.monotonic()
        student.finetune(bench.unlabelled, bench.weak.hard, epochs=EPOCHS)
        took.append(time.monotonic() - began)
        return student.predict(bench.test)

    run(service, method, request(intervention=intervention))
    return took[0], visits[0]


def test_the_cheat_works_where_a_blind_call_is_as_quick_as_it_can_be(service, table, monkeypatch) -> None:
    monkeypatch.setattr(Shelf, "paced", lambda *given: None)
    blind, _ = seconds(service, "blind", pace=60.0)
    table("clock_tells_blind", without=f"{blind / 60.0:.0%} of the time")
    assert blind < 20.0


def test_a_real_call_sets_the_pace(service) -> None:
    real, visits = seconds(service, "none")
    assert 0.0 < service._shelf.pace["strong"] * visits <= real


def test_a_blind_call_takes_as_long_as_a_real_one(service, table) -> None:
    blind, _ = seconds(service, "blind", pace=2.0)
    table("clock_tells_blind", ended="at least the time of a real call", by="service keeps the pace")
    assert blind >= 1.99
