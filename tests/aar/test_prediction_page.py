"""The page on prediction shows what the command prints from the stored results, and the plots drawn from them."""

import re
from pathlib import Path

import pytest

from aar.cli.testbed_predict import as_text
from aar.reports.prediction_figure import prediction_figure
from w2s.measurements import predict, read_lines
from w2s.measurements.collect import FIRST_FRESH
from w2s.measurements.prediction import STUDIED_AS, published_pgr
from w2s.testbeds import load_measured

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "prediction.md"
LINES = read_lines(REPOSITORY / "benchmarks" / "results" / "prediction.jsonl")


@pytest.mark.parametrize("name", sorted(STUDIED_AS))
def test_the_page_shows_what_the_stored_results_say(name):
    lines = [line for line in LINES if line.testbed == name]
    (prediction,) = predict(name, lines)
    page = PAGE.read_text(encoding="utf-8")
    assert f"```\n{as_text(prediction)}\n```" in page, (
        f"put what aar testbed predict {name} prints into {PAGE.name}"
    )
    shown = (PAGE.parent / "prediction" / f"{name}.svg").read_text(encoding="utf-8")
    assert re.sub(r"\s+", " ", shown) == re.sub(r"\s+", " ", prediction_figure(prediction))


@pytest.mark.parametrize("name", sorted(STUDIED_AS))
def test_the_stored_results_are_of_ten_fresh_seeds_of_every_published_method(name):
    lines = [line for line in LINES if line.testbed == name]
    seeds = {line.seed for line in lines}
    assert len(seeds) >= 10
    assert min(seeds) >= FIRST_FRESH
    for arm in (*published_pgr(name), "floor", "ceiling"):
        assert {line.seed for line in lines if line.arm == arm} == seeds


@pytest.mark.parametrize("name", sorted(STUDIED_AS))
def test_the_stored_results_agree_with_the_figures_that_ship(name):
    figures = load_measured(name)
    assert figures is not None
    north = figures["worlds"]["north"]
    place = (name, "north", "floor")
    floors = [line.accuracy for line in LINES if (line.testbed, line.world, line.arm) == place]
    assert sorted(north["seeds"]) == sorted({line.seed for line in LINES if line.testbed == name})
    assert north["floor"]["mean"] == pytest.approx(sum(floors) / len(floors), abs=1e-4)
