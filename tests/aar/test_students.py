"""The student service: what a method gets, what is recorded of it, and what is refused."""

import socket
import time
from dataclasses import replace

import numpy as np
import pytest
from student_lab import (
    SEEDS,
    TEST,
    UNLABELLED,
    fill,
    request,
    run,
    serve,
    service_here,
    soft_labels,
    splits,
    talk,
    vanilla,
)

from aar.run_records import RunError
from aar.students.control import recv_report, send_report
from aar.students.data import all_texts
from aar.students.handles import Handles
from aar.students.interventions import SWAPPED
from aar.students.server import Service
from w2s.bench import LocalBench
from w2s.blocks.losses import LogConfidence
from w2s.client import RemoteBench
from w2s.errors import (
    BadPredictions,
    BadTargets,
    BadTemplate,
    NotFound,
    ServiceLost,
    TextWithheld,
    TooMuch,
    W2SError,
    WrongIds,
)
from w2s.records import Items, Predictions
from w2s.testbeds import load


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("lab") / "service")


@pytest.fixture(scope="module")
def service(folder):
    return service_here(folder)


def answer(service, ask, asked=None):
    """What `ask(bench)` gives; the run then ends with constant predictions."""
    found = []

    def method(bench):
        found.append(ask(bench))
        return Predictions(bench.test, np.full(len(bench.test), 0.5))

    run(service, method, asked)
    return found[0]


def test_a_method_gets_handles_weak_labels_and_predictions_come_back_by_row(service):
    report = run(service, vanilla)
    assert report.status == "finished"
    assert report.arrays["predictions"].shape == (TEST,)
    assert np.isfinite(report.arrays["predictions"]).all()


def test_the_weak_labels_go_with_their_items(service):
    def method(bench):
        student = bench.strong()
        student.finetune(bench.unlabelled, bench.supervisors[1].soft, epochs=1)
        return student.predict(bench.test)

    report = run(service, method)
    np.testing.assert_allclose(report.arrays["targets"], soft_labels("dev", SEEDS[1]))


def test_ids_and_rows_are_other_ones_under_another_salt(service):
    def see(bench):
        return bench.unlabelled.ids, bench.weak.soft

    ids, weak = answer(service, see)
    same_ids, same_weak = answer(service, see)
    other_ids, other_weak = answer(service, see, request(salt=b"pepper"))
    np.testing.assert_array_equal(ids, same_ids)
    np.testing.assert_array_equal(weak, same_weak)
    assert not set(ids.tolist()) & set(other_ids.tolist())
    assert not np.array_equal(weak, other_weak)
    np.testing.assert_array_equal(np.sort(weak), np.sort(other_weak))


def test_text_is_shown_on_practice_and_withheld_in_scored_runs(service):
    shown = answer(service, lambda bench: bench.unlabelled.text(0), request("practice"))
    assert any(all(value in shown for value in e.fields.values()) for e in splits()["practice"].unlabelled)
    with pytest.raises(TextWithheld):
        answer(service, lambda bench: bench.unlabelled.text(0))


@pytest.mark.parametrize("split", ["dev", "sealed"])
def test_practice_is_refused_for_a_scored_split(service, split):
    report, _ = serve(service, lambda sock: None, request(split, practice=True))
    assert report.status == "refused"


def test_a_run_does_not_depend_on_what_ran_before(folder):
    def curious(bench):
        student = bench.strong()
        student.zero_shot(bench.unlabelled[:5])
        student.hidden_states(bench.test, 1)
        student.perturb(3, 0.1)
        student.finetune(bench.unlabelled[10:50], 1 - bench.weak.hard[10:50], epochs=2)
        return student.predict(bench.test)

    def mixed(bench):
        student = bench.strong()
        prior = student.zero_shot(bench.unlabelled)
        student.finetune(bench.unlabelled, (prior > np.median(prior)).astype(float))
        return student.predict(bench.test)

    service = Service(folder)
    alone = run(Service(folder), mixed).arrays
    run(service, curious, request(salt=b"other", student_seed=1))
    run(service, vanilla)
    after = run(service, mixed).arrays
    for name in ("predictions", "targets", "target_weight"):
        assert alone[name].tobytes() == after[name].tobytes()


def test_a_frozen_model_says_the_same_of_a_part_as_of_the_whole(service):
    def ask(bench):
        student = bench.strong()
        part = student.zero_shot(bench.unlabelled[7:20])
        return part, student.zero_shot(bench.unlabelled)[7:20], student.predict(bench.test[3:4]).probabilities

    part, whole, _ = answer(service, ask)
    np.testing.assert_array_equal(part, whole)


def test_targets_are_averaged_by_what_the_calls_train_and_half_where_never_chosen(service):
    def method(bench):
        student = bench.strong()
        some = bench.unlabelled[:10]
        student.finetune(some, np.ones(10), epochs=3, weights=np.full(10, 3.0))
        student.finetune(some.swapped(), np.ones(10), epochs=1, weights=np.full(10, 1e6))
        return student.predict(bench.test)

    report = run(service, method)
    weight = report.arrays["target_weight"]
    passes = load("mini-chat").recipe.epochs
    np.testing.assert_allclose(sorted(weight)[-10:], [4 / passes] * 10)
    np.testing.assert_allclose(report.arrays["call_targets"][:, weight > 0], [[1.0] * 10, [0.0] * 10])
    np.testing.assert_allclose(report.arrays["targets"][weight > 0], 0.75)
    np.testing.assert_allclose(report.arrays["targets"][weight == 0], 0.5)
    assert report.targets_on == "unlabelled"


def test_without_fine_tuning_the_predictions_are_the_audited_targets(service):
    report = run(service, lambda bench: Predictions(bench.test, np.linspace(0, 1, len(bench.test))))
    assert report.targets_on == "test"
    np.testing.assert_array_equal(report.arrays["targets"], report.arrays["predictions"])


def test_a_custom_cross_entropy_records_the_targets_that_it_was_given(service):
    import torch

    def cross_entropy(batch):
        return torch.nn.functional.binary_cross_entropy_with_logits(batch.logits, batch.targets)

    def method(bench):
        student = bench.strong()
        student.finetune(bench.unlabelled, bench.weak.soft, loss=cross_entropy, epochs=1)
        return student.predict(bench.test)

    report = run(service, method)
    np.testing.assert_allclose(report.arrays["targets"], soft_labels("dev", SEEDS[0]), atol=1e-4)


def test_predictions_of_swapped_pairs_are_turned_back(service):
    def method(bench):
        swapped = bench.test.swapped()
        return Predictions(swapped, np.full(len(swapped), 0.9))

    np.testing.assert_allclose(run(service, method).arrays["predictions"], 0.1)


def test_logged_numbers_are_rounded_and_only_under_names_of_the_source(service):
    def method(bench):
        bench.log(loss=0.123456, share=float("nan"))
        with pytest.raises(TooMuch, match="stand in the source"):
            bench.log(hidden_message=1.0)
        return Predictions(bench.test, np.full(len(bench.test), 0.5))

    assert run(service, method).end.logged == {"loss": 0.123}


def refusals():
    from w2s.bounds import EPOCHS

    n = UNLABELLED

    def strange(bench):
        ids = bench.unlabelled.ids.copy()
        ids[0] ^= np.uint64(1)
        return Items(ids, bench.unlabelled.group, bench.unlabelled.length)

    def hold(bench):
        return next(iter(splits()["dev"].test[0].fields.values()))

    return {
        "unknown ids": (WrongIds, lambda b, s: s.finetune(strange(b), np.zeros(n))),
        "training on test items": (WrongIds, lambda b, s: s.finetune(b.test, np.zeros(TEST))),
        "no items": (WrongIds, lambda b, s: s.predict(b.test[:0])),
        "NaN targets": (BadTargets, lambda b, s: s.finetune(b.unlabelled, np.full(n, np.nan))),
        "targets above one": (BadTargets, lambda b, s: s.finetune(b.unlabelled, np.full(n, 1.1))),
        "too few targets": (BadTargets, lambda b, s: s.finetune(b.unlabelled, np.zeros(n - 1))),
        "negative weights": (
            BadTargets,
            lambda b, s: s.finetune(b.unlabelled, np.zeros(n), weights=np.full(n, -1.0)),
        ),
        "a false order": (
            BadTargets,
            lambda b, s: s.finetune(b.unlabelled, np.zeros(n), order=np.zeros(n)),
        ),
        "too many epochs": (TooMuch, lambda b, s: s.finetune(b.unlabelled, np.zeros(n), epochs=EPOCHS + 1)),
        "a learning rate of 5": (
            BadTargets,
            lambda b, s: s.finetune(b.unlabelled, np.zeros(n), learning_rate=5),
        ),
        "too many items": (TooMuch, lambda b, s: s.predict(b.test[np.zeros(20_000, dtype=int)])),
        "an unknown field": (BadTemplate, lambda b, s: s.zero_shot(b.test, template="{truth} Label:")),
        "attributes of a field": (
            BadTemplate,
            lambda b, s: s.zero_shot(b.test, template="{prompt.__class__}"),
        ),
        "format specs": (BadTemplate, lambda b, s: s.zero_shot(b.test, template="{prompt:>9}")),
        "an unclosed brace": (BadTemplate, lambda b, s: s.zero_shot(b.test, template="{prompt")),
        "a long template": (BadTemplate, lambda b, s: s.zero_shot(b.test, template="x" * 301)),
        "an item's text as a constant": (
            BadTemplate,
            lambda b, s: s.zero_shot(b.test, template=f"Is it like:  {hold(b).upper()} ? {{prompt}}"),
        ),
        "equal labels": (BadTemplate, lambda b, s: s.zero_shot(b.test, labels=("A", "A"))),
        "labels that are not UTF-8": (
            BadTemplate,
            lambda b, s: s.zero_shot(b.test, labels=("A", "\ud800")),
        ),
        "a generated field over an item's": (
            BadTemplate,
            lambda b, s: s.generate(b.test, "{prompt}", into="prompt"),
        ),
        "embeddings": (BadTemplate, lambda b, s: s.hidden_states(b.test, 0)),
        "a layer too many": (BadTemplate, lambda b, s: s.hidden_states(b.test, b.layers + 1)),
        "an endless scale": (BadTargets, lambda b, s: s.perturb(1, 1e9)),
        "a negative seed": (BadTargets, lambda b, s: s.step({-1: 1.0})),
    }


@pytest.mark.parametrize("what", sorted(refusals()))
def test_a_method_is_refused(service, what):
    kind, attempt = refusals()[what]

    def ask(bench):
        with pytest.raises(kind) as caught:
            attempt(bench, bench.strong())
        return str(caught.value)

    assert len(answer(service, ask)) > 20


def test_only_sixteen_templates_and_thirty_two_students(service):
    def ask(bench):
        student = bench.strong()
        for k in range(16):
            student.zero_shot(bench.test, template=f"{k} {{prompt}} Label:")
        student.zero_shot(bench.test, template="3 {prompt} Label:")
        with pytest.raises(TooMuch, match="16"):
            student.zero_shot(bench.test, template="16 {prompt} Label:")
        for _ in range(31):
            student.copy()
        with pytest.raises(TooMuch, match="32"):
            bench.strong()

    answer(service, ask)


def test_refused_templates_count_too(service):
    def ask(bench):
        student = bench.strong()
        for k in range(16):
            with pytest.raises(BadTemplate):
                student.zero_shot(bench.test, template=f"{k} {{truth}} Label:")
        with pytest.raises(TooMuch, match="16"):
            student.zero_shot(bench.test, template="{prompt} Label:")

    answer(service, ask)


def test_a_practice_run_cannot_find_out_the_texts_of_other_splits(service):
    practice = all_texts([splits()["practice"]])
    others = all_texts([splits()["dev"], splits()["sealed"]]) - practice
    scored = max((text for text in others if len(text) < 250 and not set("{}") & set(text)), key=len)

    def ask(bench):
        return len(bench.strong().zero_shot(bench.test, template=f"{scored} {{prompt}} Label:"))

    assert answer(service, ask, request("practice")) == TEST


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda b: Predictions(b.test[1:], np.zeros(TEST - 1)), WrongIds),
        (lambda b: Predictions(b.test[np.r_[0, 0:TEST]], np.zeros(TEST + 1)), WrongIds),
        (lambda b: Predictions(b.unlabelled, np.zeros(UNLABELLED)), WrongIds),
        (lambda b: np.zeros(TEST), BadPredictions),
    ],
)
def test_predictions_that_are_not_one_for_each_test_item_are_refused(service, make, kind):
    with pytest.raises(kind):
        run(service, make)


def test_a_failure_leaves_by_type_and_line_and_its_message_only_on_practice(service):
    def method(sock):
        RemoteBench(sock).fail("ValueError", file="method.py", line=3, message="secret words")

    scored, _ = serve(service, method, request())
    assert (scored.status, scored.end.error.type, scored.end.error.file, scored.end.error.line) == (
        "failed",
        "ValueError",
        "method.py",
        3,
    )
    assert scored.end.error.message is None
    practice, _ = serve(service, method, request("practice"))
    assert practice.end.error.message == "secret words"


def test_a_line_that_no_file_has_carries_nothing_out(service):
    def method(sock):
        RemoteBench(sock).fail("ValueError", file="method.py", line=2**30 + 12345, message="")

    report, _ = serve(service, method, request())
    assert (report.status, report.end.error.file, report.end.error.line) == ("failed", None, None)


def test_the_message_of_a_failure_can_be_encoded_and_is_short(service):
    def method(sock):
        RemoteBench(sock).fail("ValueError", file="method.py", line=3, message="a \ud800" + "b" * 5000)

    report, _ = serve(service, method, request("practice"))
    assert (report.status, report.end.error.message[:4], len(report.end.error.message)) == (
        "failed",
        "a ?b",
        2000,
    )


def test_a_made_up_error_type_or_file_or_message_does_not_leave_the_service(service):
    def play(ask):
        ask({"op": "hello"})
        ask(
            {
                "op": "failed",
                "type": "Paris is the answer",
                "file": "of_item_3.py",
                "line": 7,
                "message": "text",
            }
        )

    report, _ = talk(service, play)
    assert report.end.error == RunError("Exception")


@pytest.mark.parametrize(
    "frame",
    [
        {"op": "open", "path": "/etc/passwd"},
        {"nothing": 1},
        {"op": "student", "which": 3},
        {"op": "predict", "student": "0"},
        {"op": "gradient", "loss": 1.0},
        {"op": "finetune", "student": 0, "custom": 1},
        {"op": "log", "numbers": {"loss": "text"}},
    ],
)
def test_a_request_of_the_wrong_form_ends_only_its_own_run(service, frame):
    def play(ask):
        ask({"op": "hello"})
        ask({"op": "student", "which": "strong"})
        ask(frame)

    report, _ = talk(service, play)
    assert report.status == "bad"
    assert run(service, vanilla).status == "finished"


@pytest.mark.parametrize("number", [1.797e308, 10**400], ids=["inf once rounded", "too large an int"])
def test_a_number_that_is_not_finite_once_rounded_is_logged_as_none(service, number):
    def play(ask):
        ask({"op": "log", "numbers": {"loss": number}})

    report, _ = talk(service, play)
    assert (report.status, report.end.logged) == ("vanished", {})


@pytest.mark.parametrize(
    "frame",
    [
        {"op": "x" * 65_400},
        {"op": "\ud800"},
        {"op": "zero_shot", "template": "{prompt} \ud800"},
    ],
    ids=["long", "surrogate as op", "surrogate in a template"],
)
def test_a_long_or_unencodable_request_ends_in_a_report_that_can_be_sent(service, frame):
    def play(ask):
        ask({"op": "student", "which": "strong"})
        ask({"student": 0, **frame}, {"ids": np.zeros(1, dtype="u8"), "flipped": np.zeros(1, dtype=bool)})

    report, _ = talk(service, play)
    assert report.status == "bad"
    assert len(report.end.error.message.encode()) < 10_000
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send_report(ours, report)
        assert recv_report(theirs) == report


def test_an_error_that_nobody_foresaw_ends_only_its_own_run(folder, monkeypatch):
    service = Service(folder)
    expected = run(service, vanilla).arrays["predictions"]

    def broken(*arguments):
        raise ZeroDivisionError("the text of an item")

    def ask_for_a_student(sock):
        RemoteBench(sock).strong()

    with monkeypatch.context() as patched:
        patched.setattr("aar.students.shelf.Shelf.student", broken)
        report, _ = serve(service, ask_for_a_student, request())
    assert (report.status, report.end.error.type, report.end.error.message) == (
        "bad",
        "BadMethod",
        "ZeroDivisionError",
    )
    assert run(service, vanilla).arrays["predictions"].tobytes() == expected.tobytes()


def test_garbage_and_a_peer_that_leaves_end_only_their_own_run(service):
    assert (
        serve(service, lambda sock: sock.sendall(b"GET / HTTP/1.1\r\n\r\n" * 99), request())[0].status
        == "bad"
    )
    assert serve(service, lambda sock: sock.sendall(b"\0\0"), request())[0].status == "bad"
    left = serve(service, lambda sock: None, request())[0]
    assert (left.status, left.greeted) == ("vanished", False)
    assert run(service, vanilla).status == "finished"


def test_a_peer_that_leaves_in_the_middle_of_its_loss_ends_only_its_own_run(folder):
    service = Service(folder)
    expected = run(service, vanilla).arrays["predictions"]

    def leave(sock):
        bench = RemoteBench(sock, gradient_of=lambda loss: lambda **batch: sock.close())
        with pytest.raises((W2SError, OSError, AttributeError)):
            bench.strong().finetune(bench.unlabelled, bench.weak.hard, loss=lambda batch: None)

    assert serve(service, leave, request())[0].status in ("vanished", "bad")
    assert run(service, vanilla).arrays["predictions"].tobytes() == expected.tobytes()


def test_a_silent_peer_and_an_endless_loop_end_at_the_deadline(service):
    def silent(sock):
        bench = RemoteBench(sock)
        time.sleep(1.5)
        with pytest.raises(ServiceLost):
            bench.strong()

    report, _ = serve(service, silent, request(deadline_s=0.5))
    assert (report.status, report.end.error.message) == ("timeout", "took longer than 0.5 s")

    def busy(bench):
        student = bench.strong()
        while True:
            student.finetune(bench.unlabelled, bench.weak.hard, epochs=20)

    with pytest.raises(ServiceLost):
        run(service, busy, request(deadline_s=1.0))
    assert run(service, vanilla).status == "finished"


def test_a_loss_that_raises_shows_its_own_error_and_its_student_is_gone(service):
    def broken(batch):
        raise KeyError("mine")

    def ask(bench):
        student = bench.strong()
        with pytest.raises(KeyError, match="mine"):
            student.finetune(bench.unlabelled, bench.weak.hard, loss=broken)
        with pytest.raises(NotFound, match="make a new one"):
            student.predict(bench.test)

    answer(service, ask)


def test_a_loss_that_is_not_a_number_is_refused(service):
    def nan(batch):
        return (batch.logits * float("nan")).sum()

    def ask(bench):
        with pytest.raises(BadTargets):
            bench.strong().finetune(bench.unlabelled, bench.weak.hard, loss=nan)

    answer(service, ask)


def test_requests_are_bounded(service, monkeypatch):
    monkeypatch.setattr("w2s.bounds.REQUESTS", 20)

    def method(bench):
        student = bench.strong()
        for _ in range(18):
            student.zero_shot(bench.test[:1])
        with pytest.raises(TooMuch, match="20 requests"):
            student.zero_shot(bench.test[:1])
        return Predictions(bench.test, np.full(len(bench.test), 0.5))

    assert run(service, method).calls == 21


@pytest.mark.parametrize("custom", [False, True])
def test_a_fine_tune_through_the_service_is_the_same_as_in_this_process(service, custom):
    def method(bench):
        student = bench.strong()
        loss = LogConfidence() if custom else None
        student.finetune(bench.unlabelled, bench.weak.soft, loss=loss, epochs=2)
        return student.predict(bench.test)

    split = splits()["dev"]
    handles = Handles(split, b"salt", swapped=SWAPPED["dev"])
    rows = handles.source[handles.shown_unlabelled]
    shown = replace(split, unlabelled=tuple(split.unlabelled[row] for row in rows))
    local = LocalBench.from_split(load("mini-chat"), shown, soft_labels("dev", SEEDS[0])[rows], seed=7)
    remote = run(service, method).arrays["predictions"]
    np.testing.assert_allclose(remote, method(local).probabilities, atol=1e-5)
    assert remote.std() > 0


def test_a_missing_supervisor_is_the_labs_fault(service):
    report, _ = serve(service, lambda sock: None, request(supervisor_seeds=(99,)))
    assert report.status == "refused"
    assert "it trains what is missing" in report.end.error.message
