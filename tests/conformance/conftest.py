"""Which part a conformance suite runs over: shipped ones, those of the page on extending, or the one that is named."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import release_folder
from extending_page import install_package, is_installed

from w2s.testbeds.real import store

SHIPPED = {
    "engine_name": ("--engine", ["local", "polite"]),
    "runtime_name": ("--runtime", ["inspect", "one-shot"]),
    "storage_url": ("--storage", ["sqlite"]),
    "testbed_name": ("--testbed", ["mini-chat", "mini-math", "colours"]),
}
"""By fixture: the option that names another part, and what the suite runs over without it."""
PACKAGES = {
    "aar-polite": "--engine",
    "aar-one-shot": "--runtime",
    "aar-nice": "--sandbox",
    "aar-colours": "--testbed",
}
"""Packages of the page, with the option that names another part instead."""

OF_THE_PAGE = {
    "test_it_says_how_many_runs_it_takes",
    "test_a_job_that_is_cancelled_ends_and_leaves_its_place_to_the_next",
    "test_a_method_runs_in_its_sandbox_and_its_arrays_come_back",
}
"""What the page's engine, which hands every job to the local one, is asked without `--slow`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    for option, kind in (
        ("--engine", "an engine's name"),
        ("--sandbox", "a sandbox's name"),
        ("--runtime", "a runtime's name"),
        ("--model", "a model's name, for a runtime"),
        ("--storage", "the URL of an empty database"),
        ("--testbed", "a testbed's name or folder"),
    ):
        parser.addoption(option, help=f"the part that the conformance suite runs over: {kind}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for fixture, (option, names) in SHIPPED.items():
        if fixture in metafunc.fixturenames:
            chosen = metafunc.config.getoption(option, None)
            shipped = [
                pytest.param(name, marks=pytest.mark.slow)
                if name == "polite" and metafunc.function.__name__ not in OF_THE_PAGE
                else name
                for name in names
            ]
            metafunc.parametrize(fixture, [chosen] if chosen else shipped, scope="module")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Path]:
    """The packages of the page, installed for the tests of one file and for the processes that they start.

    What pip has installed is tested as it is; a part that an option names is one that pip has installed.
    """
    folder = tmp_path_factory.mktemp("site-packages")
    for package, option in PACKAGES.items():
        if pytestconfig.getoption(option) is None and not is_installed(package):
            install_package(folder, package)
    release = release_folder.write(folder / "release", release_folder.lines())
    store.import_release(release, store.ImportRequest(name="colours"), into=folder)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), before]))
    sys.path.append(str(folder))
    importlib.invalidate_caches()
    yield folder
    sys.path.remove(str(folder))
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before
