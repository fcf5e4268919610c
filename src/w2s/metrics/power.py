"""Numbers of seeds or items that a claim needs, and the gain that a comparison can detect; all from noncentral t.

Every `alpha` is that of a one-sided test: .05 for "better", and .025 where a two-sided test at 5 % is meant.
The figures are plans: they take the sd or the rate of disagreement as known.
"""

from __future__ import annotations

import math
from collections.abc import Callable

MOST = 100_000
"""Seeds beyond which a plan is refused."""


def paired_power(gain: float, *, sd: float, seeds: int, alpha: float = 0.05) -> float:
    """Chance that a one-sided paired t test finds a true `gain`; `sd` of the paired differences in its unit.

    `ValueError` below 2 seeds, or for an `sd` that is not above 0. Source: the noncentral t distribution.

    >>> round(paired_power(0.1, sd=0.1, seeds=8), 3)
    0.815
    """
    from scipy.special import nctdtr, stdtrit  # a tenth of a second to import

    _check(alpha=alpha, sd=sd)
    if seeds < 2:
        raise ValueError(f"{seeds} seeds; a paired t test needs at least 2")
    return 1.0 - float(nctdtr(seeds - 1, gain / sd * math.sqrt(seeds), stdtrit(seeds - 1, 1 - alpha)))


def seeds_needed(gain: float, *, sd: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Fewest seeds with which a one-sided paired t test finds a true `gain` with chance `power`.

    `gain` above 0 and `sd` of the paired differences in one unit (PGR, say); `ValueError` otherwise.

    >>> [seeds_needed(0.1, sd=sd) for sd in (0.06, 0.10, 0.14)]
    [4, 8, 14]
    """
    if not gain > 0:
        raise ValueError(f"gain {gain} is not above 0; seeds are needed for a gain")
    return _fewest(lambda seeds: paired_power(gain, sd=sd, seeds=seeds, alpha=alpha), power=power)


def equivalence_power(margin: float, *, sd: float, seeds: int, alpha: float = 0.05) -> float:
    """Chance that TOST (`tost`) of `seeds` pairs finds two methods equal within `margin` that are equal.

    `margin` and `sd` of the paired differences in one unit. With s the sample's sd, the mean has to be within
    margin - t s / sqrt(seeds); this averages over s (Phillips 1990). Errors as for `paired_power`.

    >>> round(equivalence_power(0.01, sd=0.01, seeds=11), 3)
    0.849
    """
    from scipy.integrate import quad
    from scipy.special import ndtr, stdtrit
    from scipy.stats import chi

    _check(alpha=alpha, sd=sd)
    if seeds < 2:
        raise ValueError(f"{seeds} seeds; a paired t test needs at least 2")
    df = seeds - 1
    t, reach = float(stdtrit(df, 1 - alpha)), margin / sd * math.sqrt(seeds)

    def weighted(root: float) -> float:  # root = s / sd * sqrt(df) follows chi
        return float((2 * ndtr(reach - t * root / math.sqrt(df)) - 1) * chi.pdf(root, df))

    most = min(reach * math.sqrt(df) / t, float(chi.isf(1e-12, df)))  # beyond, no mean is close enough
    return min(float(quad(weighted, 0.0, most)[0]), 1.0)


def seeds_for_equivalence(margin: float, *, sd: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Fewest pairs with which TOST finds two equal methods equal within `margin` with chance `power`.

    >>> seeds_for_equivalence(0.01, sd=0.01)
    11
    """
    if not margin > 0:
        raise ValueError(f"margin {margin} is not above 0; name the smallest difference that matters")
    return _fewest(lambda seeds: equivalence_power(margin, sd=sd, seeds=seeds, alpha=alpha), power=power)


def items_needed(gain: float, *, disagreement: float, power: float = 0.8, alpha: float = 0.025) -> int:
    """Independent items that it takes to find a true `gain` in accuracy between two models, one seed each.

    `disagreement` is the share of items that only one of them gets right, the variance of an item's difference
    (the square of the gain is left out: the figure is for small gains, and never too low). `ValueError` unless
    0 < `gain` <= `disagreement` <= 1. Items of one question count as one to the extent that they agree.

    >>> items_needed(0.005, disagreement=0.1), items_needed(0.01, disagreement=0.1)
    (31396, 7849)
    """
    from scipy.special import ndtri

    _check(alpha=alpha, power=power)
    if not 0 < gain <= disagreement <= 1:
        raise ValueError(f"gain {gain} with a disagreement of {disagreement}; 0 < gain <= disagreement <= 1")
    return math.ceil(disagreement * float((ndtri(1 - alpha) + ndtri(power)) / gain) ** 2)


def detectable_gain(
    *,
    items: int,
    disagreement: float,
    seeds: int = 1,
    sd_between_seeds: float = 0.0,
    power: float = 0.8,
    alpha: float = 0.025,
) -> float:
    """Gain in accuracy that a paired comparison would have found with chance `power`: to stand by "not significant".

    `items` [count of independent ones: of questions, where items come in clusters], `disagreement` between the two
    methods on an item with the same seed, and `sd_between_seeds` of the gain, beyond what items explain, in
    accuracy. Seeds average only the latter: the same items disagree again, which is the cautious extreme. Degrees
    of freedom after Satterthwaite. A figure above `disagreement` means that no gain can be found. `ValueError` for
    fewer than 2 items, or for one seed with a spread between seeds: one seed cannot see it.

    >>> round(detectable_gain(items=31_396, disagreement=0.1), 4)
    0.005
    """
    from scipy.optimize import brentq
    from scipy.special import nctdtr, ndtri, stdtrit

    _check(alpha=alpha, power=power)
    if items < 2 or not 0 < disagreement <= 1 or seeds < 1 or sd_between_seeds < 0:
        raise ValueError(
            f"{items} items, disagreement {disagreement}, {seeds} seeds, sd {sd_between_seeds}; "
            "at least 2 items, a disagreement above 0 and at most 1, a seed, no negative sd"
        )
    if seeds == 1 and sd_between_seeds > 0:
        raise ValueError("one seed cannot see the spread between seeds; use 2 or more, or sd_between_seeds=0")
    by_item, by_seed = disagreement / items, sd_between_seeds**2 / seeds
    uncertainty = by_item**2 / (items - 1) + (by_seed**2 / (seeds - 1) if by_seed else 0.0)
    df = (by_item + by_seed) ** 2 / uncertainty
    t = float(stdtrit(df, 1 - alpha))
    shift = brentq(lambda nc: nctdtr(df, nc, t) - (1 - power), 0.0, 3 * t + 3 * abs(float(ndtri(power))) + 3)
    return float(shift) * math.sqrt(by_item + by_seed)


def _check(*, alpha: float, power: float = 0.8, sd: float = 1.0) -> None:
    if not 0 < alpha < 0.5 or not alpha < power < 1 or not sd > 0:
        raise ValueError(
            f"alpha {alpha}, power {power}, sd {sd}; 0 < alpha < 0.5, alpha < power < 1, sd above 0"
        )


def _fewest(power_of: Callable[[int], float], *, power: float) -> int:
    """Smallest count of seeds, from 2, at which the rising `power_of` reaches `power`."""
    _check(alpha=1e-9, power=power)
    below, reached = 1, 2
    while power_of(reached) < power:
        below, reached = reached, 2 * reached
        if reached > MOST:
            raise ValueError(f"more than {MOST} seeds; the effect is too small for its sd")
    while reached - below > 1:
        middle = (below + reached) // 2
        if power_of(middle) < power:
            below = middle
        else:
            reached = middle
    return reached
