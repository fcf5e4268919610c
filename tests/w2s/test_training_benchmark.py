"""The training benchmark counts what it says it counts, and its GPU part runs from end to end on a CPU."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def module(name):
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    spec.loader.exec_module(found)
    return found


def test_equal_accuracies_pass_and_different_ones_do_not():
    tost = module("training").tost
    noise = np.random.default_rng(0).normal(0, 0.01, 40)
    assert tost(noise - noise.mean())["p"] < 0.01
    assert tost(noise - noise.mean() + 0.02)["p"] > 0.9
    assert tost(5 * noise[:4])["p"] > 0.05


def test_operations_of_adapters_are_four_a_weight_and_six_an_adapter_weight():
    sizes = module("training_sizes")
    config = {
        "hidden_size": 2,
        "intermediate_size": 3,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "head_dim": 2,
    }
    weights, adapters = 4 * 4 + 3 * 6, 4 * 4 + 3 * 5
    # attention: 6 * length * width a token, forward and backward, half of it causal
    expected = 10 * (4 * weights + 6 * adapters) + 6 * (16 + 36) * 2
    assert sizes.needed_operations(config, np.array([4, 6]), rank=1) == expected


def tiny(candidate):
    script = str(BENCHMARKS / "training_gpu.py")
    argv = [
        sys.executable,
        script,
        "--candidate",
        candidate,
        "--tiny",
        "--items",
        "64",
        "--token-budget",
        "512",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_gpu_part_runs_end_to_end_on_a_cpu():
    found = tiny("w2s")
    assert found["tokens"] > 64 * 20
    assert found["mfu"] > 0
    assert found["peak_mib"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("candidate", ["trainer", "trl"])
def test_the_others_run_end_to_end_on_a_cpu(candidate):
    pytest.importorskip("trl")
    assert tiny(candidate)["tokens"] == tiny("w2s")["tokens"]
