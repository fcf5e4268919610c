"""Tiny random models of many families, with tokenizers of several kinds, saved as checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TEXTS = [
    "Question: what colour is the sky?\nAnswer: blue\nLabel: True",
    "Question: what colour is grass?\nAnswer: green, of course\nLabel: False",
    "Is the answer right? unsafe unsure yes no A B good bad",
]
SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 128,
    "bos_token_id": None,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
GROUPED = {**SMALL, "num_key_value_heads": 2}
WIDE = {**GROUPED, "head_dim": 8}
ENDS = {"bos_token_id": None, "eos_token_id": 1, "pad_token_id": 0}
FAMILIES: dict[str, dict[str, Any]] = {
    "qwen3": {**WIDE, "tie_word_embeddings": True},
    "qwen3_moe": {**WIDE, "num_experts": 4, "moe_intermediate_size": 16, "num_experts_per_tok": 2},
    "qwen2": GROUPED,
    "llama": {**GROUPED, "tie_word_embeddings": False},
    "mistral": {**GROUPED, "sliding_window": 8},
    "gemma2": {**WIDE, "final_logit_softcapping": 5.0},
    "gemma3_text": WIDE,
    "phi": SMALL,
    "phi3": GROUPED,
    "granite": {**GROUPED, "logits_scaling": 4.0},
    "cohere": {**GROUPED, "logit_scale": 0.25},
    "gpt_neox": SMALL,
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128, **ENDS},
    "opt": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "ffn_dim": 48,
        "word_embed_proj_dim": 32,
        "max_position_embeddings": 128,
        **ENDS,
    },
}
"""Settings of a tiny model, by its type in transformers."""
TOKENIZERS = ("byte-level", "prefix space", "metaspace")


def tokenizer(kind: str, *, start: bool = False, pad: bool = True, added: tuple[str, ...] = ()) -> Any:
    """A tokenizer of a kind, trained on `TEXTS`: byte-level BPE (GPT-2, Qwen), or SentencePiece's two ways.

    With `start` every text begins with a token of its own (Llama, Gemma); without `pad` there is no token for padding
    (GPT-2, Llama); `added` are words with a token of their own.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<eos>", "<unk>"]
    if kind == "byte-level":
        made = Tokenizer(models.BPE(unk_token="<unk>"))
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        trainer: Any = trainers.BpeTrainer(
            vocab_size=400, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
        )
    elif kind == "prefix space":  # Llama 2: the mark is put before a text, and for each space
        made = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
        made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Strip(" ", left=1)])
        made.pre_tokenizer = pre_tokenizers.Split(
            "▁", "merged_with_next"
        )  # while it is trained: no merge joins words
        trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=special)
    else:
        made = Tokenizer(models.Unigram())
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        made.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=120, special_tokens=special, unk_token="<unk>")
    made.train_from_iterator(TEXTS * 20, trainer)
    if kind == "prefix space":
        made.pre_tokenizer = None
    if start:
        made.post_processor = processors.TemplateProcessing(
            single="<eos> $A", pair="<eos> $A $B", special_tokens=[("<eos>", 1)]
        )
    words = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>" if pad else None, eos_token="<eos>", unk_token="<unk>"
    )
    words.add_tokens(list(added))
    return words


def save(folder: Path, family: str, *, words: Any = None, dtype: str = "float32", **changes: Any) -> Path:
    """A checkpoint of a tiny random model of a family in `folder`."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.set_num_threads(1)
    words = tokenizer("byte-level") if words is None else words
    settings = {**FAMILIES[family], "vocab_size": len(words), **changes}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **settings))
        for name, parameter in module.named_parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
            if name.endswith("bias"):
                parameter.data += 0.3 * torch.randn_like(parameter)
    words.save_pretrained(folder)
    module.to(getattr(torch, dtype)).save_pretrained(folder)
    return folder
