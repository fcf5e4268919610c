"""`aar testbed measure`: every arm on the first seeds, vanilla alone on the supervisors beyond them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import w2s.measurements
from aar.cli.testbed_measure import measure_testbed
from w2s.measurements import ArmResult

LEVELS = {"floor": 0.6, "ceiling": 0.9, "vanilla": 0.7}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []

    def collect(name: str, out: Path, *, seeds: range, **choice: Any) -> list[ArmResult]:
        calls.append({"seeds": list(seeds), **choice})
        return [
            ArmResult(f"{arm}{seed}", name, "dev", "north", seed, arm, LEVELS[arm] + seed / 1000, 100, 1.0)
            for arm in choice.get("only") or LEVELS
            for seed in seeds
        ]

    monkeypatch.setattr(w2s.measurements, "collect", collect)
    return calls


def test_supervisors_beyond_the_seeds_get_floor_and_vanilla_only(
    asked: list[dict[str, Any]], tmp_path: Path
) -> None:
    summary = tmp_path / "measured.json"
    measure_testbed("mini-math", seeds=3, supervisors=5, first=0, summary=summary)
    assert [call["seeds"] for call in asked] == [[0, 1, 2], [3, 4]]
    assert [call.get("only") for call in asked] == [None, ("floor", "vanilla")]
    world = json.loads(summary.read_text())["worlds"]["north"]
    assert world["seeds"] == [0, 1, 2]
    assert world["typical"] == {"seeds": 5, "floor": 0.602, "vanilla": 0.702}


def test_without_more_supervisors_a_typical_one_is_known_from_the_seeds(
    asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    measure_testbed("mini-math", seeds=3, first=0, as_json=True)
    figures = json.loads(capsys.readouterr().out)
    assert figures["worlds"]["north"]["typical"]["seeds"] == 3
    assert len(asked) == 1
