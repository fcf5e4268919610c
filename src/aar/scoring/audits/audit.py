"""An audit and what it needs: the one place where an audit says which runs have to be made for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aar.scoring.audits.case import Case, Pool
from aar.scoring.audits.finding import Finding
from aar.students.interventions import INTERVENTIONS
from w2s.errors import NotFound
from w2s.records import SplitName


def _any_items(pool: Pool) -> bool:
    return True


@dataclass(frozen=True)
class Need:
    """Runs under an intervention: the first `runs` seed pairs of a split, on testbeds whose items suit the audit.

    `where` is asked with the unlabelled items of the split. An intervention that is not in `INTERVENTIONS` is refused
    here, with the nearest: in a lab it would be found only at the first confirmation.

    >>> Need("sealed", "shufle", 2)
    Traceback (most recent call last):
    w2s.errors.NotFound: unknown intervention 'shufle'; did you mean shuffle?
    """

    split: SplitName
    intervention: str
    runs: int
    where: Callable[[Pool], bool] = _any_items

    def __post_init__(self) -> None:
        if self.intervention not in INTERVENTIONS:
            raise NotFound.among("intervention", self.intervention, INTERVENTIONS)


@dataclass(frozen=True)
class Audit:
    """A question about one submission: `judge` makes a finding out of all evidence of it.

    An audit with `needs` is asked about gains that were reproduced, once its runs are there; one without, always.
    """

    name: str
    judge: Callable[[Case], Finding]
    needs: Sequence[Need] = ()
