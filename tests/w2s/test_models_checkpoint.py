"""A checkpoint that is not whole, not what it says, or wants to run code is refused by name, and says what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from families import save
from safetensors.torch import load_file, save_file

from w2s.errors import Unavailable
from w2s.models import load_model

WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("whole") / "model", "llama", tie_word_embeddings=False)


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


def configured(folder: Path, **changes: object) -> None:
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | changes))


def refused(folder: Path) -> str:
    with pytest.raises(Unavailable) as error:
        load_model(folder)
    words = str(error.value)
    assert str(folder) in words
    assert "\n" not in words
    return words


def test_a_whole_one_loads(folder: Path) -> None:
    assert load_model(folder).layers == 2


def test_a_missing_layer_is_not_made_up(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    save_file({name: value for name, value in tensors.items() if ".layers.1." not in name}, folder / WEIGHTS)
    words = refused(folder)
    assert "model.layers.1." in words
    assert "and 6 more" in words
    assert "fetch or save it again" in words


def test_a_missing_head_of_an_untied_model_is_not_made_up(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    save_file({name: value for name, value in tensors.items() if name != "lm_head.weight"}, folder / WEIGHTS)
    assert "lm_head.weight" in refused(folder)


def test_tensors_of_another_shape_are_refused(folder: Path) -> None:
    configured(folder, intermediate_size=40)
    assert "mlp" in refused(folder)


@pytest.mark.parametrize("keep", [0, 7, 200, 5000])
def test_a_torn_file_is_refused(folder: Path, keep: int) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:keep])
    refused(folder)


def test_bytes_that_are_no_weights_are_refused(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"\xff" * 4096)
    refused(folder)


def test_weights_as_a_pickle_are_never_read(folder: Path) -> None:
    class Bomb:
        def __reduce__(self):
            return (open, (str(folder / "ran"), "w"))

    (folder / WEIGHTS).unlink()
    torch.save({"model.embed_tokens.weight": Bomb()}, folder / "pytorch_model.bin")
    words = refused(folder)
    assert "safetensors" in words
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("family", ["llama", "never-heard-of"])
def test_code_of_its_own_is_never_run_nor_asked_about(folder: Path, family: str) -> None:
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\n")
    configured(
        folder, model_type=family, auto_map={"AutoModelForCausalLM": "own.Model", "AutoConfig": "own.Config"}
    )
    if family == "llama":
        assert load_model(folder).layers == 2  # by the library's own code
    else:
        assert "custom code" in refused(folder)
    assert not (folder / "ran").exists()


def test_a_tokenizer_of_another_model_is_refused(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        tensors[name] = tensors[name][:50].clone()
    save_file(tensors, folder / WEIGHTS)
    configured(folder, vocab_size=50)
    assert "embeddings have 50 rows" in refused(folder)


@pytest.mark.parametrize("missing", ["config.json", WEIGHTS])
def test_what_is_missing_is_said(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    refused(folder)


def test_a_missing_tokenizer_is_said(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()
    refused(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "never-heard-of", "architectures": ["NeverHeardOf"]},
        {"num_hidden_layers": "two"},
        {"num_attention_heads": 0},
        {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}},
    ],
)
def test_a_configuration_that_cannot_be_read_is_refused(folder: Path, changes: dict[str, object]) -> None:
    configured(folder, **changes)
    refused(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"llama"'])
def test_a_configuration_that_is_no_object_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    refused(folder)
