"""`aar baselines`: the grids are fixed and valid, and the table says what the scorer decided."""

from __future__ import annotations

import ast
import json
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command_line import aar
from synthetic_lab import SUPERVISORS, SyntheticLab

from aar import baseline_sets, ledger
from aar.database.charges import ChargeKind
from aar.reports import baselines
from aar.reports.methods_figure import methods_figure
from w2s import methods
from w2s.errors import BadMethod, NotFound
from w2s.testbeds import load


def test_the_library_protocol_is_every_method_as_it_is_vanilla_first() -> None:
    found = baseline_sets.variants("library")
    assert found[0] == "vanilla"
    assert sorted(found) == methods.names()


def test_the_human_grid_has_the_four_methods_that_people_tuned_each_with_its_default() -> None:
    found = baseline_sets.variants("human")
    assert {baseline_sets.method_of(one) for one in found} == set(baseline_sets.HUMAN)
    assert len(found) == len(set(found)) == 24
    for name in baseline_sets.HUMAN:
        assert name in found, f"{name} with its defaults is not on the grid"
    for variant in found:
        ast.parse(methods.source(variant))


def test_another_method_model_split_or_number_of_seeds_is_another_measurement(tmp_path: Path) -> None:
    bed, both = load("mini-chat"), ("vanilla", "confident_labels")
    world = bed.worlds["north"]
    shutil.copy(Path(world.weak) / "model.safetensors", tmp_path / "model.safetensors")
    with (tmp_path / "model.safetensors").open("ab") as weights:
        weights.write(b"0")
    other = replace(bed, worlds={**bed.worlds, "north": replace(world, weak=tmp_path)})
    prints = {
        baseline_sets.fingerprint(bed, both, seeds=5, sealed=False),
        baseline_sets.fingerprint(bed, both, seeds=5, sealed=True),
        baseline_sets.fingerprint(bed, both, seeds=6, sealed=False),
        baseline_sets.fingerprint(other, both, seeds=5, sealed=False),
        baseline_sets.fingerprint(load("mini-code"), both, seeds=5, sealed=False),
        baseline_sets.fingerprint(bed, ("vanilla",), seeds=5, sealed=False),
        baseline_sets.fingerprint(bed, ("vanilla", "confident_labels THRESHOLD=0.6"), seeds=5, sealed=False),
    }
    assert len(prints) == 7


@pytest.mark.parametrize("begun", [None, "deadbeef"])
def test_a_folder_of_another_measurement_is_refused_before_anything_starts(
    tmp_path: Path, begun: str | None
) -> None:
    lab = SyntheticLab(tmp_path / "lab")
    if begun is not None:
        (lab.path / "baselines.txt").write_text(begun)
    result = aar("baselines", "--seeds", "2", "--lab", str(lab.path))
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "was begun with another testbed" in result.stderr


def test_a_variant_differs_from_its_method_in_the_named_lines_alone() -> None:
    plain, changed = methods.source("logconf"), methods.source("logconf WEIGHT=0.75 WARMUP=0.1")
    differing = [(a, b) for a, b in zip(plain.splitlines(), changed.splitlines(), strict=True) if a != b]
    assert [b for _, b in differing] == ["WEIGHT = 0.75", "WARMUP = 0.1"]


@pytest.mark.parametrize(
    ("variant", "error"),
    [
        ("logconf WIEGHT=1", NotFound),
        ("logconf WEIGHT", BadMethod),
        ("", NotFound),
        ("logconf WEIGHT=__import__('os')", BadMethod),
        ("nothing", NotFound),
    ],
)
def test_a_variant_that_there_is_not_is_refused(variant: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        methods.source(variant)


def test_gains_of_baselines_are_over_vanilla_on_both_splits(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab").with_baselines()
    found = baselines.table(lab.folder)
    assert [row.variant for row in found.rows] == ["vanilla", "confident_labels", "zero_shot"]
    vanilla, confident, _ = found.rows
    for split in ("dev", "sealed"):
        plain, other = getattr(vanilla, split), getattr(confident, split)
        assert plain.gain is None
        assert other.champion == "s1"
        assert other.gain.low < (0.68 - 0.66) / 0.35 < other.gain.high
    assert found.best is confident


def test_a_method_that_fails_stays_in_the_table_with_its_reason(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab", baselines=("vanilla", "zero_shot"))
    lab.submit("lab", dev=0.66, title="vanilla", seeds=5)
    bad = lab.submit("lab", dev=0.66, title="zero_shot", seeds=5)
    lab.run(bad, "dev", 0.66, seeds=6, first=5, state="failed")
    lab.judge.step()
    found = baselines.table(lab.folder)
    assert found.rows[1].status == "failed"
    assert "ZeroDivisionError in method.py, line 7" in " ".join(baselines.markdown(found))


def test_costs_are_counted_in_runs_of_vanilla(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab").with_baselines()
    with lab.db.write() as tx:
        for code, minutes in (("code1", 2.0), ("code2", 3.0)):
            for k in range(5):
                ledger.record_charge(
                    tx, f"{code}-dev-{k}", researcher="lab", kind=ChargeKind.RUN, nominal_minutes=minutes
                )
    found = baselines.table(lab.folder)
    assert [row.cost for row in found.rows] == [1.0, 1.5, None]


def test_the_table_prints_as_markdown_json_and_a_figure(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab").with_baselines()
    found = baselines.table(lab.folder)
    lines = baselines.markdown(found)
    assert lines[0].startswith("mini-chat, 5 seeds, n=600. Accuracies: dev: floor 0.")
    assert sum(line.startswith("| confident_labels |") for line in lines) == 1
    data = json.loads(json.dumps(found.to_json()))
    assert data["rows"][1]["sealed"]["pgr"]["seeds"] == SUPERVISORS
    assert data["best"] == "confident_labels"
    drawn = ElementTree.fromstring(methods_figure(found))
    words = {element.text for element in drawn.iter() if element.text}
    assert {"vanilla", "confident_labels", "zero_shot"} <= words
