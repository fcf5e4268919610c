"""What the whole suite agrees on: what is slow, needs a GPU or a network is skipped, and the reason is printed.

Made-up examples are the same in every run and no clock judges them, so that a busy machine fails nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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
