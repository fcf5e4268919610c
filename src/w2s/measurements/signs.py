"""Signs that others reported for their methods on real models, against the gain over vanilla measured here.

Only the sign can be compared: models, data and metrics differ. A report says that a method helped, or that it brought
no consistent gain; the method of the library is the one that the report names, with the defaults of its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from w2s.measurements.redrawn import DRAWS, interval, pgr_redrawn

if TYPE_CHECKING:
    from w2s.measurements.collect import ArmResult


class Reported(StrEnum):
    """What a report says of a method, against vanilla."""

    HELPS = "helps"
    NO_GAIN = "no consistent gain"


class Agreement(StrEnum):
    """Whether the measured gain says the same; `OPEN` where its interval does not tell."""

    SAME = "same"
    OPEN = "open"
    OPPOSITE = "opposite"


@dataclass(frozen=True)
class Report:
    """What was reported of one method, and where."""

    method: str
    reported: Reported
    source: str


BURNS = "Burns et al. 2023, arXiv 2312.09390"
ELEUTHER = "EleutherAI 2024, blog.eleuther.ai/weak-to-strong"
REPORTS = (
    Report("logconf", Reported.HELPS, f"{BURNS}: language tasks; {ELEUTHER}: the one loss that may help"),
    Report("early_stopping", Reported.HELPS, f"{BURNS}: stopped on the truth"),
    Report("bootstrap", Reported.HELPS, f"{BURNS}: chess, with students of growing size"),
    Report("confidence_window", Reported.NO_GAIN, ELEUTHER),
    Report("neighbour_relabelling", Reported.NO_GAIN, ELEUTHER),
)
NEGLIGIBLE = 0.1
"""PGR; an interval below it says that a method brought no gain that matters."""
METHODS = tuple(report.method for report in REPORTS)


@dataclass(frozen=True)
class SignCheck:
    """Gain of one method over vanilla in one split [PGR], mean over its worlds, with its 95 % interval."""

    report: Report
    gain: float
    low: float
    high: float
    agreement: Agreement


@dataclass(frozen=True)
class Signs:
    """All reports against one split of a testbed, with the number of its worlds and of seeds of each."""

    split: str
    worlds: int
    seeds: int
    over_worlds: bool
    checks: tuple[SignCheck, ...]


def signs(results: Sequence[ArmResult], *, draws: int = DRAWS) -> tuple[Signs, ...]:
    """Reported signs against measured gains, for each split of `results`.

    Raises `NotMeasured` where fewer than two seeds of a world have floor, ceiling, vanilla and all methods.
    """
    splits = dict.fromkeys(result.split for result in results)
    return tuple(
        _of_split([result for result in results if result.split == split], draws) for split in splits
    )


def _of_split(results: Sequence[ArmResult], draws: int) -> Signs:
    found = pgr_redrawn(results, ("vanilla", *METHODS), draws)
    gains, redrawn = found.pgr[1:] - found.pgr[0], found.redrawn[1:] - found.redrawn[0]
    return Signs(
        split=results[0].split,
        worlds=len(found.worlds),
        seeds=found.seeds,
        over_worlds=found.over_worlds,
        checks=tuple(
            _check(report, float(gains[i]), *interval(redrawn[i])) for i, report in enumerate(REPORTS)
        ),
    )


def _check(report: Report, gain: float, low: float, high: float) -> SignCheck:
    if report.reported is Reported.HELPS:
        agreement = Agreement.SAME if low > 0 else Agreement.OPPOSITE if high < 0 else Agreement.OPEN
    else:
        agreement = Agreement.OPPOSITE if low > 0 else Agreement.SAME if high < NEGLIGIBLE else Agreement.OPEN
    return SignCheck(report, gain, low, high, agreement)
