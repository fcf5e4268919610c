"""What the whole suite agrees on: what is slow, needs a GPU or a network is skipped, and the reason is printed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Switches for what is left out by default."""
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes, too")
    parser.addoption(
        "--network", action="store_true", help="run the tests that need a hub or a provider, too"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip with a reason."""
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
