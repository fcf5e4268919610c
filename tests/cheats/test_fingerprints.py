"""Would: solves items offline and recognises them by what a frozen model says: zero-shot answers name an item.

The table fits into a submission. It needs the lab's own items, and these are drawn from a secret.
"""

from __future__ import annotations

import numpy as np
import pytest

from aar.errors import BadSnapshot
from aar.submissions.source import check as check_files
from w2s import testbeds
from w2s.bench import LocalBench
from w2s.bounds import SUBMISSION_BYTES as MAX_BYTES

DIGITS, ITEMS = 4, 500


def lab(item_seed: bytes) -> tuple[LocalBench, np.ndarray]:
    testbed = testbeds.load("mini-code")
    splits, truth = testbeds.generate(testbed, item_seed=item_seed)
    split = splits["dev"][0]
    bench = LocalBench.from_split(testbed, split, np.full(len(split.unlabelled), 0.4), seed=0)
    return bench, np.array([truth[e.id] for e in split.test[:ITEMS]])


def fingerprints(bench: LocalBench) -> list[bytes]:
    student = bench.strong()
    items = bench.test[:ITEMS]
    asked = [student.zero_shot(items), student.likelihood(items)]
    return [np.round(row, DIGITS).tobytes() for row in np.stack(asked, axis=1)]


@pytest.fixture(scope="module")
def table_of_answers() -> dict[bytes, int]:
    bench, truth = lab(bytes(16))
    return dict(zip(fingerprints(bench), truth.tolist(), strict=True))


def score(known: dict[bytes, int], item_seed: bytes) -> tuple[float, float]:
    """(Share of the items that are recognised, accuracy with a coin for the others)."""
    bench, truth = lab(item_seed)
    coin = np.random.default_rng(0).random(len(truth)) < 0.5
    found = fingerprints(bench)
    said = [known.get(one, int(guess)) for one, guess in zip(found, coin, strict=True)]
    return float(np.mean([one in known for one in found])), float(np.mean(np.array(said) == truth))


def test_the_cheat_works_on_items_that_are_known(table_of_answers, table) -> None:
    recognised, accuracy = score(table_of_answers, bytes(16))
    table("fingerprints", without=f"accuracy {accuracy:.2f} on known items")
    assert recognised == 1.0
    assert accuracy > 0.95


def test_a_labs_own_items_are_in_no_table(table_of_answers, table) -> None:
    recognised, accuracy = score(table_of_answers, b"another secret!!")
    table(
        "fingerprints",
        ended=f"accuracy {accuracy:.2f}",
        by="secret items",
        figure=f"{recognised:.0%} recognised",
    )
    assert recognised < 0.1
    assert accuracy < 0.6


def test_a_table_of_many_labs_does_not_fit() -> None:
    row = 'b"' + "\\x00" * 16 + '": 1,\n'
    with pytest.raises(BadSnapshot, match="bytes"):
        check_files({"method.py": "KNOWN = {" + row * (MAX_BYTES // len(row) + 1) + "}"})
