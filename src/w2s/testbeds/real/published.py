"""Published figures of the study's testbeds, each with its source: lines to look at, never measurements of ours.

They are a type of their own (`PublishedLine`), so that no function that takes an `Estimate` takes one. They
are not comparable to what is measured here: sealed items and a pool for them are carved out of the same files.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from w2s.metrics import Ratio, fieller

REFERENCES = ("floor", "ceiling")


@dataclass(frozen=True)
class PublishedLine:
    """One published figure. `accuracy` is the mean over `seeds`, `sd` the standard deviation between them.

    `pgr` is the mean accuracy's place between the published mean floor (0) and ceiling (1), None for those
    two; `pgr_low` and `pgr_high` are Fieller's 95 % interval over seeds alone, because correctness by item was not
    published: with the items' part it would be about twice as wide. A figure that a text states without seeds has
    `seeds` 0, no accuracy and no interval.
    """

    testbed: str
    name: str
    pgr: float | None
    accuracy: float | None
    sd: float | None
    seeds: int
    n: int
    source: str
    caveat: str = ""
    pgr_low: float | None = None
    pgr_high: float | None = None

    def __str__(self) -> str:
        interval = "" if self.pgr_low is None else f"[{self.pgr_low:.2f}, {self.pgr_high:.2f}] over seeds  "
        pgr = "" if self.pgr is None else f"PGR {self.pgr:.3f}  {interval}"
        measured = "" if self.accuracy is None else f"accuracy {self.accuracy:.4f} (sd {self.sd:.4f}, "
        seeds = f"{self.seeds} seeds, n={self.n})" if measured else "(stated, no seeds given)"
        return f"published  {self.name:<42} {pgr}{measured}{seeds}{'  ! see caveat' if self.caveat else ''}"


def lines(testbed: str) -> tuple[PublishedLine, ...]:
    """Published results of a testbed: floor and ceiling first, then methods; nothing for other testbeds.

    >>> for line in lines("qwen-chat")[:3]: print(line.name, line.pgr if line.pgr is None else round(line.pgr, 3))
    floor None
    ceiling None
    vanilla 0.204
    """
    body = _published()
    part = body["testbeds"].get(testbed)
    if part is None:
        return ()
    means = {name: statistics.fmean(seeds.values()) for name, seeds in part["accuracy"].items()}
    ratios = {
        name: _pgr(seeds, part["accuracy"])
        for name, seeds in part["accuracy"].items()
        if name not in REFERENCES
    }
    measured = tuple(
        PublishedLine(
            testbed=testbed,
            name=name,
            pgr=ratios[name].mean if name in ratios else None,
            accuracy=means[name],
            sd=statistics.stdev(seeds.values()),
            seeds=len(seeds),
            n=part["test_items"],
            source=body["source"],
            caveat=body["caveat"].get(name, ""),
            pgr_low=ratios[name].low if name in ratios else None,
            pgr_high=ratios[name].high if name in ratios else None,
        )
        for name, seeds in part["accuracy"].items()
    )
    stated = tuple(
        PublishedLine(testbed, name, pgr, None, None, 0, part["test_items"], body["text_source"])
        for name, pgr in part["stated_pgr"].items()
    )
    return measured + stated


def by_seed(testbed: str, name: str) -> Mapping[int, float]:
    """Published accuracy of "floor", "ceiling" or a method by the study's seed; KeyError if there is none."""
    return {int(seed): value for seed, value in _published()["testbeds"][testbed]["accuracy"][name].items()}


def _pgr(method: Mapping[str, float], accuracy: Mapping[str, Mapping[str, float]]) -> Ratio:
    """PGR and its Fieller interval from accuracies by seed; one seed is one supervisor of floor and method.

    The quantile is Student's t at the method's seeds less one.
    """
    from scipy.special import stdtrit  # a tenth of a second to import

    floor, ceiling = accuracy["floor"], accuracy["ceiling"]
    common = [seed for seed in method if seed in floor]
    shared = statistics.covariance([method[s] for s in common], [floor[s] for s in common])
    shared *= len(common) / (len(method) * len(floor))
    rows = (method.values(), floor.values(), ceiling.values())
    student, bottom, top = (statistics.fmean(row) for row in rows)
    of_method, of_floor, of_ceiling = (statistics.variance(row) / len(row) for row in rows)
    return fieller(
        student - bottom,
        top - bottom,
        var_numerator=of_method + of_floor - 2 * shared,
        var_denominator=of_ceiling + of_floor,
        covariance=of_floor - shared,
        t=float(stdtrit(len(method) - 1, 0.975)),
    )


@cache
def _published() -> dict[str, Any]:
    text = files("w2s.testbeds").joinpath("data", "published.json").read_text(encoding="utf-8")
    body: dict[str, Any] = json.loads(text)
    return body
