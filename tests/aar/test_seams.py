"""Parts are found by name: shipped ones always, installed ones by their entry point, and nothing else is imported."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import sqlalchemy as sa
from command_line import aar
from extending_page import install_package
from installed import install

from aar.database.backend import STORAGES, backend
from aar.engines import ENGINES
from aar.researchers import RUNTIMES
from aar.sandboxes import SANDBOXES, choose, providers
from w2s.errors import BadPlugin, NotFound
from w2s.plugins import Seam
from w2s.testbeds.registry import TESTBEDS, load

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
PARTS: Seam = Seam(
    "engine",
    "tests.engines",
    {"local": "aar.engines.local:local"},
    protocol="aar.engines:Engine",
    suite="tests/conformance/test_engine.py --engine {}",
)
"""A seam of the tests' own: other tests install engines."""
SEAMS: list[Seam] = [ENGINES, SANDBOXES, RUNTIMES, STORAGES, TESTBEDS]


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    return folder


@pytest.mark.parametrize("seam", SEAMS, ids=lambda seam: seam.group)
def test_what_ships_is_declared_as_entry_points_too(seam: Seam) -> None:
    declared = tomllib.loads(PYPROJECT.read_text())["project"]["entry-points"]
    assert declared[seam.group] == dict(seam.shipped)


@pytest.mark.parametrize("seam", SEAMS, ids=lambda seam: seam.group)
def test_every_part_that_ships_can_be_loaded(seam: Seam) -> None:
    for name in seam.shipped:
        assert callable(seam.find(name))


def test_an_installed_part_is_found_by_its_name(packages: Path) -> None:
    install(
        packages, "ray_stub", "def engine(setup): ...", points={"tests.engines": {"ray": "ray_stub:engine"}}
    )
    assert PARTS.names() == ["local", "ray"]
    assert PARTS.find("ray").__module__ == "ray_stub"


def test_an_unknown_part_is_named_with_the_nearest_and_with_all_that_there_are(packages: Path) -> None:
    install(
        packages, "ray_stub2", "raise AssertionError", points={"tests.engines": {"ray": "ray_stub2:engine"}}
    )
    with pytest.raises(NotFound) as refusal:
        PARTS.find("rya")
    message = str(refusal.value)
    assert (
        message
        == "no engine 'rya'; did you mean 'ray'? installed: local, ray (entry points of tests.engines)"
    )


def test_no_other_part_is_imported_than_the_one_that_was_asked_for(packages: Path) -> None:
    install(
        packages, "ray_stub3", "raise AssertionError", points={"tests.engines": {"ray": "ray_stub3:engine"}}
    )
    PARTS.find("local")
    assert "ray_stub3" not in sys.modules


def test_a_package_cannot_replace_a_part_that_ships(packages: Path) -> None:
    shipped = PARTS.find("local")
    install(
        packages, "impostor", "raise AssertionError", points={"tests.engines": {"local": "impostor:engine"}}
    )
    assert PARTS.find("local") is shipped


def test_a_name_that_two_packages_offer_is_refused_with_both(packages: Path) -> None:
    for name in ("first_ray", "second_ray"):
        install(packages, name, "engine = None", points={"tests.engines": {"ray": f"{name}:engine"}})
    with pytest.raises(BadPlugin, match=r"first-ray .*second-ray"):
        PARTS.find("ray")


def test_a_part_that_cannot_be_imported_is_named_with_its_package(packages: Path) -> None:
    install(
        packages,
        "broken_ray",
        "import no_such_module",
        points={"tests.engines": {"ray": "broken_ray:engine"}},
    )
    with pytest.raises(BadPlugin, match=r"'ray' of broken-ray cannot be loaded .*no_such_module"):
        PARTS.find("ray")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise ValueError('no key')", r"ValueError: no key \(.*raising_ray0\.py, line 1\)"),
        ("def engine(setup): return oops\nx = engine(1)", r"NameError: .*line 1\)"),
        ("import sys; sys.exit('no cluster')", "SystemExit: no cluster"),
        ("x = (", "raising_ray3.py, line 1"),
    ],
)
def test_whatever_a_module_raises_when_it_is_imported_is_told_in_one_line(
    packages: Path, request: pytest.FixtureRequest, source: str, words: str
) -> None:
    name = f"raising_ray{request.node.callspec.indices['source']}"
    install(packages, name, source, points={"tests.engines": {"ray": f"{name}:engine"}})
    with pytest.raises(BadPlugin, match=rf"engine 'ray' of raising-ray\d cannot be loaded .*{words}"):
        PARTS.find("ray")


WHOLE = """
class Whole:
    capacity = 1
    async def start(self): ...
    async def run(self, job): ...
    async def stop(self): ...
"""


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        (WHOLE.replace("async def run(self, job): ...", ""), "no run(job)"),
        (WHOLE.replace("async def run(self, job)", "run = None #"), "no run(job)"),
        (
            WHOLE.replace("async def stop(self): ...", "").replace("capacity", "room"),
            "no capacity, no stop()",
        ),
        (
            "from aar.engines import Engine\n"
            + WHOLE.replace("Whole:", "Whole(Engine):").replace("run(", "go("),
            "no run(job)",
        ),
    ],
    ids=["no run", "run is None", "two", "only inherited"],
)
def test_a_part_that_lacks_something_of_its_protocol_is_refused_when_it_is_made(
    packages: Path, request: pytest.FixtureRequest, source: str, missing: str
) -> None:
    name = f"halfway{request.node.callspec.indices['source']}"
    source += "\n    def __init__(self, setup): ..."
    install(packages, name, source, points={"tests.engines": {"halfway": f"{name}:Whole"}})
    with pytest.raises(BadPlugin) as refusal:
        PARTS.make("halfway", None)
    assert str(refusal.value) == (
        f"engine 'halfway' has {missing}; see aar.engines.Engine, "
        "and run tests/conformance/test_engine.py --engine halfway"
    )


def test_what_a_part_hands_on_or_sets_when_it_is_made_counts_and_a_property_is_not_asked(
    packages: Path,
) -> None:
    source = """
class Proxy:
    def __init__(self, setup):
        async def run(job): ...
        self.run = run

    @property
    def capacity(self):
        raise RuntimeError("not started")

    def __getattr__(self, name):
        if name in ("start", "stop"):
            return print
        raise AttributeError(name)
"""
    install(packages, "proxy", source, points={"tests.engines": {"proxy": "proxy:Proxy"}})
    assert type(PARTS.make("proxy", None)).__name__ == "Proxy"


def test_a_part_that_cannot_be_made_is_told_in_one_line(packages: Path) -> None:
    install(packages, "unmade", WHOLE, points={"tests.engines": {"unmade": "unmade:Whole"}})
    with pytest.raises(
        BadPlugin, match=r"'unmade' of unmade cannot be made: TypeError: .*takes no arguments"
    ):
        PARTS.make("unmade", None)


def test_a_sandbox_a_runtime_a_storage_and_a_testbed_are_looked_at_too(packages: Path) -> None:
    source = "class Empty:\n    name = 'empty'\n    def __init__(self, *setup): ..."
    groups = {seam.group: {"empty": "empty:Empty"} for seam in SEAMS}
    install(packages, "empty", source, points=groups)
    with pytest.raises(BadPlugin, match=r"sandbox 'empty' has .*no start\(argv, profile, .*--sandbox empty"):
        choose("empty")
    with pytest.raises(
        BadPlugin, match=r"runtime 'empty' has no check\(models, options\), no command\(assignment\)"
    ):
        RUNTIMES.make("empty")
    with pytest.raises(BadPlugin, match=r"storage 'empty' has no exists\(\), .*--storage empty://"):
        backend(sa.make_url("empty://host/name"))
    with pytest.raises(BadPlugin, match=r"testbed 'empty' gives no testbed .*--testbed empty"):
        load("empty")


@pytest.mark.parametrize("seam", [SANDBOXES, RUNTIMES], ids=lambda seam: seam.group)
def test_every_part_that_ships_has_what_its_protocol_lists(seam: Seam) -> None:
    for name in seam.shipped:
        seam.make(name)


def test_only_names_are_found_and_no_place_in_the_code() -> None:
    for name in ("aar.engines.local:local", "os:system", "os.system"):
        with pytest.raises(NotFound):
            ENGINES.find(name)


def test_an_installed_sandbox_is_found_by_its_name_and_never_chosen_by_itself(packages: Path) -> None:
    install_package(packages, "aar-nice")
    assert SANDBOXES.make("nice").name == "nice"
    assert {provider.name for provider in providers()} <= set(SANDBOXES.shipped)


def test_an_unknown_part_stops_a_run_before_anything_is_made(tmp_path: Path) -> None:
    for option, name in (("--engine", "loacl"), ("--sandbox", "bubblewarp"), ("--runtime", "inspct")):
        refused = aar("run", option, name, "--out", str(tmp_path / "runs"), cwd=tmp_path)
        assert refused.returncode != 0
        assert f"'{name}'" in refused.stderr
        assert "did you mean" in refused.stderr
        assert not list(tmp_path.rglob("lab.json"))


def test_help_imports_no_part(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['aar', 'run', '--help']\n"
        "from aar.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'torch', 'inspect_ai', 'aar.engines.local', 'sqlalchemy'} & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ}, check=False
    )
    assert shown.stdout.splitlines()[-1] == "[]"
    assert "--engine" in shown.stdout
