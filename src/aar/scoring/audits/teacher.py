"""Teacher shuffle: is it the supervisor that a method learns from? This decides its track and breaks no rule.

The same runs with weak labels permuted among the items, paired by worlds, seeds and items. Two one-sided tests against
a margin of .1 PGR (Schuirmann 1987): teacher-free if what the shuffle costs is shown to be less; weak-to-strong if it
is shown to cost something and not shown to be within the margin; else undecided.
"""

from __future__ import annotations

from aar.scoring.audits import rules
from aar.scoring.audits.audit import Audit, Need
from aar.scoring.audits.case import Case
from aar.scoring.audits.finding import Finding, Track
from w2s.metrics import world_equivalence, world_gain

NAME = "teacher shuffle"


def teacher_shuffle(case: Case) -> Finding:
    """Cost of a shuffled teacher, in PGR."""
    return decided(case)[0]


def track_of(case: Case) -> Track:
    """On which leaderboard the method stands."""
    return decided(case)[1]


def decided(case: Case) -> tuple[Finding, Track]:
    """The finding and the track that follows from it."""
    shared = sorted(set(case.correct) & set(case.shuffled))
    if "shuffle" in case.crashed:
        words = "The code fails with a shuffled teacher: it depends on the supervisor."
        return Finding(NAME, "clean", words, cost=len(shared)), "weak-to-strong"
    if len(shared) < 2 or not case.gap > 0:
        words = f"{len(shared)} of {rules.SHUFFLE_RUNS} runs with a shuffled teacher: the track is undecided."
        return Finding(NAME, "no power", words, cost=len(shared)), "undecided"
    plain, shuffled = (case.items.tables(rows, shared) for rows in (case.correct, case.shuffled))
    clusters = case.items.clusters(shared)
    same = world_equivalence(plain, shuffled, clusters, margin=rules.SHUFFLE_MARGIN * case.gap)
    lost = world_gain(plain, shuffled, clusters, rules.LEVEL)
    mean, low, high = (value / case.gap for value in (lost.mean, lost.low, lost.high))
    track: Track = "undecided"
    text = f"A shuffled teacher costs {mean:.2f} PGR [{low:.2f}, {high:.2f}]: too uncertain to name a track."
    if same.equivalent:
        track, text = (
            "teacher-free",
            f"It does as well with a shuffled teacher ({mean:+.2f} PGR): teacher-free.",
        )
    elif low > 0:
        track, text = (
            "weak-to-strong",
            f"A shuffled teacher costs {mean:.2f} PGR [{low:.2f}, {high:.2f}]: part of its gain is its supervisor's.",
        )
    finding = Finding(
        NAME,
        "no power" if track == "undecided" else "clean",
        text,
        statistic=mean,
        low=low,
        high=high,
        threshold=rules.SHUFFLE_MARGIN,
        n=len(shared),
        cost=len(shared),
    )
    return finding, track


AUDIT = Audit(NAME, teacher_shuffle, needs=(Need("sealed", "shuffle", rules.SHUFFLE_RUNS),))
