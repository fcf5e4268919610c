"""Would: gives weights whose mean is 0 in floating point, so that what is recorded of every call becomes NaN.

The decoy names the items of the real call. Their recorded targets then counted .5, whatever the real call taught.
"""

import numpy as np
import pytest
from student_lab import fill, request, serve

from aar.students.server import Service
from w2s import bounds, wire
from w2s.client import RemoteBench
from w2s.errors import BadTargets

MANY = 8
WEIGHTS = np.zeros(MANY)
WEIGHTS[0] = 5e-324


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    return Service(fill(tmp_path_factory.mktemp("weights") / "service"))


def played(service):
    """What the service answered to the decoy, and its report: the real call teaches that its items are all true."""
    answers = []

    def cheat(sock):
        bench = RemoteBench(sock)
        student, _ = bench.strong(), bench.strong()
        items = bench.unlabelled[:MANY]
        student.finetune(items, np.ones(MANY), epochs=1)
        header = {"op": "finetune", "student": 1, "custom": False, "epochs": 1}
        named = {"ids": items.ids, "flipped": items.flipped, "targets": np.zeros(MANY), "weights": WEIGHTS}
        wire.send(sock, header, named)
        answers.append(wire.recv(sock)[0])
        bench.finish(student.predict(bench.test))

    report, _ = serve(service, cheat, request())
    return answers[0], report


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_without_a_least_weight_the_decoy_hides_what_the_real_call_taught(service, monkeypatch, table):
    monkeypatch.setattr(bounds, "LEAST_WEIGHT", 0.0)
    answer, report = played(service)
    assert answer["ok"]
    hidden = int((~np.isfinite(report.arrays["target_weight"])).sum())
    table("weights_without_a_mean", without=f"what taught {hidden} of {MANY} items is not recorded")
    assert hidden == MANY
    assert not (report.arrays["targets"] == 1.0).any()


def test_the_decoy_is_refused_even_if_it_does_not_come_from_our_client(service, table):
    answer, report = played(service)
    assert (answer["ok"], answer["error"]) == (False, "BadTargets")
    table("weights_without_a_mean", ended="refused: BadTargets", by="contract")
    assert sorted(report.arrays["targets"])[-MANY:] == [1.0] * MANY
    assert np.isfinite(report.arrays["target_weight"]).all()


def test_our_client_refuses_it_too(service):
    def method(sock):
        bench = RemoteBench(sock)
        student = bench.strong()
        with pytest.raises(BadTargets, match="at least one weight"):
            student.finetune(bench.unlabelled[:MANY], np.zeros(MANY), weights=WEIGHTS)
        bench.finish(student.predict(bench.test))

    report, _ = serve(service, method, request())
    assert report.status == "finished"
