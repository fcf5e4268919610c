"""What the whole suite agrees on: what is slow, needs a GPU or a network is skipped, and the reason is printed.

The longest modules begin first, so that no worker is left alone with one at the end.

Made-up examples are the same in every run and no clock judges them, so that a busy machine fails nothing.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

LONGEST = (
    "test_killed_run",
    "test_cheats_audited",
    "test_researchers_transcripts",
    "test_engine",
    "test_engines",
    "test_engines_warm",
    "test_sandboxes_idle",
    "test_scoring_judging",
    "test_sandboxes_limits",
    "test_scoring_references",
    "test_sandboxes_disk",
    "test_cheats",
    "test_cli_testbed_import",
    "test_runtime",
    "test_testbeds_hackability",
    "test_sandboxes_workspace",
    "test_methods_for_real",
    "test_scoring_attacks",
    "test_queue",
    "test_scoring_duplicates",
    "test_scoring_audits",
    "test_bench_contract",
    "test_scoring_killed",
    "test_students",
    "test_testbeds_math",
)
"""Modules in the order of what they took when it was last measured; all others follow."""

settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Switches for what is left out by default."""
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes, too")
    parser.addoption(
        "--network", action="store_true", help="run the tests that need a hub or a provider, too"
    )


def pytest_collection_finish() -> None:
    """What was imported stays, so that full collections, of which services make many, need not look at it."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip with a reason, and put the longest modules first."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))
    reasons = {}
    if not config.getoption("--slow"):
        reasons["slow"] = "takes minutes: run with --slow"
    if not config.getoption("--network"):
        reasons["network"] = "needs a model hub or a provider's API: run with --network"
    if not Path("/proc/driver/nvidia").exists():
        reasons["gpu"] = "needs a CUDA device; there is none here"
    for item in items:
        for name, reason in reasons.items():
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=reason))
