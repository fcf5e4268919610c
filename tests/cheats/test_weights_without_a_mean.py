"""Would: gives weights whose mean is 0 in floating point, so that what is recorded of every call becomes NaN.

The decoy names the items of the real call. Their recorded targets then counted .5, whatever the real call taught.
"""

import numpy as np
import pytest
from student_lab import fill, request, serve

from aar.students.server import Service
from w2s import wire
from w2s.client import RemoteBench
from w2s.errors import BadTargets


def test_the_decoy_is_refused_even_if_it_does_not_come_from_our_client(tmp_path):
    weights = np.zeros(8)
    weights[0] = 5e-324
    answers = []

    def cheat(sock):
        bench = RemoteBench(sock)
        student = bench.strong()
        items = bench.unlabelled[:8]
        student.finetune(items, np.ones(8), epochs=1)
        with pytest.raises(BadTargets, match="at least one weight"):
            student.finetune(items, np.zeros(8), weights=weights)
        header = {"op": "finetune", "student": 0, "custom": False, "epochs": 1}
        named = {"ids": items.ids, "flipped": items.flipped, "targets": np.zeros(8), "weights": weights}
        wire.send(sock, header, named)
        answers.append(wire.recv(sock)[0])
        bench.finish(student.predict(bench.test))

    report, _ = serve(Service(fill(tmp_path / "service")), cheat, request())
    assert (answers[0]["ok"], answers[0]["error"]) == (False, "BadTargets")
    assert sorted(report.arrays["targets"])[-8:] == [1.0] * 8
    assert np.isfinite(report.arrays["target_weight"]).all()
