"""The student service shows states in a basis of the run's own, and nothing that it keeps or compares is in it."""

from __future__ import annotations

import numpy as np
import pytest
from student_lab import fill, request, run, service_here, vanilla

from aar.students.server import Service
from aar.students.shelf import Shelf
from w2s import methods
from w2s.bench.basis import Bases, Basis
from w2s.models import TextStudent


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    return service_here(fill(tmp_path_factory.mktemp("lab") / "service"))


def plain(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Bases, "of", lambda _, model, layer, *, width: Basis(np.eye(width, dtype=np.float32)))


def states(service: Service, salt: bytes, *, layer: int = 2) -> np.ndarray:
    """States of the test items by id, [n, h]: ids and rows are other ones under each salt, so sorted by their norm."""
    found = []

    def see(bench):
        found.append(bench.strong().hidden_states(bench.test, layer))
        return bench.strong().predict(bench.test)

    run(service, see, request(salt=salt))
    return found[0][np.argsort(np.linalg.norm(found[0], axis=1))]


def test_a_basis_is_the_runs_own_and_the_same_for_the_same_salt(service):
    here, again, elsewhere = (states(service, salt) for salt in (b"salt", b"salt", b"pepper"))
    np.testing.assert_array_equal(here, again)
    np.testing.assert_allclose(here @ here.T, elsewhere @ elsewhere.T, rtol=1e-3, atol=1e-2)
    assert np.abs(here - elsewhere).max() > 0.1 * np.abs(here).max()


def test_states_are_computed_once_for_all_runs_and_turned_afterwards(service, monkeypatch):
    states(service, b"salt", layer=3)
    monkeypatch.setattr(TextStudent, "hidden_states", lambda *_, **__: pytest.fail("computed again"))
    assert len(states(service, b"pepper", layer=3))


def test_what_is_kept_for_all_runs_is_in_no_runs_basis(service, monkeypatch):
    shown = states(service, b"salt", layer=1)
    kept = [value for key, value in service._shelf._answers.items() if getattr(key[0], "layer", None) == 1]
    assert kept
    assert not any(np.isclose(row, shown[0]).all() for value in kept for row in value)
    monkeypatch.setattr(Shelf, "student", lambda *_: pytest.fail("computed again"))


@pytest.mark.parametrize("name", ["low_rank", "mass_mean", "probe"])
def test_a_run_predicts_the_same_whatever_its_basis(service, monkeypatch, name):
    asked = request(salt=b"salt", log_names=("layer",))
    turned = run(service, methods.load(name), asked).arrays
    plain(monkeypatch)
    own = run(service, methods.load(name), asked).arrays
    np.testing.assert_allclose(turned["predictions"], own["predictions"], atol=0.02)
    np.testing.assert_allclose(turned["targets"], own["targets"], atol=0.02)


def test_a_blind_run_has_a_basis_too(service):
    def see(bench):
        assert bench.strong().hidden_states(bench.test, 1).std() > 0
        return vanilla(bench)

    assert run(service, see, request(intervention="blind")).status == "finished"


def test_the_same_seed_is_another_direction_in_another_run(service, monkeypatch):
    known: list[dict[int, float]] = []
    monkeypatch.setattr(TextStudent, "step", lambda _, directions: known.append(dict(directions)))

    def move(bench):
        student = bench.strong()
        student.perturb(5, 0.1)
        student.perturb(5, -0.1)
        return student.predict(bench.test)

    for salt in (b"salt", b"pepper"):
        run(service, move, request(salt=salt))
    (there, back, elsewhere, _) = known
    assert there.keys() == back.keys() != elsewhere.keys()
    assert 5 not in there
