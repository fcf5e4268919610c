"""The benchmark of the demo reads a run's database as it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from fabricated_lab import STORY, fabricate

DEMO = Path(__file__).parents[2] / "benchmarks" / "demo.py"


def test_what_a_run_came_to_is_read_from_its_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    assert spec is not None
    assert spec.loader is not None
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    found = demo.from_database(fabricate(tmp_path, monkeypatch), 0.0)
    assert found["handed_in"] == len(STORY)
    assert 0 < found["verified"] < found["scored"] <= len(STORY)
    assert sum(found["statuses"].values()) == len(STORY)
    assert sum(n for n, _ in found["runs"].values()) > 0
    assert sum(minutes for _, minutes in found["runs"].values()) > 0
