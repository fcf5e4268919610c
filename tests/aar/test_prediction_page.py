"""The page on prediction shows what the command prints from the stored results, and the plots drawn from them."""

import re
from pathlib import Path

import pytest

from aar.cli.testbed_predict import as_text
from aar.reports.prediction_figure import prediction_figure
from w2s.measurements import predict, read_lines, signs
from w2s.measurements.collect import FRESH_FROM
from w2s.measurements.prediction import STUDIED_AS, published_pgr
from w2s.testbeds import load_measured
from w2s.testbeds.mini.splits import SPLIT_WORLDS

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "prediction.md"
STORED = {
    name: [
        line
        for line in read_lines(REPOSITORY / "benchmarks" / "results" / "testbeds" / f"{name}.jsonl")
        if line.arm in {"floor", "ceiling", *published_pgr(name)}
    ]
    for name in STUDIED_AS
}


PLOTS = {"dev": "{}.svg", "sealed": "{}-sealed.svg"}
SEEDS = 10
"""Fewest seeds of a world."""


@pytest.mark.parametrize("name", sorted(STUDIED_AS))
def test_the_page_shows_what_the_stored_results_say(name):
    page = PAGE.read_text(encoding="utf-8")
    predictions = predict(name, STORED[name])
    assert [prediction.split for prediction in predictions] == list(PLOTS)
    for prediction in predictions:
        assert f"```\n{as_text(prediction)}\n```" in page, (
            f"put what aar testbed predict {name} --split {prediction.split} prints into {PAGE.name}"
        )
        plot = PAGE.parent / "prediction" / PLOTS[prediction.split].format(name)
        shown = plot.read_text(encoding="utf-8")
        assert re.sub(r"\s+", " ", shown) == re.sub(r"\s+", " ", prediction_figure(prediction))


@pytest.mark.parametrize("split", sorted(PLOTS))
@pytest.mark.parametrize("name", sorted(STUDIED_AS))
def test_the_stored_results_are_of_fresh_seeds_of_every_world_and_every_published_method(name, split):
    lines = [line for line in STORED[name] if line.split == split]
    assert {line.world for line in lines} == set(SPLIT_WORLDS[split])
    seeds = {line.seed for line in lines if line.arm == "ceiling"}  # further ones have floor and vanilla only
    assert len(seeds) >= SEEDS
    assert min(seeds) >= FRESH_FROM[name]
    for world in SPLIT_WORLDS[split]:
        for arm in (*published_pgr(name), "floor", "ceiling"):
            assert {line.seed for line in lines if (line.world, line.arm) == (world, arm)} >= seeds


@pytest.mark.parametrize("name", sorted(STUDIED_AS))
def test_the_stored_results_agree_with_the_figures_that_ship(name):
    figures = load_measured(name)
    assert figures is not None
    for world, measured in figures["worlds"].items():
        place = (world, "floor")
        floors = {line.seed: line.accuracy for line in STORED[name] if (line.world, line.arm) == place}
        assert set(measured["seeds"]) <= set(floors)
        mean = sum(floors[seed] for seed in measured["seeds"]) / len(measured["seeds"])
        assert measured["floor"]["mean"] == pytest.approx(mean, abs=1e-4)


def test_the_page_shows_what_the_stored_results_say_of_reported_signs():
    lines = read_lines(REPOSITORY / "benchmarks" / "results" / "testbeds" / "signs" / "mini-chat.jsonl")
    assert min(line.seed for line in lines) >= FRESH_FROM["mini-chat"]
    page = PAGE.read_text(encoding="utf-8").partition("<!-- signs: mini-chat -->")[2].partition("<!-- end")[0]
    found = signs(lines)
    assert [part.split for part in found] == list(PLOTS)
    assert [part.worlds for part in found] == [len(SPLIT_WORLDS[part.split]) for part in found]
    for part in found:
        for check in part.checks:
            (row,) = (row for row in page.splitlines() if row.startswith(f"| {check.report.method} |"))
            assert f"{check.gain:+.2f} [{check.low:+.2f}, {check.high:+.2f}], {check.agreement.value}" in row
