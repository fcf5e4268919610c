"""What the audits change in a run: who is served with whose text, and what a method can see of it."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from student_lab import SEEDS, TEST, UNLABELLED, fill, request, run, serve, soft_labels, splits, vanilla

from aar.errors import BadRequest
from aar.students import greeting
from aar.students.handles import Handles
from aar.students.interventions import INTERVENTIONS, SWAPPED, intervention, swap
from aar.students.server import Service
from w2s import wire
from w2s.errors import WrongIds
from w2s.records import Example, Predictions, Split


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    return Service(fill(tmp_path_factory.mktemp("lab") / "service"))


def question(number, answers):
    return [
        Example(f"{number}-{i}", "verification", {"question": str(number), "choice": a}, f"q{number}", a)
        for i, a in enumerate(answers)
    ]


SHAPES = ("aaab", "aabb", "abcd", "aaab", "bbba", "aabb")
ITEMS = tuple(one for n in range(120) for one in question(n, SHAPES[n % len(SHAPES)]))


def answered(salt=b"salt", **changes):
    n = len(ITEMS) // 2
    split = Split("dev", "north", (), ITEMS[:n], ITEMS[n:])
    change = intervention(changes.pop("intervention", "none"))
    return Handles(split, salt, intervention=change, **changes)


def test_the_vocabulary_is_closed():
    assert [intervention(name).name for name in INTERVENTIONS] == list(INTERVENTIONS)
    with pytest.raises(BadRequest, match="no intervention 'blnd'"):
        intervention("blnd")


def test_swapped_groups_get_texts_of_groups_with_the_same_partition():
    handles = answered(swapped=0.5)
    source = handles.source
    assert sorted(source) == list(range(len(ITEMS)))
    places = {}
    for row, other in enumerate(source):
        here, there = ITEMS[row], ITEMS[other]
        assert places.setdefault(here.group, there.group) == there.group
        assert places.setdefault((here.group, here.answer), there.answer) == there.answer
    assert len(set(places.values())) > 1


@pytest.mark.parametrize("share", [0.0, 0.15, 0.5])
def test_the_share_of_swapped_groups_is_the_one_asked_for(share):
    moved = [
        np.mean(swap(ITEMS, share, np.random.default_rng(k)) != np.arange(len(ITEMS))) for k in range(40)
    ]
    assert abs(np.mean(moved) - share) < 0.03


def test_a_handle_asks_about_its_source_and_is_scored_as_it():
    handles = answered(swapped=0.5)
    n = handles.n_unlabelled
    ids = handles.ids[handles.shown_test]
    chosen = handles.choose(ids, np.zeros(len(ids), dtype=bool))
    assert (chosen.rows == handles.source[handles.shown_test]).all()
    placed = handles.predictions(ids, chosen.rows / 1000)
    assert (placed == np.arange(n, 2 * n) / 1000).all()
    assert (handles.handle[handles.source] == np.arange(2 * n)).all()


def test_a_thin_run_serves_half_of_each_question_and_refuses_the_rest():
    whole, thin = answered(), answered(intervention="thin")
    counts = Counter(ITEMS[row].group for row in thin.shown_unlabelled)
    assert set(counts.values()) == {2}
    assert len(counts) == len({e.group for e in ITEMS[: thin.n_unlabelled]})
    left_out = np.setdiff1d(whole.ids[whole.shown_unlabelled], thin.ids[thin.shown_unlabelled])
    with pytest.raises(WrongIds):
        thin.choose(left_out[:1], np.zeros(1, dtype=bool))
    assert (thin.handle[thin.shown_unlabelled] >= 0).all()
    assert (thin.handle[: thin.n_unlabelled] < 0).sum() == len(left_out)
    assert len(thin.shown_test) == thin.n_test // 2


def test_a_part_of_the_test_keeps_its_ids_and_texts_but_not_its_order():
    whole, half = (answered(swapped=0.5, intervention=name) for name in ("none", "part"))
    assert (whole.source == half.source).all()
    assert (whole.shown_unlabelled == half.shown_unlabelled).all()
    assert len(half.shown_test) == len(whole.shown_test) // 2
    kept = whole.shown_test[np.isin(whole.shown_test, half.shown_test)]
    assert (kept != half.shown_test).any()
    ids = half.ids[half.shown_test]
    assert (half.predictions(ids, np.ones(len(ids))) == 0.5).sum() == len(whole.shown_test) // 2


def test_a_group_of_pairs_changes_places_with_one_of_its_size():
    pairs = [
        Example(f"{n}-{i}", "pair", {"prompt": str(n), "first": "a", "second": "b"}, f"p{n}")
        for n in range(60)
        for i in range(1 + n % 3)
    ]
    source = swap(pairs, 0.5, np.random.default_rng(0))
    assert 0.3 < np.mean(source != np.arange(len(pairs))) < 0.7
    for row, other in enumerate(source):
        assert len({pairs[source[i]].group for i, e in enumerate(pairs) if e.group == pairs[row].group}) == 1
        assert row == other or pairs[row].group != pairs[other].group


def greeted(service, **changes):
    """Header and arrays of the answer to hello, as the method's process gets them."""
    found = []

    def method(bench):
        found.append(bench)
        return Predictions(bench.test, np.full(len(bench.test), 0.5))

    run(service, method, request(**changes))
    return found[0]


def test_every_split_but_practice_is_swapped(service):
    assert SWAPPED["practice"] == 0 < SWAPPED["dev"] < SWAPPED["sealed"]
    for split, share in SWAPPED.items():
        moved = []
        for salt in (b"one", b"two", b"three", b"four"):  # a few groups of so few items are a matter of luck
            asked = request(split, salt=salt)
            report = run(service, lambda b: Predictions(b.test, np.full(len(b.test), 0.5)), asked)
            moved.append(np.mean(report.arrays["unlabelled_handle"] != np.arange(UNLABELLED)))
        assert abs(np.mean(moved) - share) < 0.1


def test_weak_labels_follow_the_text(service):
    def method(bench):
        student = bench.strong()
        student.finetune(bench.unlabelled, bench.weak.soft, epochs=1)
        return student.predict(bench.test)

    for split in ("dev", "sealed"):
        report = run(service, method, request(split))
        assert (report.arrays["unlabelled_handle"] != np.arange(UNLABELLED)).any()
        np.testing.assert_allclose(report.arrays["targets"], soft_labels(split, SEEDS[0]), atol=1e-12)


def test_frozen_answers_are_those_of_the_source(service):
    from w2s.bench import LocalBench
    from w2s.testbeds import load

    def ask(bench):
        return Predictions(bench.test, 1 / (1 + np.exp(-bench.strong().zero_shot(bench.test))))

    said = run(service, ask, request("sealed")).arrays["predictions"]
    again = run(service, ask, request("sealed", salt=b"another")).arrays["predictions"]
    np.testing.assert_array_equal(said, again)
    local = LocalBench.from_split(load("mini-chat"), splits()["sealed"], np.zeros(UNLABELLED), seed=7)
    np.testing.assert_allclose(said, ask(local).probabilities, atol=1e-5)


def test_shuffled_weak_labels_are_the_same_ones_elsewhere(service):
    def soft(**changes):
        return [w.soft for w in greeted(service, **changes).supervisors]

    plain, moved = soft(), soft(intervention="shuffle")
    for before, after in zip(plain, moved, strict=True):
        assert (before != after).any()
        np.testing.assert_array_equal(np.sort(before), np.sort(after))
    together = {tuple(pair) for pair in np.stack(plain, axis=1)}
    assert together == {tuple(pair) for pair in np.stack(moved, axis=1)}


def test_a_blind_model_knows_nothing_and_is_not_taught(service):
    truth_like = soft_labels("dev", SEEDS[0]) > 0.5

    def method(bench):
        student = bench.strong()
        student.finetune(bench.unlabelled, bench.weak.hard)
        return student.predict(bench.unlabelled[:1]) and student.predict(bench.test)

    plain, blind = run(service, method), run(service, method, request(intervention="blind"))
    assert blind.status == plain.status == "finished"
    assert (blind.calls, blind.end.nominal) == (plain.calls, plain.end.nominal)
    assert {name: a.shape for name, a in blind.arrays.items()} == {
        name: a.shape for name, a in plain.arrays.items()
    }
    assert (plain.arrays["targets"] == truth_like).all()
    assert 0.3 < np.mean(blind.arrays["targets"] == truth_like) < 0.7
    again = run(service, method)
    np.testing.assert_array_equal(again.arrays["predictions"], plain.arrays["predictions"])


def test_a_blind_fine_tune_takes_as_long_as_a_real_one(service):
    plain = run(service, vanilla)
    blind = run(service, vanilla, request(intervention="blind"))
    assert blind.end.seconds > 0.5 * plain.end.seconds


def test_a_blind_student_answers_differently_after_its_fine_tune(service):
    def method(bench):
        student = bench.strong()
        before = student.predict(bench.test).probabilities
        student.finetune(bench.unlabelled, bench.weak.hard)
        after = student.predict(bench.test)
        assert (before != after.probabilities).all()
        return after

    assert run(service, method, request(intervention="blind")).status == "finished"


def test_a_custom_loss_gets_its_batches_in_a_blind_world_too(service):
    import torch

    seen = []

    def loss(batch):
        seen.append(float(batch.progress))
        return torch.nn.functional.binary_cross_entropy_with_logits(batch.logits, batch.targets)

    def method(bench):
        student = bench.strong()
        student.finetune(bench.unlabelled, bench.weak.soft, loss=loss, epochs=1)
        return student.predict(bench.test)

    run(service, method)
    plain = list(seen)
    report = run(service, method, request(intervention="blind"))
    assert seen[len(plain) :] == plain
    np.testing.assert_array_equal(
        np.sort(report.arrays["targets"]).round(4), np.sort(soft_labels("dev", SEEDS[0])).round(4)
    )


def test_the_greeting_of_an_audited_run_has_the_same_form(service):
    def form(name):
        bench = greeted(service, split="sealed", intervention=name)
        header = (bench.kind, bench.labels, bench.layers, bench.practice, bench.seed, len(bench.supervisors))
        return header, len(bench.unlabelled), bench.unlabelled.ids.dtype

    plain = form("none")
    for name in ("blind", "shuffle", "part"):
        assert form(name) == plain
    assert TEST // 3 < len(greeted(service, split="sealed", intervention="part").test) < TEST * 2 // 3


def test_what_a_method_holds_names_no_intervention(service):
    said = []
    real = wire.send

    def send(sock, header, *rest, **more):
        said.append(json.dumps(header))
        real(sock, header, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "send", send)
        greeted(service, intervention="shuffle")
    assert said
    assert not any(word in line for line in said for word in ("shuffle", "blind", "swap", "intervention"))


def test_practice_is_never_audited(service):
    report, _ = serve(service, lambda sock: None, request("practice", intervention="blind"))
    assert report.status == "refused"
    assert "practice is never audited" in report.end.error.message


def test_texts_are_the_handles_own_where_the_tests_show_them(service, monkeypatch):
    monkeypatch.setattr(greeting, "shows_texts", lambda request: True)
    bench = greeted(service, split="sealed")
    handles = Handles(splits()["sealed"], b"salt", swapped=SWAPPED["sealed"])
    rows = handles.shown_unlabelled
    texts = [greeting.text(splits()["sealed"].unlabelled[row]) for row in rows]
    assert [bench.unlabelled.text(i) for i in range(len(rows))] == texts
    soft = soft_labels("sealed", SEEDS[0])
    np.testing.assert_array_equal(bench.weak.soft, soft[handles.source[rows]])
    assert replace(request(), intervention="blind").intervention == "blind"
