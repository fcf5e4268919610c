"""The command that rebuilds checkpoints: same seed, same bytes; and its tokenizer is the shipped one."""

import json
import random
import subprocess
import sys

import pytest

from w2s import testbeds
from w2s.errors import NotFound
from w2s.testbeds.mini import pretrain, tokenizer
from w2s.testbeds.mini.chat import corpus, world
from w2s.testbeds.mini.domains import DOMAINS


def test_a_rebuild_gives_the_same_bytes_again(tmp_path):
    first = pretrain.rebuild(tmp_path / "a", "mini-chat", "north", "weak", steps=4)
    assert first == pretrain.rebuild(tmp_path / "b", "mini-chat", "north", "weak", steps=4)
    assert first != pretrain.rebuild(tmp_path / "c", "mini-chat", "south", "weak", steps=4)


def test_an_unknown_world_is_refused(tmp_path):
    with pytest.raises(NotFound, match="north"):
        pretrain.rebuild(tmp_path, "mini-chat", "nort", "weak", steps=1)


@pytest.mark.slow
def test_the_command_prints_the_hash_of_what_it_wrote(tmp_path):
    command = [
        sys.executable,
        "-m",
        "w2s.testbeds.mini.pretrain",
        "--testbed",
        "mini-chat",
        "--world",
        "north",
        "--role",
        "weak",
    ]
    done = subprocess.run(
        [*command, "--steps", "2", "--out", str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["sha256"] == pretrain.rebuild(
        tmp_path / "again", "mini-chat", "north", "weak", steps=2
    )


def test_pre_training_and_the_shipped_tokenizer_split_text_alike():
    from transformers import AutoTokenizer

    shipped = AutoTokenizer.from_pretrained(testbeds.load("mini-chat").worlds["north"].strong)
    ids = DOMAINS["mini-chat"].vocabulary("north")
    writer = corpus.Writer(world.build("north"), random.Random(3))
    texts = [writer.document(i / 200) for i in range(200)]
    assert tokenizer.encode(texts, ids) == shipped(texts)["input_ids"]
