"""Every wait of a session: for a provider that fails, between turns without effect, and a rest.

No function of a session reads a clock that a person, a time server or a laptop's sleep can move.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Waits:
    """Lengths in seconds; tests and benchmarks have shorter ones.

    Attributes:
        first: Before a call is repeated after a passing failure; doubled at each further one.
        most: The longest of these.
        permanent_first: The same after a failure that does not pass by itself: a key, credit, an unknown model.
        permanent_most: The longest of these, so that a key or credit that comes back is noticed.
        most_told: The longest wait that a provider may ask for.
        attempt: Time of one call; one that takes longer is taken for cut off.
        turn_first: After a turn without effect; doubled at each further one in a row.
        turn_most: The longest of these.
        rest: Length of a rest, unless there is news.
        least_rest: A rest is not shorter, whatever the news.
    """

    first: float = 2.0
    most: float = 300.0
    permanent_first: float = 30.0
    permanent_most: float = 600.0
    most_told: float = 3600.0
    attempt: float = 1800.0
    turn_first: float = 1.0
    turn_most: float = 60.0
    rest: float = 3600.0
    least_rest: float = 60.0

    def after_failure(
        self, failures: int, *, permanent: bool, told: float | None, rng: random.Random
    ) -> float:
        """Wait after so many failures in a row; `told` is what the provider asked for.

        Between half and all of the doubled wait, so that researchers who failed together do not ask together.

        >>> Waits().after_failure(30, permanent=False, told=None, rng=random.Random(0)) <= 300.0
        True
        >>> 20.0 <= Waits().after_failure(1, permanent=False, told=20.0, rng=random.Random(0)) <= 22.0
        True
        """
        first, most = (self.permanent_first, self.permanent_most) if permanent else (self.first, self.most)
        own = _doubled(first, failures, most) * rng.uniform(0.5, 1.0)
        return own if told is None else max(own, min(told, self.most_told) * rng.uniform(1.0, 1.1))

    def after_turn(self, turns: int) -> float:
        """Wait after so many turns without effect in a row.

        >>> [Waits().after_turn(turns) for turns in (1, 2, 5, 50)]
        [1.0, 2.0, 16.0, 60.0]
        """
        return _doubled(self.turn_first, turns, self.turn_most)


def _doubled(first: float, times: int, most: float) -> float:
    return min(most, first * 2.0 ** min(times - 1, 30))
