"""Performance gap recovered (PGR), paired gains and their intervals: what every method is judged by."""

from w2s.metrics.gains import alpha_at, clustered_stderr, paired_gain
from w2s.metrics.gap import Ratio, correctness, fieller, pgr, pgr_gain, pgr_interval
from w2s.metrics.variance import Part, Spread, two_way

__all__ = [
    "Part",
    "Ratio",
    "Spread",
    "alpha_at",
    "clustered_stderr",
    "correctness",
    "fieller",
    "paired_gain",
    "pgr",
    "pgr_gain",
    "pgr_interval",
    "two_way",
]
