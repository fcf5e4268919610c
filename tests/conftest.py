"""A tiny Qwen3 with random weights and a word-level tokenizer, saved as a checkpoint and loaded as one."""

from __future__ import annotations

import os

import pytest

# Before numpy and torch are imported: several workers share the cores, and threads that wait for each other burn them.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

WORDS = """Question: Answer: Label: A: B: A B True False yes no right wrong is it the a of what colour
red blue green black sky grass coal rose please and or"""


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("tiny")
    vocabulary = {
        word: i for i, word in enumerate(["<pad>", "<eos>", "<unk>", *dict.fromkeys(WORDS.split())])
    }
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    ).save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Qwen3ForCausalLM(
            Qwen3Config(
                vocab_size=len(vocabulary),
                hidden_size=32,
                num_hidden_layers=3,
                num_attention_heads=4,
                num_key_value_heads=2,
                head_dim=8,
                intermediate_size=48,
                max_position_embeddings=64,
                tie_word_embeddings=True,
                initializer_range=0.2,
                pad_token_id=0,
                bos_token_id=None,
                eos_token_id=1,
            )
        )
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.data += 0.2 * torch.randn_like(parameter)
    model.to(torch.bfloat16).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tiny_checkpoint):
    from w2s.models import load_model

    return load_model(tiny_checkpoint)
