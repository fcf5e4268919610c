"""The figures that ship are those of the documentation, of enough fresh seeds, and of the models that ship."""

import json
from pathlib import Path

import pytest

from w2s.measurements import read_lines, summarise, weights
from w2s.measurements.collect import FRESH_FROM
from w2s.measurements.markdown import table
from w2s.testbeds import load, load_measured, names

PAGE = Path(__file__).parents[2] / "docs" / "tables" / "testbeds.md"

FEWEST = 10
"""Fresh seeds of each of eleven worlds."""
SUPERVISORS = 10
"""Seeds of each world by which the scorer knows a typical supervisor."""
PUBLISHED = [name for name in names() if load_measured(name) is not None]


def test_figures_are_published() -> None:
    assert {"mini-chat", "mini-code", "mini-math"} <= set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_page_shows_the_figures_that_ship(name: str) -> None:
    figures = load_measured(name)
    assert figures is not None, (
        f"aar testbed measure {name} --summary src/w2s/testbeds/data/{name}/measured.json"
    )
    begin, end = f"<!-- measured: {name} -->", f"<!-- end of measured: {name} -->"
    page = PAGE.read_text(encoding="utf-8")
    shown = page.partition(begin)[2].partition(end)[0].strip()
    assert shown == table(figures), (
        f"put what aar testbed measure {name} --markdown prints between {begin} and {end}"
    )


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_published_was_measured_with_these_models_on_fresh_seeds(name: str) -> None:
    figures = load_measured(name)
    assert figures is not None
    assert figures["weights"] == weights(load(name)), (
        f"other models ship now: aar testbed measure {name} again"
    )
    for world in figures["worlds"].values():
        assert len(set(world["seeds"])) >= FEWEST
        assert min(world["seeds"]) >= FRESH_FROM[name]
        assert world["typical"]["seeds"] >= SUPERVISORS
        for arm in (world["floor"], world["ceiling"]):
            low, high = arm["interval"]
            assert low < arm["mean"] < high


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_figures_that_ship_follow_from_the_stored_results(name: str) -> None:
    stored = read_lines(PAGE.parents[2] / "benchmarks" / "results" / "testbeds" / f"{name}.jsonl")
    assert load_measured(name) == json.loads(
        json.dumps({**summarise(stored), "weights": weights(load(name))})
    ), f"python benchmarks/testbed_pages.py {name}"
