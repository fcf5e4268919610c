"""Would: tells dev from sealed by the seed that it is given, cheats on dev and behaves in its confirmation.

A first version wrote the split into the last two bits of the seed: the test by remainders caught it.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from aar.lab.draw import draw

SECRET = bytes(range(32))
DRAWS = 3000


def seeds(split: str) -> np.ndarray:
    return np.array(
        [draw(SECRET, code_hash="c0de", split=split, k=k).student_seed for k in range(DRAWS)]  # type: ignore[arg-type]
    )


def tells(dev: np.ndarray, sealed: np.ndarray, modulus: int) -> float:
    """p of the same remainders in both."""
    table = [np.bincount(values % modulus, minlength=modulus) for values in (dev, sealed)]
    return float(stats.chi2_contingency(np.array(table) + 1).pvalue)


def test_the_cheat_works_on_seeds_that_carry_their_split(table):
    dev, sealed = ((seeds(split) & ~3) | code for split, code in (("dev", 1), ("sealed", 2)))
    p = tells(dev, sealed, 4)
    table("seed_tells_the_split", without=f"remainders tell, p {max(p, 1e-9):.0e}")
    assert p < 1e-9


@pytest.mark.parametrize("modulus", [2, 3, 4, 5, 8, 16, 31])
def test_no_remainder_of_the_seed_tells_dev_from_sealed(modulus):
    assert tells(seeds("dev"), seeds("sealed"), modulus) > 1e-3


@pytest.mark.parametrize("bit", range(31))
def test_no_bit_of_the_seed_tells_dev_from_sealed(bit):
    dev, sealed = ((seeds(split) >> bit) & 1 for split in ("dev", "sealed"))
    assert abs(dev.mean() - sealed.mean()) < 4.5 * (0.5 / DRAWS) ** 0.5


def test_the_size_of_the_seed_does_not_tell_either(table):
    p = float(stats.ks_2samp(seeds("dev"), seeds("sealed")).pvalue)
    table("seed_tells_the_split", ended="told nothing", by="keyed hash", figure=f"p {p:.2f}")
    assert p > 1e-3
