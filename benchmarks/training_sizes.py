"""What the GPU part of the training benchmark trains, and the operations that this needs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class Size:
    """What is trained: a Qwen3 configuration, the range of row lengths, and the parts tried for the others."""

    config: dict[str, Any]
    lengths: tuple[int, int]
    parts: tuple[int, ...]


STUDY = Size(
    config={
        "hidden_size": 2560,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "intermediate_size": 9728,
        "vocab_size": 151936,
        "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
        "max_position_embeddings": 40960,
    },
    lengths=(200, 1500),
    parts=(32, 16, 8, 4),
)
TINY = Size(
    config={
        "hidden_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "intermediate_size": 128,
        "vocab_size": 200,
        "tie_word_embeddings": True,
    },
    lengths=(20, 60),
    parts=(32, 8),
)


def needed_operations(config: dict[str, Any], lengths: np.ndarray, rank: int) -> float:
    """Floating-point operations of one epoch of training adapters on rows of `lengths`."""
    h, ff = config["hidden_size"], config["intermediate_size"]
    q, kv = (config[f"num_{name}_heads"] * config["head_dim"] for name in ("attention", "key_value"))
    shapes = [(h, q), (h, kv), (h, kv), (q, h), (h, ff), (h, ff), (ff, h)]
    weights = sum(a * b for a, b in shapes)
    adapters = sum(rank * (a + b) for a, b in shapes)
    tokens, squares = float(lengths.sum()), float((lengths.astype(float) ** 2).sum())
    return float(config["num_hidden_layers"] * (tokens * (4 * weights + 6 * adapters) + 6 * squares * q))


def matrix_peak(device: str) -> float:
    """Floating-point operations per second of a large bfloat16 matrix product."""
    n = 8192 if device == "cuda" else 512
    a, b = (torch.randn(n, n, device=device, dtype=torch.bfloat16) for _ in range(2))
    best = float("inf")
    for _ in range(10):
        finished(device)
        start = time.perf_counter()
        for _ in range(10):
            a @ b
        finished(device)
        best = min(best, (time.perf_counter() - start) / 10)
    return 2 * n**3 / best


def finished(device: str) -> None:
    """Return when the device has done what was asked of it."""
    if device == "cuda":
        torch.cuda.synchronize()
