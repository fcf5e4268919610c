"""That two methods are equal is a claim of its own: two one-sided tests (TOST) against a margin fixed in advance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s.metrics.gains import Difference, paired_difference
from w2s.records import FloatArray


@dataclass(frozen=True)
class Equivalence:
    """A difference with the interval that TOST compares with +-`margin`: two-sided at level 1 - 2 `alpha`.

    `p` is the larger of the two one-sided p; it is below `alpha` exactly when the interval lies within the margin.
    """

    mean: float
    low: float
    high: float
    p: float
    margin: float
    alpha: float

    @property
    def equivalent(self) -> bool:
        """True if a difference of `margin` or more either way is rejected at `alpha`."""
        return self.p < self.alpha


def tost(difference: FloatArray, *, margin: float, alpha: float = 0.05) -> Equivalence:
    """Paired t tests of `difference` [S] against +-`margin`, in its own unit (Schuirmann 1987).

    One difference a pair of runs, S at least 2, independent of each other: every pair has items of its own. Pairs
    that share their test items need `paired_equivalence`, or the claim is about these items only. `margin` is fixed
    before the differences are seen. `ValueError` for fewer pairs, NaN, or a margin that is not above 0.

    >>> tost(np.array([0.001, -0.002, 0.0, 0.001]), margin=0.01).equivalent
    True
    """
    d = np.asarray(difference, dtype=np.float64)
    if d.ndim != 1 or d.size < 2 or not np.isfinite(d).all():
        raise ValueError(f"differences of shape {d.shape}; TOST needs [S], finite, of at least 2 pairs")
    error = float(d.std(ddof=1)) / d.size**0.5
    return within(Difference(float(d.mean()), error, d.size - 1.0), margin=margin, alpha=alpha)


def paired_equivalence(
    a: FloatArray,
    b: FloatArray,
    clusters: Sequence[str] | npt.NDArray[np.generic],
    *,
    margin: float,
    alpha: float = 0.05,
) -> Equivalence:
    """TOST of the mean accuracy of `a` minus that of `b`, paired by seed and item; seeds and clusters both count.

    `a`, `b` [S, n] and `clusters` [n] as for `paired_gain`, whose interval at level 1 - 2 `alpha` this one is;
    `margin` in accuracy, fixed in advance.

    >>> rows = np.tile([1.0, 0, 1, 1], (3, 1))
    >>> paired_equivalence(rows, rows, ["a", "a", "b", "b"], margin=0.01).equivalent
    True
    """
    return within(paired_difference(a, b, clusters), margin=margin, alpha=alpha)


def within(difference: Difference, *, margin: float, alpha: float) -> Equivalence:
    """TOST of a difference with its standard error; `ValueError` for a margin not above 0 or an alpha not below .5."""
    from scipy.special import stdtr, stdtrit  # a tenth of a second to import

    if not margin > 0:
        raise ValueError(f"margin {margin} is not above 0; name the smallest difference that matters")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha {alpha} is not between 0 and 0.5, e.g. 0.05")
    df, error = difference.degrees_of_freedom, max(difference.stderr, np.finfo(float).tiny)
    half = float(stdtrit(df, 1 - alpha)) * difference.stderr
    return Equivalence(
        mean=difference.mean,
        low=difference.mean - half,
        high=difference.mean + half,
        p=float(stdtr(df, (abs(difference.mean) - margin) / error)),
        margin=margin,
        alpha=alpha,
    )
