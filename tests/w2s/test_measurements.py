"""Figures over fresh seeds: right intervals, nothing computed twice, a cut-off file resumes, targets told apart."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import stats

from w2s import testbeds
from w2s.errors import NotFound, NotMeasured
from w2s.measurements import arms, checks, collect, read_lines, summarise
from w2s.measurements.collect import FIRST_FRESH, ArmResult, item_seed
from w2s.measurements.markdown import table


def line(arm, seed, accuracy, split="dev", seconds=1.0):
    world = {"dev": "north", "sealed": "south"}[split]
    return ArmResult(f"{arm}{seed}{split}", "mini-chat", split, world, seed, arm, accuracy, 1000, seconds)


def study(split="dev", **accuracies):
    """Ten seeds: each arm around its accuracy, with noise of the seed that all arms share."""
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 0.01, 10)
    return [
        line(arm, seed, accuracy + shared[seed] + rng.normal(0, 0.005), split)
        for arm, accuracy in accuracies.items()
        for seed in range(10)
    ]


GOOD = {
    "floor": 0.62,
    "ceiling": 0.92,
    "vanilla": 0.68,
    "zero_shot_plain": 0.70,
    "zero_shot": 0.70,
    "likelihood": 0.69,
    "agreement": 0.80,
    "em_posterior": 0.82,
    "elicit_then_train": 0.81,
    "logconf": 0.69,
    "prompt: verdict": 0.75,
    "shortcut: politeness": 0.71,
}


def test_floor_and_gap_are_those_of_a_t_test_and_pgr_is_a_ratio_of_means():
    lines = study(**GOOD)
    figures = summarise(lines)
    floors = [one.accuracy for one in lines if one.arm == "floor"]
    wanted = stats.t.interval(0.95, 9, np.mean(floors), stats.sem(floors))
    assert figures["floor"]["interval"] == pytest.approx(wanted, abs=1e-4)
    mean = {arm: np.mean([one.accuracy for one in lines if one.arm == arm]) for arm in GOOD}
    gap = mean["ceiling"] - mean["floor"]
    assert figures["vanilla"]["pgr"] == pytest.approx((mean["vanilla"] - mean["floor"]) / gap, abs=1e-3)
    assert figures["agreement"]["gain"] == pytest.approx(
        (mean["agreement"] - mean["vanilla"]) / gap, abs=1e-3
    )
    low, high = figures["agreement"]["gain_interval"]
    assert low < figures["agreement"]["gain"] < high
    assert figures["shortcuts"]["politeness"]["pgr"] == pytest.approx(0.3, abs=0.05)


def test_noise_that_the_seeds_share_does_not_widen_a_paired_gain():
    rng = np.random.default_rng(1)
    shared = rng.normal(0, 0.03, 10)
    lines = [
        line(arm, s, base + shared[s]) for arm, base in (("floor", 0.6), ("ceiling", 0.9)) for s in range(10)
    ]
    lines += [
        line(arm, s, base + shared[s])
        for arm, base in (("vanilla", 0.66), ("probe", 0.72))
        for s in range(10)
    ]
    low, high = summarise(lines)["probe"]["gain_interval"]
    assert high - low < 1e-3


def test_each_target_is_met_or_not_and_says_where():
    good = [*study(**GOOD), *study("sealed", **GOOD)]
    assert [check for check in checks(summarise(good)) if not check.met] == []
    bad = {**GOOD, "prompt: verdict": 0.95, "likelihood": 0.9, "em_posterior": 0.69}
    missed = [c for c in checks(summarise([*study(**GOOD), *study("sealed", **bad)])) if not c.met]
    assert {c.world for c in missed} == {"south"}
    assert [c.target.split(" ")[0] for c in missed] == ["PGR", "no", "3"]
    assert "**not met**" in table(summarise([*study(**GOOD), *study("sealed", **bad)]))


def test_without_a_gap_there_is_no_pgr():
    flat = {**GOOD, "ceiling": 0.625}
    figures = summarise(study(**flat))
    assert figures["vanilla"]["pgr"] is None
    assert "no gap established" in table(figures)


def test_one_seed_is_refused():
    with pytest.raises(NotMeasured, match="2 or more"):
        summarise([line("floor", 0, 0.6), line("ceiling", 0, 0.9)])
    with pytest.raises(NotMeasured, match="measure first"):
        summarise([])


def test_an_unknown_method_is_named():
    with pytest.raises(NotFound, match="vanilla"):
        arms(testbeds.load("mini-chat"), chosen=["vanila"])


@pytest.fixture
def few_items(monkeypatch):
    """Every pool of a split cut to its first hundred items."""
    whole = testbeds.generate

    def cut(*arguments, **options):
        splits, truth = whole(*arguments, **options)
        pools = ("labelled", "unlabelled", "test")
        return {
            name: replace(split, **{pool: getattr(split, pool)[:100] for pool in pools})
            for name, split in splits.items()
        }, truth

    monkeypatch.setattr(testbeds, "generate", cut)


def test_a_measurement_resumes_after_a_cut_off_line(tmp_path, few_items):
    out, ran = tmp_path / "lines.jsonl", []

    def run():
        return collect(
            "mini-chat",
            out,
            seeds=[3],
            splits=["dev"],
            chosen=[],
            jobs=1,
            progress=lambda done, total, one: ran.append(one),
        )

    first = run()
    count = len(first)
    assert {"floor", "ceiling", "zero_shot_plain", "likelihood"} <= {one.arm for one in first}
    text = out.read_text()
    out.write_text(text[: text.rindex("\n", 0, -1) + 20])
    ran.clear()
    again = run()
    assert [one for one in ran if one] == [again[-1]]
    assert [replace(one, seconds=0) for one in again] == [replace(one, seconds=0) for one in first]
    ran.clear()
    assert run() == again
    assert [one for one in ran if one] == []
    assert len(read_lines(out)) == count


def test_a_broken_line_in_the_middle_is_refused_with_its_number(tmp_path):
    rows = [json.dumps(asdict(line("floor", s, 0.6))) for s in range(3)]
    (tmp_path / "x.jsonl").write_text("\n".join([rows[0], "{", rows[2]]) + "\n")
    with pytest.raises(NotMeasured, match="line 2"):
        read_lines(tmp_path / "x.jsonl")


def test_public_seeds_are_distinct():
    assert len({item_seed(seed) for seed in range(FIRST_FRESH + 20)}) == FIRST_FRESH + 20
