"""`aar testbed predict`: the table, the scatter plot, JSON, and which arms are run."""

import json
import sys
from xml.etree import ElementTree

import pytest
import typer

from aar.cli.testbed_predict import predict_testbed
from w2s.measurements.collect import ArmResult
from w2s.measurements.collect import collect as real_collect
from w2s.measurements.prediction import published_pgr
from w2s.testbeds.mini.splits import SPLIT_WORLDS

PGR = published_pgr("mini-chat") | {"zero_shot": 0.85, "critic": 0.1}


@pytest.fixture
def measured(monkeypatch):
    asked = {}

    def collect(name, out, *, seeds, **settings):
        asked.update(settings)
        accuracy = {"floor": 0.6, "ceiling": 0.9} | {arm: 0.6 + 0.3 * pgr for arm, pgr in PGR.items()}
        (split,) = settings["splits"]
        return [
            ArmResult(f"{arm}{seed}", name, split, world, seed, arm, value + 0.001 * (seed % 3), 1000, 1.0)
            for world in SPLIT_WORLDS[split]
            for seed in seeds
            for arm, value in accuracy.items()
        ]

    monkeypatch.setattr("w2s.measurements.collect", collect)
    return asked


def test_the_table_names_every_method_and_every_reversed_pair(measured, capsys, tmp_path):
    figure = tmp_path / "plots" / "chat.svg"
    predict_testbed("mini-chat", seeds=3, first=1000, figure=figure)
    shown = capsys.readouterr().out
    assert all(name in shown for name in PGR)
    assert "Spearman's rho, all (9 methods):" in shown
    assert "reversed: em_posterior over zero_shot" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert {"floor", "ceiling", "vanilla"} <= set(measured["only"])
    names = {element.text for element in ElementTree.parse(figure).iter() if element.text}
    assert {"overlap_density", "critic"} <= names


def test_too_few_seeds_are_said(measured, capsys):
    for seeds, said in ((3, True), (8, False)):
        predict_testbed("mini-chat", seeds=seeds, first=1000)
        assert ("too narrow" in capsys.readouterr().out) is said


def test_over_the_sealed_worlds_intervals_are_over_worlds(measured, capsys):
    predict_testbed("mini-chat", seeds=3, first=1000, split="sealed")
    shown = capsys.readouterr().out
    assert "mini-chat (sealed, 3 seeds a world" in shown
    assert "Mean of 8 worlds; intervals over worlds and their seeds" in shown
    assert "too narrow" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_json_holds_the_groups_and_orders_as_codes(measured, capsys):
    predict_testbed("mini-chat", seeds=3, first=1000, as_json=True)
    prediction = json.loads(capsys.readouterr().out)
    assert {point["group"] for point in prediction["points"]} == {"design", "held out"}
    assert {pair["order"] for pair in prediction["pairs"]} == {"same", "reversed"}
    assert prediction["seeds"] == 3


def test_only_floor_ceiling_and_the_methods_are_run(tmp_path, monkeypatch):
    ran = []
    module = sys.modules["w2s.measurements.collect"]
    monkeypatch.setattr(module, "_results", lambda units, jobs: ran.extend(units) or iter(()))
    with pytest.raises(KeyError):
        real_collect(
            "mini-chat",
            tmp_path / "x.jsonl",
            seeds=[1],
            splits=("dev",),
            chosen=("vanilla",),
            only=("floor", "ceiling", *published_pgr("mini-math")),
        )
    assert [unit.world for unit in ran] == ["north", "west", "coast"]
    assert {tuple(arm for arm, _ in unit.missing) for unit in ran} == {("floor", "ceiling", "vanilla")}


def test_a_figure_that_cannot_be_written_is_refused_before_anything_is_measured(measured, tmp_path):
    (tmp_path / "file").touch()
    for figure in (tmp_path, tmp_path / "file" / "chat.svg"):
        with pytest.raises(typer.BadParameter, match="cannot write --figure"):
            predict_testbed("mini-chat", seeds=3, first=1000, figure=figure)
    assert measured == {}


def test_an_interrupted_measurement_leaves_no_empty_figure(monkeypatch, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("w2s.measurements.collect", interrupted)
    with pytest.raises(KeyboardInterrupt):
        predict_testbed("mini-chat", seeds=3, first=1000, figure=tmp_path / "chat.svg")
    assert not list(tmp_path.iterdir())
