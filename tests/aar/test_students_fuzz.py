"""Whatever frames a method sends, the service answers or ends that run, and the next run is as if nothing was."""

import contextlib
import weakref

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from student_lab import fill, request, run, serve, service_here, splits, vanilla

from w2s import wire

OPS = [
    *("hello", "student", "copy", "finetune", "predict", "zero_shot", "likelihood", "hidden_states"),
    *("generate", "step", "log", "finish", "gradient", "stop"),
]
VALID = {"student": 0, "custom": False, "wants_hidden": False, "which": "strong"}
numbers = st.integers(-3, 40) | st.floats(allow_nan=False, allow_infinity=False) | st.integers()
values = (
    numbers | st.booleans() | st.none() | st.text(max_size=30) | st.lists(st.text(max_size=3), max_size=3)
)
options = st.fixed_dictionaries(
    {},
    optional={
        "student": st.integers(0, 3) | values,
        "which": st.sampled_from(["strong", "weak"]) | values,
        "custom": st.booleans() | values,
        "wants_hidden": st.booleans() | values,
        "epochs": st.integers(0, 2) | values,
        "learning_rate": st.floats(0, 0.01) | values,
        "layer": st.integers(-1, 9) | values,
        "template": st.sampled_from(["{prompt} Label:", "{first", "{0}", "{prompt!r}"]) | values,
        "labels": st.just(["A", "B"]) | values,
        "into": st.sampled_from(["critique", "prompt"]) | values,
        "seed": numbers,
        "scale": numbers,
        "numbers": st.dictionaries(st.sampled_from(["loss", "other"]), values, max_size=2) | values,
        "loss": numbers,
    },
)
SIZES = (0, 1, 3, 40)


shapes = st.fixed_dictionaries(
    {
        "n": st.sampled_from((0, 1, 3, 40)),
        "seed": st.integers(0, 9),
        "known": st.booleans(),
        "scale": st.sampled_from([1.0, 2.0, np.nan]),
        "shift": st.sampled_from([0.0, 0.5]),
        "left_out": st.sets(
            st.sampled_from(["ids", "flipped", "targets", "weights", "order", "probabilities"])
        ),
    }
)


def arrays(ids, *, n, seed, known, scale, shift, left_out):
    rng = np.random.default_rng(seed)
    made = {
        "ids": ids[rng.integers(len(ids), size=n)] if known else rng.integers(9, size=n).astype("u8"),
        "flipped": rng.random(n) < 0.5,
        "targets": rng.random(n) * scale,
        "weights": rng.random(n) - shift,
        "order": rng.permutation(n),
        "probabilities": rng.random(n),
        "seeds": rng.integers(-1, 9, size=n),
        "grad": rng.random(n).astype("f4"),
    }
    return {name: array for name, array in made.items() if name not in left_out}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    return service_here(fill(tmp_path_factory.mktemp("fuzz") / "service"))


@pytest.fixture(scope="module")
def expected(service):
    return run(service, vanilla).arrays["predictions"].tobytes()


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(OPS), options, shapes), min_size=1, max_size=6))
def test_no_sequence_of_requests_breaks_the_service(service, expected, requests):
    def play(sock):
        wire.send(sock, {"op": "hello"})
        _, shown = wire.recv(sock)
        ids = np.concatenate([shown["unlabelled_ids"], shown["test_ids"]])
        wire.send(sock, {"op": "student", "which": "strong"})
        wire.recv(sock)
        with contextlib.suppress(wire.WireError):
            for op, fields, shape in requests:
                wire.send(sock, {"op": op, **VALID, **fields}, arrays(ids, **shape))
                wire.recv(sock)

    report, _ = serve(service, play, request(deadline_s=600))
    assert report.status in ("finished", "vanished", "bad")


def test_a_run_that_ended_badly_leaves_no_model_behind(service):
    model = weakref.ref(service._shelf.model("strong", splits()["dev"].world))
    report, _ = serve(service, lambda sock: sock.sendall(b"garbage" * 9), request())
    assert report.status == "bad"
    assert model() is None


def test_after_all_that_a_run_gives_the_same_as_before(service, expected):
    assert run(service, vanilla).arrays["predictions"].tobytes() == expected
