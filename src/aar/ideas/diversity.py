"""How different a study's ideas are: the effective number of their families.

exp of Shannon's entropy over families (Hill number of order 1), with the correction of Miller and Madow (1955) for a
finite number of ideas. The estimate still grows with that number: compare teams at equal ones, `WINDOW` or more.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aar.ideas.families import Family

WINDOW = 36
"""Ideas that a point of the curve looks back on; fewer say little about their spread."""
DRAWS = 1000


@dataclass(frozen=True)
class Diversity:
    """Families of some ideas.

    Attributes:
        ideas: Number of ideas.
        families: Number of ideas of each family that occurs, most frequent first.
        effective: Effective number of families, at least 1.
        low: Lower end of its 95 % interval, by a bootstrap over ideas.
        high: Upper end.
    """

    ideas: int
    families: dict[Family, int]
    effective: float
    low: float
    high: float


def effective_number(counts: Sequence[int]) -> float:
    """Effective number of families from the number of ideas of each, at most as many as ideas; 0.0 without ideas.

    >>> round(effective_number([20, 20]), 2), effective_number([40]), effective_number([])
    (2.03, 1.0, 0.0)
    """
    seen = [count for count in counts if count > 0]
    n = sum(seen)
    if n == 0:
        return 0.0
    entropy = -sum(count / n * math.log(count / n) for count in seen)
    return min(n, math.exp(entropy + (len(seen) - 1) / (2 * n)))


def diversity(ideas: Sequence[Family]) -> Diversity | None:
    """Diversity of ideas by their families; None without ideas."""
    if not ideas:
        return None
    counts = Counter(ideas)
    low, high = _interval(list(counts.values()))
    return Diversity(
        len(ideas), dict(counts.most_common()), effective_number(list(counts.values())), low, high
    )


def over_time(ideas: Sequence[Family], *, window: int = WINDOW) -> list[tuple[int, float]]:
    """(number of ideas so far, effective number among the last `window`) from the first full window on."""
    return [
        (n, effective_number(list(Counter(ideas[n - window : n]).values())))
        for n in range(window, len(ideas) + 1)
    ]


def _interval(counts: Sequence[int]) -> tuple[float, float]:
    import numpy as np

    total = sum(counts)
    drawn = np.random.default_rng(0).multinomial(total, np.array(counts) / total, size=DRAWS)
    low, high = np.quantile([effective_number(row) for row in drawn.tolist()], (0.025, 0.975))
    return float(low), float(high)
