"""Token rows of texts as padded tensors: made once for a call, cut to each batch's longest text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from w2s.records import IntArray

_TOKENS = 2048


class Rows:
    """Token rows padded on the right: `ids` [n, longest], `last` [n] the position of the last token."""

    def __init__(self, rows: Sequence[Sequence[int]], *, pad: int, longest: int, device: Any = "cpu") -> None:
        kept = [row[-longest:] for row in rows]  # the label position is at the end: cut from the left
        self.lengths: IntArray = np.array([len(row) for row in kept], dtype=np.int64)
        padded = np.full((len(kept), int(self.lengths.max(initial=1))), pad, dtype=np.int64)
        for i, row in enumerate(kept):
            padded[i, : len(row)] = row
        self.ids = torch.from_numpy(padded).to(device)
        self.last = torch.from_numpy(self.lengths - 1).to(device)

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, index: IntArray) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids [b, l] and last positions [b] of the rows `index`, no wider than their longest."""
        chosen = torch.from_numpy(index).to(self.ids.device)
        return self.ids[chosen, : int(self.lengths[index].max())], self.last[chosen]

    def parts(self, index: IntArray, *, tokens: int) -> list[IntArray]:
        """The rows `index` in parts of at most `tokens` tokens each, padding counted; a row is never cut.

        One part, in the given order, if they fit; otherwise the parts are sorted by length.
        """
        if len(index) * int(self.lengths[index].max()) <= tokens:
            return [index]
        index = index[np.argsort(self.lengths[index], kind="stable")]
        found, start = [], 0
        for end in range(1, len(index) + 1):
            if end == len(index) or (end + 1 - start) * int(self.lengths[index[end]]) > tokens:
                found.append(index[start:end])
                start = end
        return found

    def by_length(self, *, same_length: bool = False, tokens: int = _TOKENS) -> Iterator[IntArray]:
        """Indices of all rows, in batches of similar (or the same) length with about `tokens` tokens each."""
        order = np.argsort(self.lengths, kind="stable")
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (end + 1 - start) * self.lengths[order[end]] <= tokens:
                if same_length and self.lengths[order[end]] != self.lengths[order[start]]:
                    break
                end += 1
            yield order[start:end]
            start = end
