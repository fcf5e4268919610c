"""Figures over fresh seeds: right intervals, nothing computed twice, a cut-off file resumes, targets told apart."""

import json
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import stats

from w2s import testbeds
from w2s.errors import NotFound, NotMeasured
from w2s.measurements import arms, checks, collect, read_lines, summarise
from w2s.measurements.collect import ArmResult, item_seed
from w2s.measurements.markdown import table


def line(arm, seed, accuracy, split="dev", seconds=1.0, world=None):
    world = world or {"dev": "north", "sealed": "south"}[split]
    key = f"{arm}{seed}{split}{world}"
    return ArmResult(key, "mini-chat", split, world, seed, arm, accuracy, 1000, seconds)


def study(split="dev", world=None, **accuracies):
    """Ten seeds: each arm around its accuracy, with noise of the seed that all arms share."""
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 0.01, 10)
    return [
        line(arm, seed, accuracy + shared[seed] + rng.normal(0, 0.005), split, world=world)
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
    figures = summarise(lines)["worlds"]["north"]
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


def test_a_typical_supervisor_is_known_from_more_seeds_than_the_figures():
    lines = study(**GOOD)
    more = [
        line(arm, seed, value) for arm, value in (("floor", 0.7), ("vanilla", 0.8)) for seed in range(10, 30)
    ]
    world = summarise([*lines, *more])["worlds"]["north"]
    assert world["seeds"] == list(range(10))
    assert world["floor"] == summarise(lines)["worlds"]["north"]["floor"]
    for arm, value in (("floor", 0.7), ("vanilla", 0.8)):
        ten = sum(one.accuracy for one in lines if one.arm == arm)
        assert world["typical"][arm] == pytest.approx((ten + 20 * value) / 30, abs=1e-4)
    assert world["typical"]["seeds"] == 30
    assert "typical" not in summarise([one for one in lines if one.arm != "vanilla"])["worlds"]["north"]


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
    low, high = summarise(lines)["worlds"]["north"]["probe"]["gain_interval"]
    assert high - low < 1e-3


def test_how_much_seeds_differ_is_learnt_from_all_worlds():
    rng = np.random.default_rng(2)
    levels = {"floor": 0.6, "ceiling": 0.9, "vanilla": 0.66, "probe": 0.72}
    few = [
        line(arm, seed, level + rng.normal(0, 0.03), world=f"w{world}")
        for world in range(8)
        for seed in range(3)
        for arm, level in levels.items()
    ]
    widths = {
        world: of_world["floor"]["interval"][1] - of_world["floor"]["interval"][0]
        for world, of_world in summarise(few)["worlds"].items()
    }
    rows = np.array(
        [[one.accuracy for one in few if (one.arm, one.world) == ("floor", f"w{w}")] for w in range(8)]
    )
    pooled = rows.var(axis=1, ddof=1).mean()
    wanted = 2 * stats.t.ppf(0.975, 8 * 2) * (pooled / 3) ** 0.5
    assert list(widths.values()) == pytest.approx([wanted] * 8, abs=3e-4)
    alone = [one for one in few if one.world == "w0"]
    low, high = summarise(alone)["worlds"]["w0"]["floor"]["interval"]
    assert high - low == pytest.approx(2 * stats.t.ppf(0.975, 2) * rows[0].std(ddof=1) / 3**0.5, abs=3e-4)


def test_each_target_is_met_or_not_and_says_where():
    good = [*study(**GOOD), *study("sealed", **GOOD)]
    assert [check for check in checks(summarise(good)) if not check.met] == []
    bad = {**GOOD, "prompt: verdict": 0.95, "likelihood": 0.9, "em_posterior": 0.69}
    missed = [c for c in checks(summarise([*study(**GOOD), *study("sealed", **bad)])) if not c.met]
    assert {c.world for c in missed} == {"south"}
    assert [c.target.split(" ")[0] for c in missed] == ["PGR", "no", "3"]
    page = table(summarise([*study(**GOOD), *study("sealed", **bad)])).splitlines()
    (north,) = [row for row in page if row.startswith("| north |")]
    (south,) = [row for row in page if row.startswith("| south |")]
    assert north.endswith("| all met |")
    assert south.endswith("| 3 missed |")
    assert [row for row in page if row.startswith("- **missed** south: ")] == page[-3:]


WORLDS = {"north": 0.0, "west": 0.03, "coast": -0.03}
"""Worlds of dev, and how much better all but floor and ceiling do there."""


def three_worlds():
    shifted = {
        world: {arm: a + shift * (arm not in ("floor", "ceiling")) for arm, a in GOOD.items()}
        for world, shift in WORLDS.items()
    }
    dev = [one for world, arms_of in shifted.items() for one in study(world=world, **arms_of)]
    return [*dev, *study("sealed", **GOOD)]


def test_the_world_is_the_unit_of_a_split_with_several_and_the_seed_of_one_with_one():
    figures = summarise(three_worlds())
    assert list(figures["worlds"]) == ["north", "west", "coast", "south"]
    dev, sealed = figures["splits"]["dev"], figures["splits"]["sealed"]
    assert dev["worlds"] == ["north", "west", "coast"]
    assert dev["seeds"] == [10, 10]
    means = [figures["worlds"][world]["vanilla"]["accuracy"]["mean"] for world in WORLDS]
    wanted = stats.t.interval(0.95, 2, np.mean(means), stats.sem(means))
    assert dev["vanilla"]["accuracy"]["interval"] == pytest.approx(wanted, abs=2e-4)
    by_world = [figures["worlds"][world]["vanilla"]["pgr"] for world in WORLDS]
    assert dev["vanilla"]["pgr"] == pytest.approx(np.mean(by_world), abs=0.01)
    low, high = dev["vanilla"]["interval"]
    assert low < min(by_world) < max(by_world) < high
    low, high = dev["agreement"]["gain_interval"]
    assert high - low < 0.05, "what the arms of a world share does not widen a gain"
    assert {name: sealed[name] for name in GOOD if ":" not in name} == {
        name: figures["worlds"]["south"][name] for name in GOOD if ":" not in name
    }


def test_the_page_has_a_column_a_split_and_a_row_a_world():
    arms_of_splits, each_world, *_ = table(summarise(three_worlds())).split("\n\n")
    assert arms_of_splits.splitlines()[0] == (
        "| PGR unless marked | dev (3 worlds, 10 seeds each, n=1000) | south (sealed, 10 seeds, n=1000) |"
    )
    assert [row.split(" ")[1] for row in each_world.splitlines()[2:]] == [*WORLDS, "south"]


def test_a_world_that_serves_two_splits_has_figures_of_both():
    lines = [*study(world="east", **GOOD), *study("sealed", world="east", **GOOD)]
    assert list(summarise(lines)["worlds"]) == ["east", "east, sealed"]


def test_an_arm_counts_over_worlds_that_all_of_them_have():
    lines = [one for one in three_worlds() if (one.world, one.arm) != ("west", "agreement")]
    figures = summarise(lines)
    assert "agreement" not in figures["splits"]["dev"]
    assert "agreement" in figures["worlds"]["coast"]


def test_without_a_gap_there_is_no_pgr():
    flat = {**GOOD, "ceiling": 0.625}
    figures = summarise(study(**flat))
    assert figures["worlds"]["north"]["vanilla"]["pgr"] is None
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
    """Every pool of a world's part cut to its first hundred items; how often items were made."""
    whole, made = testbeds.generate, []

    def cut(*arguments, **options):
        made.append(options["item_seed"])
        splits, truth = whole(*arguments, **options)
        pools = ("labelled", "unlabelled", "test")
        return {
            name: tuple(
                replace(part, **{pool: getattr(part, pool)[:100] for pool in pools}) for part in parts
            )
            for name, parts in splits.items()
        }, truth

    monkeypatch.setattr(testbeds, "generate", cut)
    return made


def test_a_measurement_resumes_after_a_cut_off_line(tmp_path, few_items):
    out, ran = tmp_path / "lines.jsonl", []

    def run():
        return collect(
            "mini-chat",
            out,
            seeds=[3],
            splits=["dev"],
            worlds=["west"],
            chosen=[],
            jobs=1,
            progress=lambda done, total, one: ran.append(one),
        )

    first = run()
    count = len(first)
    assert {(one.split, one.world, one.seed) for one in first} == {("dev", "west", 3)}
    assert len(few_items) == 2, "once for the keys, once for the runs"
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


def test_every_world_is_measured_under_every_seed_and_its_keys_are_its_own(tmp_path, few_items, monkeypatch):
    def run(out, *, seeds, **choice):
        return collect(
            "mini-math", tmp_path / out, seeds=seeds, chosen=[], only=("floor", "ceiling"), jobs=1, **choice
        )

    module = sys.modules["w2s.measurements.collect"]
    monkeypatch.setattr(module, "arms", lambda testbed, chosen: dict.fromkeys(["floor", "ceiling"], _coin))
    every = run("all", seeds=[0, 1])
    assert len({(one.world, one.seed, one.arm) for one in every}) == len(every) == 11 * 2 * 2
    assert len(few_items) == 2 * 2, "not once a world"
    one_world = run("one", seeds=[1], worlds=["coast"])
    assert {one.key for one in one_world} < {one.key for one in every}
    weights = module._weights
    monkeypatch.setattr(
        module, "_weights", lambda model: "new" if "/coast/" in str(model) else weights(model)
    )
    again = run("again", seeds=[0, 1])
    changed = {one.key for one in again} - {one.key for one in every}
    assert {(one.world) for one in again if one.key in changed} == {"coast"}
    assert len(changed) == 4


def _coin(setting):
    return np.full(len(setting.split.test), 0.75)


def test_an_unknown_world_is_named(tmp_path):
    with pytest.raises(NotFound, match=r"world of dev 'cost'; did you mean coast"):
        collect("mini-math", tmp_path / "x", seeds=[0], splits=["dev"], worlds=["cost"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        b"one line that is no result",
        b"no result\n",
        b'{"a": 1}\n',
        b"\xff\xfe\n",
        *(
            (
                json.dumps(asdict(ArmResult("k", "t", "dev", "w", 1, "floor", 0.5, 1, 1.0)) | wrong) + "\n"
            ).encode()
            for wrong in ({"accuracy": "high"}, {"accuracy": float("nan")}, {"accuracy": 1.5}, {"seed": True})
        ),
    ],
)
def test_a_file_of_something_else_is_left_as_it_is(tmp_path, few_items, content):
    out = tmp_path / "notes.txt"
    out.write_bytes(content)
    with pytest.raises(NotMeasured, match="--out"):
        collect(
            "mini-chat", out, seeds=[3], splits=["dev"], worlds=["west"], chosen=[], only=["floor"], jobs=1
        )
    assert out.read_bytes() == content


def test_a_place_that_cannot_be_written_is_named_before_anything_is_measured(
    tmp_path, few_items, monkeypatch
):
    monkeypatch.setattr(
        sys.modules["w2s.measurements.collect"], "_results", lambda *_: pytest.fail("measured")
    )
    for out in (tmp_path, tmp_path / "file" / "x.jsonl"):
        (tmp_path / "file").touch()
        with pytest.raises(NotMeasured, match="--out"):
            collect(
                "mini-chat",
                out,
                seeds=[3],
                splits=["dev"],
                worlds=["west"],
                chosen=[],
                only=["floor"],
                jobs=1,
            )


def test_weights_in_several_files_are_told_apart(tmp_path):
    digest = sys.modules["w2s.measurements.collect"]._weights
    for number in (1, 2):
        (tmp_path / f"model-0000{number}-of-00002.safetensors").write_bytes(bytes(number))
    before = digest(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").write_bytes(b"other")
    assert digest(tmp_path) != before
    assert digest("owner/name") == "owner/name"


def test_a_broken_line_in_the_middle_is_refused_with_its_number(tmp_path):
    rows = [json.dumps(asdict(line("floor", s, 0.6))) for s in range(3)]
    (tmp_path / "x.jsonl").write_text("\n".join([rows[0], "{", rows[2]]) + "\n")
    with pytest.raises(NotMeasured, match="line 2"):
        read_lines(tmp_path / "x.jsonl")


def test_public_seeds_are_distinct():
    assert len({item_seed(seed) for seed in range(10_000)}) == 10_000
