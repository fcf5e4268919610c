"""A result is kept under the hash of everything it was made from, so that it can only be found where it is right."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from w2s.files import write_whole
from w2s.records import FloatArray


def cached(key: str, make: Callable[[], FloatArray], *, root: Path) -> FloatArray:
    """The array kept under `key` (hexadecimal) in `root`, made and kept if it is not there or not readable.

    Whole or not at all: it is written beside and renamed, so that writers may race and readers never see a part.
    """
    path = root / key[:2] / f"{key}.npy"
    try:
        kept: FloatArray = np.load(path, allow_pickle=False)
        return kept
    except (FileNotFoundError, ValueError, EOFError):
        value = make()
    content = io.BytesIO()
    np.save(content, value)
    write_whole(path, content.getvalue())
    return value
