"""What is installed with `w2s` alone suffices for it, and every requirement has bounds that were tested."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAME = canonicalize_name(PROJECT["name"])
LISTS = {"w2s": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
PINNED = {
    canonicalize_name(name): version
    for name, version in (line.split("==") for line in (ROOT / "constraints.txt").read_text().split())
}

NOTEBOOK = """
import sys
import w2s
from w2s.bench import LocalBench
from w2s.models.loading import load_model
import colours

model = load_model(sys.argv[1])
unlabelled, truth = colours.pairs(16)
test, _ = colours.pairs(8, seed=1)
bench = LocalBench(
    strong=model, weak=model, prompting=colours.PROMPTING, kind=unlabelled[0].kind, recipe=colours.RECIPE,
    weak_recipe=colours.RECIPE, unlabelled=unlabelled, test=test, supervisors=[0.2 + 0.6 * truth], seed=5,
)
predictions = w2s.methods.load("vanilla")(bench)
assert len(predictions.probabilities) == 8
assert not {'aar', 'fastapi', 'sqlalchemy', 'sklearn'} & set(sys.modules)
"""


def requirements(names):
    return [Requirement(text) for name in names for text in LISTS[name]]


def closure(wanted):
    """Names of the installed distributions that these requirements bring in, themselves included."""
    known, left = set(), list(wanted)
    while left:
        requirement = left.pop()
        name = canonicalize_name(requirement.name)
        if name in known or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        known.add(name)
        try:
            left += [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue
    return known


def install(names, folder):
    """Have `folder` hold what these distributions consist of, as links."""
    for name in names:
        distribution = importlib.metadata.distribution(name)
        for part in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__", "bin"}:
            if not (folder / part).exists():
                (folder / part).symlink_to(distribution.locate_file(part))


def test_a_notebook_needs_nothing_of_the_laboratory(tiny_checkpoint, tmp_path):
    alone = closure(requirements(["w2s"]))
    assert not alone & {"fastapi", "sqlalchemy", "inspect-ai", "pygit2", "altair", "scikit-learn"}
    install(alone & installed(), tmp_path)
    (tmp_path / "w2s").symlink_to(ROOT / "src" / "w2s")
    shutil.copy(Path(__file__).parent / "colours.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "-S", "-c", NOTEBOOK, str(tiny_checkpoint)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr


def installed():
    return {canonicalize_name(found.name) for found in importlib.metadata.distributions()}


def test_aar_says_what_to_install_where_only_w2s_is():
    script = (
        "import sys; sys.modules['typer'] = None\n"
        "from aar.__main__ import main\n"
        "sys.argv = ['aar', '--help']; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "pip install 'automated-alignment-researchers[lab]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("requirement", requirements(LISTS), ids=str)
def test_every_requirement_has_a_lower_bound_that_the_tested_version_meets(requirement):
    if canonicalize_name(requirement.name) == NAME:
        assert requirement.extras <= set(LISTS)
        return
    assert any(bound.operator in (">=", "==", "~=") for bound in requirement.specifier)
    pinned = PINNED.get(canonicalize_name(requirement.name))
    assert pinned is None or requirement.specifier.contains(pinned)


def test_torch_is_a_range_in_the_metadata_and_one_version_in_the_constraints():
    torch = next(found for found in requirements(["w2s"]) if found.name == "torch")
    assert {bound.operator for bound in torch.specifier} == {">=", "<"}
    assert "torch" in PINNED


def test_what_a_person_installs_for_the_tests_holds_the_laboratory():
    extras = [found.extras for found in requirements(["dev"]) if canonicalize_name(found.name) == NAME]
    assert extras == [{"anthropic", "hub", "lab", "openai"}]
