"""`aar testbed check` tries both models of a testbed and says what will not work before anything long starts."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from command_line import aar

sys.path.append(str(Path(__file__).parents[1] / "w2s"))
from families import save
from release_folder import lines, write

TOML = """name = "own"
kind = "verification"
[models]
weak = "./weak"
strong = "./strong"
[prompts]
template = "Question: {{question}}\\nAnswer: {{choice}}\\nLabel:"
labels = ["False", "True"]
zero_shot_template = "Question: {{question}}\\nAnswer: {{choice}}\\nIs the answer right?"
zero_shot_labels = ["no", "yes"]
[recipe]
epochs = 1
learning_rate = 1e-3
max_length = {length}
lora_rank = 2
[weak_recipe]
epochs = 1
learning_rate = 1e-3
max_length = 256
lora_rank = 0
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An imported testbed with two tiny random models."""
    home = tmp_path_factory.mktemp("own")
    release = write(home / "release", lines("verification"))
    save(release / "weak", "qwen3", max_position_embeddings=512)
    save(release / "strong", "gpt_neox", max_position_embeddings=512)
    (release / "testbed.toml").write_text(TOML.format(length=256))
    done = aar("testbed", "import", str(release), "--into", str(home / "kept"))
    assert done.returncode == 0, done.stderr
    return home / "kept" / "own"


@pytest.fixture
def folder(own: Path, tmp_path: Path) -> Path:
    shutil.copytree(own.parents[1], tmp_path / "home")
    copied = tmp_path / "home" / "kept" / "own"
    text = (copied / "testbed.toml").read_text()
    (copied / "testbed.toml").write_text(text.replace(str(own.parents[1]), str(tmp_path / "home")))
    return copied


def test_both_models_are_tried_and_described(own: Path) -> None:
    done = aar("testbed", "check", str(own), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    weak, strong = json.loads(done.stdout)["models"]
    assert (weak["role"], weak["family"], weak["forward"]) == ("weak", "qwen3", "compact")
    assert (strong["role"], strong["family"], strong["forward"]) == ("strong", "gpt_neox", "transformers")
    for trial in (weak, strong):
        assert trial["problem"] == ""
        assert trial["too_long"] == 0
        assert 0 < trial["longest"] <= trial["allowed"] == 256
        assert trial["items"] > 200
    plain = aar("testbed", "check", str(own)).stdout
    assert "transformers' own forward pass" in plain
    assert plain.endswith("nothing is wrong\n")


def test_items_that_are_too_long_are_counted(folder: Path) -> None:
    text = (folder / "testbed.toml").read_text()
    (folder / "testbed.toml").write_text(text.replace("max_length = 256", "max_length = 60"))
    done = aar("testbed", "check", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "items are longer than 60 tokens" in done.stdout


@pytest.mark.parametrize("broken", ["torn", "missing", "labels"])
def test_what_will_not_work_is_one_line_a_model(folder: Path, broken: str) -> None:
    strong = folder.parents[1] / "release" / "strong"
    if broken == "torn":
        whole = (strong / "model.safetensors").read_bytes()
        (strong / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    elif broken == "missing":
        (strong / "tokenizer.json").unlink()
    else:
        text = (folder / "testbed.toml").read_text()
        assert '"no"' in text
        (folder / "testbed.toml").write_text(text.replace('"no"', '"yes yes"'))
    done = aar("testbed", "check", str(folder))
    assert done.returncode == 1
    wrong = [line for line in done.stdout.splitlines() if "will not work" in line]
    assert len(wrong) == (2 if broken == "labels" else 1)
    assert wrong[-1].startswith("strong model of ")
    assert "Traceback" not in done.stdout + done.stderr


def test_models_are_left_alone_if_that_is_wanted(folder: Path) -> None:
    (folder.parents[1] / "release" / "strong" / "model.safetensors").write_bytes(b"torn")
    done = aar("testbed", "check", str(folder), "--no-models")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "nothing is wrong\n"
