"""Figures of a verdict, a floor, a ceiling or a baseline, for people: each with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from aar.errors import WrongFormat
from w2s.records import Estimate


@dataclass(frozen=True)
class Figures:
    """Figures of one scoring; None is "not measured", never zero.

    `pgr` is over floor and ceiling of the same split; `gain` is the paired difference to `champion` in
    PGR, `accuracy_gain` the same in accuracy; `alpha` the level this attempt (the `attempt`-th at the
    record) was tested at; `id_pgr` and `ood_pgr` are the parts of a sealed split that has both;
    `sealed_seeds` is how many seeds a dev verdict asks for in the confirmation; `track` and `audits` (findings as
    JSON objects) say what a confirmed method depends on. `score` is what the author was told besides the word (None
    under the Ladder), `bits` what the reply can have told about the labels (`aar.ledger.leaking`), `same_as` the
    earlier submission whose reply it repeats. `over` is the paired gain in accuracy on sealed, at 95 %, over each
    submission that had been verified before: whose interval holds 0 is a tie. `looked_after` is after how many seeds
    a confirmation was ended that had no chance any more. `note` is for people to read, and for nothing else.
    """

    seeds: int
    n: int
    accuracy: Estimate | None = None
    floor: float | None = None
    ceiling: float | None = None
    pgr: Estimate | None = None
    id_pgr: Estimate | None = None
    ood_pgr: Estimate | None = None
    champion: str | None = None
    gain: Estimate | None = None
    accuracy_gain: Estimate | None = None
    alpha: float | None = None
    attempt: int | None = None
    sealed_seeds: int | None = None
    track: str | None = None
    audits: tuple[Mapping[str, Any], ...] = ()
    score: float | None = None
    bits: float | None = None
    same_as: str | None = None
    over: Mapping[str, Estimate] = field(default_factory=dict)
    looked_after: int | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """A JSON object that holds what was measured.

        >>> Figures(seeds=5, n=1000, floor=0.62).to_json()
        {'seeds': 5, 'n': 1000, 'floor': 0.62}
        """
        return {name: value for name, value in asdict(self).items() if value not in (None, "", (), {})}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Figures:
        """The inverse of `to_json`; names that this version does not know are left out, `WrongFormat` if some lack.

        >>> Figures.from_json({"seeds": 5, "n": 1000, "floor": 0.62}).floor
        0.62
        """
        known = {entry.name for entry in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        for name in ("accuracy", "pgr", "id_pgr", "ood_pgr", "gain", "accuracy_gain"):
            if values.get(name) is not None:
                values[name] = Estimate(**values[name])
        over = {id: Estimate(**gain) for id, gain in values.get("over", {}).items()}
        try:
            return cls(**{**values, "audits": tuple(values.get("audits", ())), "over": over})
        except TypeError as error:
            raise WrongFormat(
                f"figures of a verdict or a reference are not whole ({error}); the database was changed by hand"
            ) from error
