"""The building blocks: what lies in their folder is what methods, type checkers and researchers are given."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import w2s
from w2s import blocks


def test_a_file_in_the_folder_is_an_attribute_of_the_package():
    assert blocks.names()
    for name in blocks.names():
        assert getattr(w2s, name).__name__ == f"w2s.blocks.{name}"


def test_type_checkers_know_the_blocks_that_there_are():
    tree = ast.parse((blocks.FOLDER / "__init__.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    known = [alias.name for node in imports if node.module == "w2s.blocks" for alias in node.names]
    place = "src/w2s/blocks/__init__.py"
    for words, names in (
        (f"{place} lacks", set(blocks.names()) - set(known)),
        (f"{place} names what is no file beside it", set(known) - set(blocks.names())),
    ):
        assert not names, f"{words}: {', '.join(sorted(names))}"
    assert known == sorted(known), f"{place} is not in alphabetical order"


def test_no_block_has_the_name_of_another_module():
    others = {module.name for module in pkgutil.iter_modules(w2s.__path__)}
    for name in sorted(others.intersection(blocks.names())):
        raise AssertionError(f"src/w2s/blocks/{name}.py: w2s.{name} is another module; choose another name")


@pytest.mark.parametrize(
    "imports",
    [
        "import w2s.targets\nfrom w2s.losses import LogConfidence\nimport w2s.noise as noise",
        "from w2s import noise, targets\nfrom w2s.losses import LogConfidence\nimport w2s",
        "import w2s.blocks.targets\nfrom w2s.blocks import noise\nfrom w2s.blocks.losses import LogConfidence",
    ],
)
def test_submitted_code_imports_blocks_by_their_places_of_today_and_of_0_1(
    tmp_path: Path, imports: str
) -> None:
    checks = (
        "w2s.targets is w2s.blocks.targets, noise is w2s.noise, LogConfidence is w2s.losses.LogConfidence"
    )
    (tmp_path / "method.py").write_text(
        f"{imports}\ndef run(bench):\n    return {checks}, w2s.targets.__spec__.name, w2s.targets.__name__\n"
    )
    script = "import sys, pathlib\nfrom w2s.runner import load\nprint(load(pathlib.Path(sys.argv[1]))(None))"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    name = "w2s.blocks.targets"
    assert done.stdout.strip() == str((True, True, True, name, name)), done.stderr


def test_what_is_no_block_is_not_found_by_submitted_code_either(tmp_path: Path) -> None:
    script = (
        "from w2s import former_names\nformer_names.install()\n"
        "try:\n    import w2s.targts\nexcept ModuleNotFoundError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "w2s.targts" in done.stdout


def test_outside_a_run_a_block_has_one_place_only() -> None:
    script = "import w2s.runner\nimport w2s.targets"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "No module named 'w2s.targets'" in done.stderr
