"""Tables of correctness over the parts of a split."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from aar.scoring.evidence.correctness import outcome_of
from aar.scoring.truth.parts import TestParts
from aar.scoring.truth.vault import TestItems
from aar.seeds import pair_index, supervisor_of, supervisors_of


def items(n: int) -> TestItems:
    return TestItems(np.zeros(n), tuple(f"q{i // 2}" for i in range(n)), (False,) * n)


PARTS = TestParts((items(4), items(6), items(8)))


def row(k: int, value: float) -> np.ndarray:  # type: ignore[type-arg]
    return np.full(len(PARTS.of(k)), value)


def test_rows_are_put_together_by_the_world_that_they_are_about() -> None:
    rows = {0: row(0, 0.2), 1: row(1, 0.4), 3: row(3, 0.6)}
    assert [table.shape for table in PARTS.tables(rows)] == [(2, 4), (1, 6)]
    assert PARTS.mean(rows) == pytest.approx(0.4)  # each world counts equally: (.2 + .6) / 2 and .4
    assert [len(names) for names in PARTS.clusters([0, 1, 3])] == [4, 6]


def test_a_companion_is_about_the_world_of_whose_it_is() -> None:
    for k in range(6):
        assert {len(PARTS.of(supervisor)) for supervisor in supervisors_of(k)} == {len(PARTS.parts[k % 3])}


def test_only_worlds_that_others_know_too_are_told() -> None:
    floors, ceilings = {0: row(0, 0.5), 1: row(1, 0.5)}, {1: row(1, 0.9), 2: row(2, 0.9)}
    assert PARTS.known([0, 1, 2, 4], floors, ceilings) == [1, 4]


def test_several_students_of_one_supervisor_are_one_row_their_mean() -> None:
    """Whoever others are compared with is run with two: its luck is halved, and it is still one seed."""
    values = {pair_index(0): 0.2, pair_index(0, 1): 0.6, pair_index(1): 0.5}
    runs = [
        SimpleNamespace(state="done", supervisor_seed=supervisor_of(pair), pair_index=pair) for pair in values
    ]
    found = outcome_of(
        runs,  # type: ignore[arg-type]
        lambda run: row(run.supervisor_seed, values[run.pair_index]),
        needed=2,
        waits=False,
    )
    assert found.state == "complete"
    assert {k: float(table.mean()) for k, table in found.rows.items()} == pytest.approx({0: 0.4, 1: 0.5})
