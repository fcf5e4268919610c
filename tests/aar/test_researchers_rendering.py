"""Rendered methods run, on the bench whose student is a few numbers (as for the library's methods)."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aar.researchers.evolution.genome import CHOICES, Genome, in_words
from aar.researchers.evolution.rendering import render

BASE = Genome(signals=("weak", "zero_shot", "likelihood"))
EVERYTHING = Genome(
    signals=("weak", "zero_shot", "probe"),
    combine="channel",
    agree=True,
    targets="tempered",
    loss="log_confidence",
    schedule="sure_first",
    epochs=4,
    rounds=2,
    students=2,
    blend=0.25,
)
ONE_CHANGE = [
    replace(BASE, **{gene: value})
    for gene in ("combine", "agree", "targets", "loss", "schedule", "rounds", "students", "blend")
    for value in CHOICES[gene][1:]
]
SIGNALS = [Genome(signals=(signal,), keep=1.0) for signal in ("weak", "zero_shot", "likelihood", "probe")]


def fake_bench(**how: Any) -> Any:
    path = Path(__file__).parent.parent / "w2s" / "fake_bench.py"
    spec = importlib.util.spec_from_file_location("fake_bench_of_w2s", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FakeBench(n=160, **how)


def predictions_of(genome: Genome, bench: Any) -> Any:
    names: dict[str, Any] = {}
    exec(render(genome, researcher="r1", parents=[]), names)  # noqa: S102  (our own rendering)
    return names["run"](bench)


@pytest.mark.parametrize("genome", [BASE, EVERYTHING, *SIGNALS, *ONE_CHANGE], ids=in_words)
def test_every_choice_runs_and_is_better_than_chance_on_pairs(genome: Genome) -> None:
    bench = fake_bench(pairs=True)
    assert bench.accuracy(predictions_of(genome, bench)) > 0.6


@pytest.mark.parametrize("genome", [BASE, EVERYTHING, *SIGNALS], ids=in_words)
def test_methods_run_on_proposed_answers_too(genome: Genome) -> None:
    bench = fake_bench(pairs=False)
    assert bench.accuracy(predictions_of(genome, bench)) > 0.6


def test_students_that_are_averaged_saw_their_items_in_different_orders() -> None:
    bench = fake_bench()
    predictions_of(replace(BASE, students=2), bench)
    first, second = (call["ids"] for call in bench.trained_on())
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.sort(first), np.sort(second))
