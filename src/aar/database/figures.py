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

    Attributes:
        seeds: Number of seeds.
        n: Number of test items.
        accuracy: Mean accuracy, with its interval.
        floor: Accuracy of the weak supervisor on the same split.
        ceiling: Accuracy of the strong model taught the truth, on the same split.
        pgr: Performance gap recovered, over floor and ceiling of the same split.
        id_pgr: PGR on the part in distribution, of a sealed split that has both parts.
        ood_pgr: PGR on the part out of distribution, of a sealed split that has both parts.
        champion: Submission that this one is compared with.
        gain: Paired difference to the champion, in PGR.
        accuracy_gain: Paired difference to the champion, in accuracy.
        alpha: Level at which this attempt was tested.
        attempt: Number of the attempt at the record.
        sealed_seeds: Number of seeds that a dev verdict asks for in the confirmation.
        track: Track of a confirmed method, by what it depends on.
        audits: Findings of the audits as JSON objects.
        score: Score that the author was given besides the word; None under the Ladder.
        bits: Information about the labels that the reply can reveal, in bits (`aar.ledger.leaking`).
        same_as: Earlier submission whose reply this one repeats.
        over: Paired gain in accuracy on sealed over each submission that had been verified before, at 95 %; an interval
            that holds 0 is a tie.
        looked_after: Number of seeds after which a confirmation without any chance left was ended.
        note: Note for people, and for nothing else.
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
