"""A hackability report finds the shortcut that was planted, and none where there is none."""

import dataclasses
import json

import numpy as np
import planted
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s.errors import BadPredictions, NoGap, WrongIds
from w2s.records import Split
from w2s.testbeds.hackability import PROBES, Gap, ShortcutProbe, audit
from w2s.testbeds.hackability.finding import interval, p_value
from w2s.testbeds.hackability.markdown import markdown
from w2s.testbeds.hackability.power import power
from w2s.testbeds.hackability.ranking import area, area_interval

BY_NAME = {probe.name: probe for probe in PROBES}


def found(kind, made, *names, testbed=None, **options):
    """Findings by name when only the probes `names` are tried."""
    splits, truth = made
    probes = [BY_NAME[name] for name in names]
    report = audit(testbed or planted.testbed(kind), splits, truth, probes=probes, **options)
    return {f.probe: f for f in report.findings}


def longer(example, label, rng):
    if rng.random() < 0.2:
        return example
    better = "first" if label else "second"
    return planted.with_fields(example, **{better: example.fields[better] + " and more of it"})


def shouting(example, label, rng):
    better = "first" if label else "second"
    return planted.with_fields(example, **{better: example.fields[better] + "!"})


def telling(example, label, rng):
    better = "first" if label else "second"
    words = example.fields[better].split()
    return planted.with_fields(example, **{better: " ".join(["therefore", *words[1:]])})


def matching(example, label, rng):
    topic, other = rng.sample(["cat", "dog", "horse", "goat"], 2)
    first, second = (topic, other) if label else (other, topic)
    return planted.with_fields(example, prompt=topic, first=f"x {first}s", second=f"x {second}s")


def named_author(example, label, rng):
    return planted.with_fields(example, author="ann" if label else "bob")


def asked_so(example, label, rng):
    return planted.with_fields(example, prompt="why " + example.fields["prompt"] if label else "how")


def grouped(example, label, rng):
    return dataclasses.replace(example, group=f"{'pq'[label]} {example.group}")


def recurring(example, label, rng):
    right, wrong = f"value{example.group}", planted.sentence(rng, 1)
    first, second = (right, wrong) if label else (wrong, right)
    return planted.with_fields(example, first=f"it is {first}", second=f"it is {second}")


@pytest.mark.parametrize(
    ("plant", "probe", "accuracy"),
    [
        (longer, "longest answer", 0.85),
        (longer, "lengths", 0.85),
        (longer, "simple rules together", 0.85),
        (shouting, "style", 0.99),
        (telling, "answer alone", 0.95),
        (telling, "whole text", 0.85),
        (matching, "question with answer", 0.95),
        (named_author, "metadata", 0.99),
        (asked_so, "question alone", 0.95),
        (grouped, "group name", 0.95),
        (recurring, "recurring answer", 0.95),
    ],
)
def test_a_planted_shortcut_in_pairs_is_found(plant, probe, accuracy):
    size = 6 if plant is recurring else 2
    finding = found("pair", planted.splits(plant=plant, size=size), probe)[probe]
    assert finding.accuracy.mean >= accuracy
    assert finding.accuracy.low <= finding.accuracy.mean <= finding.accuracy.high
    assert finding.significant
    assert finding.severity == "serious"


def agreed(example, label, rng):
    answer = "17" if label else f"{rng.randrange(20, 10**6)}"
    return dataclasses.replace(planted.with_fields(example, choice=answer), answer=answer)


def test_the_majority_answer_of_a_question_is_found_where_it_is_right():
    made = planted.splits("verification", plant=agreed, size=6)
    finding = found("verification", made, "majority answer", "frequent answer")
    assert finding["majority answer"].accuracy.mean > 0.8
    assert finding["frequent answer"].accuracy.mean > 0.8
    assert finding["majority answer"].trained == "no training"


def test_a_majority_is_no_answer_where_all_answers_differ_or_nobody_else_answers():
    for size in (1, 5):
        made = planted.splits("verification", size=size)
        finding = found("verification", made, "majority answer")["majority answer"]
        assert finding.answered == 0
        assert finding.accuracy.mean == 0.5
        assert not finding.significant


def test_order_and_ids_that_tell_the_truth_are_found():
    splits, truth = planted.splits(size=1)
    (dev,) = splits["dev"]

    def tried(test, *names):
        made = {"dev": (dataclasses.replace(dev, test=tuple(test)),)}, truth
        return {name: f.reach for name, f in found("pair", made, *names).items()}

    ones = [e for e in dev.test if truth[e.id]]
    zeros = [e for e in dev.test if not truth[e.id]]
    assert tried(ones + zeros, "first half")["first half"] > 0.9
    both = [e for pair in zip(zeros, ones, strict=False) for e in pair]
    assert tried(both, "every other") == {"every other": 1.0}
    together = [dataclasses.replace(e, group=str(i // 2)) for i, e in enumerate(both)]
    assert tried(together, "first of its group") == {"first of its group": 1.0}
    renamed = {e.id: f"{1 - truth[e.id]}{e.id}" for e in dev.test}
    by_id = [dataclasses.replace(e, id=renamed[e.id]) for e in dev.test]
    truth |= {renamed[e.id]: truth[e.id] for e in dev.test}
    assert tried(by_id, "low id")["low id"] > 0.9


def test_copies_of_labelled_items_are_found_in_either_order():
    splits, truth = planted.splits()
    (dev,) = splits["dev"]
    copies = [
        dataclasses.replace(
            source,
            id=e.id,
            fields={
                "prompt": source.fields["prompt"].upper(),
                "first": source.fields["second"],
                "second": source.fields["first"],
            },
        )
        for source, e in zip(dev.labelled[:60], dev.test[:60], strict=True)
    ]
    truth |= {copy.id: 1 - truth[s.id] for copy, s in zip(copies, dev.labelled, strict=False)}
    made = {"dev": (dataclasses.replace(dev, test=(*copies, *dev.test[60:])),)}
    finding = found("pair", (made, truth), "near duplicate", "nearest labelled")
    assert finding["near duplicate"].answered == pytest.approx(0.2)
    assert finding["near duplicate"].accuracy.mean == pytest.approx(0.6)
    assert finding["near duplicate"].significant
    assert finding["nearest labelled"].accuracy.mean > 0.55
    report = audit(planted.testbed("pair"), made, truth, probes=[])
    leaks = {leak.name: leak for leak in report.leaks}
    assert leaks["near duplicate in one world"].count == 120
    assert leaks["near duplicate in one world"].severity == "serious"
    assert leaks["group in two roles of one world"].count == 120
    assert leaks["contradiction in one world"].count == 0, "the other order has the other truth"
    truth |= {copies[0].id: truth[dev.labelled[0].id]}
    report = audit(planted.testbed("pair"), made, truth, probes=[])
    assert {leak.name: leak.count for leak in report.leaks}["contradiction in one world"] == 2


def test_another_world_may_contradict_but_its_copies_are_counted():
    splits, truth = planted.splits()
    (dev,) = splits["dev"]
    elsewhere = [dataclasses.replace(e, id=f"z{e.id}") for e in dev.test]
    truth |= {f"z{e.id}": 1 - truth[e.id] for e in dev.test}
    made = {**splits, "sealed": (Split("sealed", "there", (), (), tuple(elsewhere)),)}
    leaks = {leak.name: leak for leak in audit(planted.testbed("pair"), made, truth, probes=[]).leaks}
    assert leaks["contradiction in one world"].count == 0
    assert leaks["near duplicate in two worlds"].count == 600
    assert leaks["near duplicate in two worlds"].severity == "serious"
    assert leaks["group in two roles of one world"].count == 0


def test_copies_in_another_world_are_a_note_where_a_split_has_several_and_copies_in_another_role_stay_severe():
    splits, truth = planted.splits()
    (dev,) = splits["dev"]
    again = dataclasses.replace(
        dev,
        world="there",
        labelled=tuple(dataclasses.replace(e, id=f"y{e.id}") for e in dev.test),
        test=tuple(dataclasses.replace(e, id=f"z{e.id}") for e in dev.test),
        unlabelled=(),
    )
    truth |= {f"{letter}{e.id}": truth[e.id] for e in dev.test for letter in "yz"}
    report = audit(planted.testbed("pair"), {"dev": (dev, again)}, truth, probes=[])
    leaks = {leak.name: leak for leak in report.leaks}
    assert (leaks["near duplicate in two worlds"].count, leaks["near duplicate in two worlds"].severity) == (
        900,
        "slight",
    )
    for name in ("near duplicate in one world", "group in two roles of one world"):
        assert (leaks[name].count, leaks[name].severity) == (600, "serious")


def test_each_world_is_judged_by_itself_and_named():
    clean, truth = planted.splits(seed=1)
    cued, more = planted.splits(seed=2, plant=longer)
    parts = (*clean["dev"], dataclasses.replace(cued["dev"][0], world="there"))
    gap = Gap(floor=0.6, ceiling=0.9)
    probes = [BY_NAME[name] for name in ("longest answer", "always class 1")]
    report = audit(
        planted.testbed("pair"), {"dev": parts}, truth | more, probes=probes, gaps={"dev there": gap}
    )
    assert {f.part for f in report.findings if f.significant} == {"dev there"}
    assert [f.part for f in report.findings] == ["dev here", "dev here", "dev there", "dev there"]
    assert list(report.verdicts) == ["dev here", "dev there"]
    assert [f.pgr is None for f in report.findings] == [True, True, False, False]
    assert "dev here: none of 2" in report.verdicts["dev here"]
    page = markdown(report)
    assert "| shortcut | sees | trained on | here | there | worst severity |" in page
    assert "### dev there" in page
    assert "None of 2 shortcuts is more than chance." in page


@pytest.mark.parametrize("kind", ["pair", "verification"])
def test_nothing_is_found_where_truth_is_a_coin(kind):
    for seed in range(2):
        splits, truth = planted.splits(kind, seed=seed, labelled=100, test=200)
        report = audit(planted.testbed(kind), splits, truth)
        assert [f.probe for f in report.findings if f.significant] == []
        assert {leak.severity for leak in report.leaks} == {"none"}
        assert "none of" in report.verdicts["dev here"]


def test_uneven_classes_are_told():
    splits, truth = planted.splits()
    (dev,) = splits["dev"]
    made = {"dev": (dataclasses.replace(dev, test=tuple(e for e in dev.test if truth[e.id])),)}
    report = audit(planted.testbed("pair"), made, truth, probes=[BY_NAME["always class 1"]])
    assert {b.role: b.severity for b in report.balance}["test"] == "serious"
    assert report.findings[0].accuracy.mean == 1.0
    assert report.findings[0].accuracy.low > 0.9, "a rule that is always right is still a sample"


def test_without_a_labelled_part_a_probe_learns_from_other_groups_only():
    """One class and one secret word a group: whoever learnt from the same group would know."""

    def constant(example, label, rng):
        word = f"secret{example.group} " * 3
        return planted.with_fields(example, first=word + example.fields["first"])

    splits, truth = planted.splits(plant=constant, labelled=0, test=300, size=10)
    by_group = {}
    truth |= {e.id: by_group.setdefault(e.group, truth[e.id]) for e in splits["dev"][0].test}
    finding = found("pair", (splits, truth), "whole text")["whole text"]
    assert finding.trained == "cross-fitted by group"
    assert not finding.significant
    splits, truth = planted.splits(plant=telling, labelled=0, test=300)
    assert found("pair", (splits, truth), "answer alone")["answer alone"].accuracy.mean > 0.9


def test_a_probe_sees_neither_the_truth_of_the_test_nor_the_other_splits():
    splits, truth = planted.splits()
    met = []

    def spy(seen):
        met.append(seen)
        return np.full(len(seen.test), 0.5)

    audit(planted.testbed("pair"), splits, truth, probes=[ShortcutProbe("spy", "", "looking", spy)])
    (seen,) = met
    fields = {f.name for f in dataclasses.fields(seen)}
    assert fields == {"kind", "world", "shown", "labelled", "labels", "test"}
    assert len(seen.labels) == len(splits["dev"][0].labelled)


def test_a_testbeds_own_shortcuts_are_tried_and_a_broken_one_is_named():
    def knows(world, examples):
        assert world == "here"
        return np.array([float("!" in e.fields["first"]) for e in examples])

    made = planted.splits(plant=shouting)
    finding = found("pair", made, testbed=planted.testbed("pair", shouts=knows))["own: shouts"]
    assert finding.accuracy.mean == 1.0
    broken = planted.testbed("pair", shouts=lambda world, examples: np.ones(3))
    with pytest.raises(BadPredictions, match="shouts"):
        found("pair", made, testbed=broken)


def test_pgr_needs_a_gap_and_places_the_shortcut_in_it():
    made = planted.splits(plant=longer)
    gap = Gap(floor=0.6, ceiling=0.9)
    finding = found("pair", made, "longest answer", gaps={"dev here": gap})["longest answer"]
    assert finding.pgr.mean == pytest.approx((finding.accuracy.mean - 0.6) / 0.3)
    assert found("pair", made, "longest answer")["longest answer"].pgr is None
    with pytest.raises(NoGap):
        found("pair", made, "longest answer", gaps={"dev here": Gap(floor=0.9, ceiling=0.6)})


def test_a_rule_that_is_always_wrong_is_as_good_as_its_opposite():
    def shorter(example, label, rng):
        return longer(example, 1 - label, rng)

    splits, truth = planted.splits(plant=shorter)
    report = audit(planted.testbed("pair"), splits, truth, probes=[BY_NAME["longest answer"]])
    assert report.findings[0].accuracy.mean < 0.2
    assert report.findings[0].severity == "serious"
    assert "opposite" in report.findings[0].sentence
    assert "opposite" in report.verdicts["dev here"]


def test_examples_without_truth_are_refused():
    splits, truth = planted.splits()
    with pytest.raises(WrongIds, match="320 examples of planted have no truth"):
        audit(planted.testbed("pair"), splits, {e.id: truth[e.id] for e in splits["dev"][0].test}, probes=[])


ORDER_BLIND = ("longest answer", "recurring answer", "low id", "lengths", "style", "question alone")


@settings(max_examples=3)
@given(rng=st.randoms(use_true_random=False))
def test_the_order_of_the_examples_matters_to_the_probes_of_order_alone(rng):
    splits, truth = planted.splits(plant=longer, labelled=100, test=100)
    (dev,) = splits["dev"]
    shuffled = dataclasses.replace(dev, test=tuple(rng.sample(dev.test, len(dev.test))))
    before = found("pair", (splits, truth), *ORDER_BLIND)
    after = found("pair", ({"dev": (shuffled,)}, truth), *ORDER_BLIND)
    for name in ORDER_BLIND:
        assert after[name].accuracy.mean == pytest.approx(before[name].accuracy.mean)
        assert after[name].accuracy.high == pytest.approx(before[name].accuracy.high)
        assert after[name].auc == pytest.approx(before[name].auc)


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        by_group = rng.random(40) < 0.6
        groups = [str(g) for g in range(40) for _ in range(5)]
        values = np.repeat(by_group, 5).astype(float)
        estimate = interval(values, groups)
        covered += estimate.low <= 0.6 <= estimate.high
    assert covered / 400 > 0.91
    assert interval(np.ones(10), list("aaaaabbbbb")).low < 0.2, "two groups are two observations"
    assert p_value(np.ones(10), ["a"] * 10) == 1.0


def test_a_report_is_json_and_markdown_that_its_texts_cannot_break():
    def quiet(world, examples):
        return np.full(len(examples), 0.5)

    splits, truth = planted.splits(plant=longer)
    report = audit(
        planted.testbed("pair", **{"a | b <script>": quiet}),
        splits,
        truth,
        probes=[BY_NAME["longest answer"]],
        gaps={"dev here": Gap(floor=0.6, ceiling=0.9)},
    )
    told = json.loads(json.dumps(report.to_json()))
    assert told["findings"][0]["probe"] == "longest answer"
    assert told["findings"][0]["accuracy"]["n"] == 300
    page = markdown(report)
    assert "<script>" not in page
    rows = [line for line in page.splitlines() if line.startswith("| own")]
    assert rows[0].replace("\\|", "").count("|") == 6
    assert "PGR" in page


def test_equal_inputs_give_equal_reports():
    splits, truth = planted.splits(plant=telling, labelled=100, test=100)
    probes = [BY_NAME[name] for name in ("answer alone", "nearest labelled", "near duplicate")]
    again = [audit(planted.testbed("pair"), splits, truth, probes=probes).to_json() for _ in range(2)]
    assert again[0] == again[1]


def test_published_floors_and_ceilings_are_those_of_their_world(monkeypatch):
    from w2s.testbeds import hackability

    def world(split, name, floor):
        return {"split": split, "world": name, "floor": {"mean": floor}, "ceiling": {"mean": 0.9}}

    figures = {"worlds": {"north": world("dev", "north", 0.6), "south": world("sealed", "south", 0.5)}}
    monkeypatch.setattr(hackability.finding, "load_measured", lambda name: figures)
    assert hackability.measured_gaps("any") == {
        "dev north": Gap(0.6, 0.9),
        "sealed south": Gap(0.5, 0.9),
    }
    monkeypatch.setattr(hackability.finding, "load_measured", lambda name: None)
    assert hackability.measured_gaps("any") == {}


TEXT = st.text(alphabet="ab ?\n\t{}%|\u00df\u2028\U0001f600", max_size=12)


@settings(max_examples=4)
@given(
    texts=st.lists(TEXT, min_size=3, max_size=12),
    kind=st.sampled_from(["pair", "verification"]),
    labelled=st.sampled_from([0, 1, 6]),
    size=st.sampled_from([1, 4, 20]),
)
def test_no_text_and_no_size_of_a_testbed_breaks_an_audit(texts, kind, labelled, size):
    def odd(example, label, rng):
        return planted.with_fields(example, **{name: rng.choice(texts) for name in example.fields})

    splits, truth = planted.splits(kind, plant=odd, labelled=labelled, test=12, size=size)
    report = audit(planted.testbed(kind), splits, truth)
    assert all(0 <= f.accuracy.low <= f.accuracy.high <= 1 for f in report.findings)
    assert markdown(report)


def uneven(splits, truth, *, share):
    """The part with so many of class 1 as a share of its items, in an order that tells nothing."""
    (dev,) = splits["dev"]
    parts = {}
    for role in ("labelled", "test"):
        ones = [e for e in getattr(dev, role) if truth[e.id]]
        zeros = [e for e in getattr(dev, role) if not truth[e.id]]
        some = ones + zeros[: round(len(ones) * (1 - share) / share)]
        parts[role] = tuple(sorted(some, key=lambda e: e.id[::-1]))
    return {"dev": (dataclasses.replace(dev, **parts),)}


@pytest.mark.parametrize("share", [0.7, 0.9, 0.98])
def test_with_uneven_classes_only_a_constant_answer_is_told_where_nothing_leaks(share):
    splits, truth = planted.splits(labelled=400, test=400, size=1)
    report = audit(planted.testbed("pair"), uneven(splits, truth, share=share), truth)
    found = {f.probe: f for f in report.findings}
    assert [f.probe for f in report.findings if f.severity in ("slight", "notable", "serious")] == [
        "always class 1"
    ]
    assert report.findings[0].probe == "always class 1"
    assert "always class 1" in report.verdicts["dev here"]
    assert found["whole text"].accuracy.mean > 0.6
    assert found["whole text"].ranked.low < 0.5
    assert report.power["dev here"].uneven
    assert "are judged by AUC" in markdown(report)


@pytest.mark.parametrize("share", [0.85, 0.97])
def test_a_real_leak_is_found_beside_uneven_classes(share):
    splits, truth = planted.splits(plant=telling, labelled=600, test=600, size=1)
    report = audit(
        planted.testbed("pair"), uneven(splits, truth, share=share), truth,
        probes=[BY_NAME[name] for name in ("always class 1", "answer alone", "longest answer", "style")],
    )  # fmt: skip
    severities = {f.probe: f.severity for f in report.findings}
    assert severities["answer alone"] == severities["always class 1"] == "serious"
    assert severities["longest answer"] in ("none", "unknown")
    (finding,) = (f for f in report.findings if f.probe == "answer alone")
    assert "classes are uneven; AUC" in finding.sentence
    assert finding.ranked.low > 0.65


def test_a_test_that_is_too_small_says_so_instead_of_none():
    splits, truth = planted.splits(labelled=40, test=13, size=1)
    report = audit(planted.testbed("pair"), splits, truth)
    assert {f.severity for f in report.findings} == {"unknown"}
    assert report.verdicts["dev here"].startswith("dev here: too small to tell: none of 18 shortcuts")
    assert "13 items of 13 groups" in report.verdicts["dev here"]
    assert 0.85 < report.power["dev here"].smallest < 1
    large, truth = planted.splits(labelled=40, test=600, size=1, seed=1)
    report = audit(
        planted.testbed("pair"), large, truth, probes=[BY_NAME["longest answer"], BY_NAME["low id"]]
    )
    assert {f.severity for f in report.findings} == {"none"}
    assert (
        "600 items of 600 groups one of accuracy 0.56 or more would have been found"
        in report.verdicts["dev here"]
    )
    assert "Found in four of five cases: a shortcut of accuracy 0.56 or more." in markdown(report)


def test_the_power_that_is_stated_is_the_power_that_there_is():
    rng = np.random.default_rng(0)
    truth, groups = np.arange(200) % 2, [str(i) for i in range(200)]
    seen = power(truth, groups, tried=18, level=0.05)
    found = [p_value((rng.random(200) < seen.smallest).astype(float), groups) < 0.05 / 18 for _ in range(400)]
    assert 0.7 < np.mean(found) < 0.95


@pytest.mark.parametrize("rare", [2, 5, 30])
def test_a_rare_class_that_comes_out_right_by_chance_is_no_leak(rare):
    rng = np.random.default_rng(rare)
    truth = np.array([0] * rare + [1] * (300 - rare))
    groups = [str(i) for i in range(300)]
    for scores in (lambda: rng.random(300), lambda: (rng.random(300) < 0.5).astype(float)):
        p = [area_interval(scores(), truth, groups, level=0.95)[1] for _ in range(300)]
        assert np.mean(np.array(p) < 0.05) < 0.1
    estimate, p_right = area_interval(truth.astype(float), truth, groups, level=0.95)
    assert estimate.mean == 1.0
    assert (p_right < 0.05) == (rare > 2)
    for one_class, score in ((np.ones(300, dtype=int), rng.random(300)), (truth, np.full(300, 0.9))):
        estimate, p_none = area_interval(score, one_class, groups, level=0.95)
        assert (estimate.mean, p_none) == (0.5, 1.0)


def test_the_area_and_its_interval_are_those_of_the_curve():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        truth = (rng.random(150) < 0.85).astype(int)
        scores = np.round(rng.normal(truth, 1.0), 1)
        estimate, _ = area_interval(scores, truth, [str(i) for i in range(150)], level=0.95)
        assert estimate.mean == pytest.approx(area(scores, truth))
        covered += estimate.low <= 0.7602 <= estimate.high  # of two normals one standard deviation apart
    assert covered / 200 > 0.9
