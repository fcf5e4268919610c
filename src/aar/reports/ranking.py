"""Ranks that differ only where a difference is known: submissions that cannot be told apart are ties.

The rank of a verified submission is one more than how many others are better: by a paired comparison on the same
sealed items and seeds whose 95 % interval leaves out 0, which the ledger keeps with the later verdict of the two.
Two that were never compared are a tie. Ties do not carry over: the first may tie with the second, and the second with
the third, while the first is better than the third.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aar.database import Transaction, verdicts
from aar.database.figures import Figures
from aar.database.submissions import Submission
from w2s.records import Estimate


@dataclass(frozen=True)
class Rank:
    """A place, from 1, and whom a submission cannot be told apart from."""

    place: int
    ties: tuple[str, ...]


@dataclass(frozen=True)
class Leader:
    """The best verified submission; `sealed` is None where a person declared it verified without a confirmation."""

    submission: Submission
    sealed: Figures | None


def leader(tx: Transaction, submitted: Sequence[Submission]) -> Leader | None:
    """The best of the verified among `submitted` (baselines are the caller's to leave out); None where none is."""
    sealed = {}
    for submission in submitted:
        if submission.status == "verified":
            verdict = verdicts.find(tx, submission.id, "sealed")
            sealed[submission.id] = verdict.figures if verdict is not None else None
    first = next(iter(best_first(sealed)), None)
    return next(
        (Leader(submission, sealed[submission.id]) for submission in submitted if submission.id == first),
        None,
    )


def best_first(sealed: Mapping[str, Figures | None]) -> dict[str, Rank]:
    """Verified submissions with their ranks, the best first: by rank, then by the mean of PGR on sealed.

    What has no PGR comes last.
    """
    ranks = ranked({id: figures.over if figures is not None else {} for id, figures in sealed.items()})

    def key(id: str) -> tuple[bool, int, float]:
        figures = sealed[id]
        pgr = figures.pgr if figures is not None else None
        return pgr is None, ranks[id].place, 0.0 if pgr is None else -pgr.mean

    return {id: ranks[id] for id in sorted(sealed, key=key)}


def ranked(over: Mapping[str, Mapping[str, Estimate]]) -> dict[str, Rank]:
    """The rank of each verified submission; `over` holds what each gained over others, by both ids.

    >>> gain = Estimate(mean=0.1, low=0.05, high=0.15, seeds=8, n=1000)
    >>> {id: rank.place for id, rank in ranked({"s1": {}, "s2": {"s1": gain}, "s3": {"s1": gain}}).items()}
    {'s1': 3, 's2': 1, 's3': 1}
    """
    ids = list(over)
    ranks = {}
    for submission in ids:
        others: Sequence[str] = [other for other in ids if other != submission]
        gains = {other: _gain(over, submission, other) for other in others}
        better = sum(gain < 0 for gain in gains.values())
        ranks[submission] = Rank(1 + better, tuple(other for other in others if gains[other] == 0))
    return ranks


def _gain(over: Mapping[str, Mapping[str, Estimate]], submission: str, other: str) -> int:
    """1 where `submission` is better than `other`, -1 where it is worse, 0 where nobody knows."""
    if other in over[submission]:
        gain = over[submission][other]
        return 1 if gain.low > 0 else -1 if gain.high < 0 else 0
    return -_gain(over, other, submission) if submission in over[other] else 0
