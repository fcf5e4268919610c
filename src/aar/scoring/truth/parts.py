"""Test items of a split, a part a world, and tables of correctness over them.

Row k of any method, floor or ceiling is about the part of pair of seeds k (`w2s.records.part_of`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aar.scoring.truth.vault import TestItems
from aar.seeds import pair_of
from w2s.metrics import FEWEST, Clusters, Tables, world_means
from w2s.records import FloatArray, part_of

Rows = Mapping[int, FloatArray]
"""Per-item correctness, [n] in the part of pair k, by supervisor k."""


@dataclass(frozen=True)
class TestParts:
    """Test items of every part of a split, in order."""

    __test__ = False  # the name starts with Test; pytest must not collect it

    parts: tuple[TestItems, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def of(self, k: int) -> TestItems:
        """Test items that row `k` is about."""
        return part_of(self.parts, pair_of(k))

    def covered(self, keys: Sequence[int]) -> list[int]:
        """Numbers of the parts that the rows of `keys` are about, in order."""
        return sorted({pair_of(k) % len(self.parts) for k in keys})

    def tables(self, rows: Rows, keys: Sequence[int] | None = None, *, of: Sequence[int] = ()) -> Tables:
        """A table [S, n] for each part that the rows of `keys` (all of them by default) are about.

        With `of`, only for the parts that the rows of `of` are about; a part without a row is a `KeyError`.
        """
        keys = sorted(rows) if keys is None else keys
        tables = []
        for part in self.covered(of or keys):
            mine = [rows[k] for k in keys if pair_of(k) % len(self.parts) == part]
            if not mine:
                raise KeyError(f"no row is about part {part}")
            tables.append(np.stack(mine))
        return tables

    def in_order(self, keys: Sequence[int]) -> list[int]:
        """Those keys in the order in which `tables` has their rows, part after part."""
        return sorted(keys, key=lambda k: pair_of(k) % len(self.parts))

    def few(self, keys: Sequence[int]) -> bool:
        """True if these pairs are about several worlds, too few of them to tell how much worlds differ.

        Then each pair of seeds is one observation of a figure, which speaks of these worlds only.
        """
        return 1 < len(self.covered(keys)) < min(FEWEST, len(keys))

    def clusters(self, keys: Sequence[int]) -> Clusters:
        """Question of each test item, [n], in each part that the rows of `keys` are about."""
        return [self.parts[part].clusters for part in self.covered(keys)]

    def known(self, keys: Sequence[int], *others: Rows) -> list[int]:
        """Those of `keys` about a part that a row of each of `others` is about too."""
        there = set(self.covered(keys)).intersection(*(self.covered(list(rows)) for rows in others))
        return [k for k in keys if set(self.covered([k])) <= there]

    def mean(self, rows: Rows, keys: Sequence[int] | None = None) -> float:
        """Mean accuracy over the parts that the rows of `keys` (all by default) are about; each part counts equally."""
        return float(world_means(self.tables(rows, keys)).mean())
