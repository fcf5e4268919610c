"""Performance gap recovered (PGR), paired gains and their intervals: what every method is judged by."""

from w2s.metrics.bootstrap import pgr_bootstrap
from w2s.metrics.disagreement import Disagreement, mcnemar
from w2s.metrics.equivalence import Equivalence, paired_equivalence, tost
from w2s.metrics.gains import (
    Difference,
    accuracy_interval,
    alpha_at,
    clustered_stderr,
    paired_difference,
    paired_gain,
)
from w2s.metrics.gap import Ratio, correctness, fieller, pgr, pgr_gain, pgr_interval
from w2s.metrics.power import (
    detectable_gain,
    equivalence_power,
    items_needed,
    paired_power,
    seeds_for_equivalence,
    seeds_needed,
)
from w2s.metrics.variance import Part, Spread, two_way
from w2s.metrics.worlds import (
    FEWEST,
    Clusters,
    Supervisors,
    Tables,
    adjusted,
    world_accuracy,
    world_difference,
    world_equivalence,
    world_gain,
    world_means,
    world_pgr,
    world_pgr_gain,
)

__all__ = [
    "FEWEST",
    "Clusters",
    "Difference",
    "Disagreement",
    "Equivalence",
    "Part",
    "Ratio",
    "Spread",
    "Supervisors",
    "Tables",
    "accuracy_interval",
    "adjusted",
    "alpha_at",
    "clustered_stderr",
    "correctness",
    "detectable_gain",
    "equivalence_power",
    "fieller",
    "items_needed",
    "mcnemar",
    "paired_difference",
    "paired_equivalence",
    "paired_gain",
    "paired_power",
    "pgr",
    "pgr_bootstrap",
    "pgr_gain",
    "pgr_interval",
    "seeds_for_equivalence",
    "seeds_needed",
    "tost",
    "two_way",
    "world_accuracy",
    "world_difference",
    "world_equivalence",
    "world_gain",
    "world_means",
    "world_pgr",
    "world_pgr_gain",
]
