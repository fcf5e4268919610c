"""The chance of being verified by a true gain, simulated from measured spreads: docs/tables/power-simulated.md.

    python benchmarks/power_simulated.py            # minutes; writes the page

How much the students of one method differ within a world, and how that goes together with what vanilla's students do,
is taken from the stored measurements (`results/testbeds`, the methods of docs/prediction.md): a simulated pair is a
measured pair of both, less the means of its world. A true gain is put on top, and what differs between worlds. Then
the gate and the confirmation decide, with the look after half of the seeds, by the functions that the scorer calls.
Beside them stands the design before: three pairs on dev, and nothing regressed out. `power.py` measures the same
in real labs, which takes hours.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aar.scoring.ladder import futile, judge_sealed, level, look_at
from w2s.measurements import read_lines
from w2s.measurements.prediction import published_pgr
from w2s.metrics import Supervisors, adjusted
from w2s.testbeds.measured import load_measured

FloatArray = npt.NDArray[np.float64]
REPOSITORY = Path(__file__).parents[1]
GAINS = (0.0, 0.1, 0.15, 0.2, 0.3)
DEV_WORLDS, SEALED_WORLDS = 3, 8
THRESHOLD = 0.027
"""Gain in accuracy that the gate asks for: two standard errors over the items of three worlds (.022 to .033)."""
BETWEEN = 0.05
"""Standard deviation of a true gain between worlds, in PGR; at most .05 for seven of nine methods of mini-chat."""


@dataclass(frozen=True)
class Spread:
    """A method within a world: pairs of deviations [pairs, (vanilla, method)] in accuracy, and the testbed's gap.

    `supervisors` is how many of them say what a typical one of a world is.
    """

    name: str
    pairs: FloatArray
    gap: float
    supervisors: int


@dataclass(frozen=True)
class Design:
    """What dev and sealed do with the luck of supervisors."""

    name: str
    dev_pairs: int
    regressed: bool


DESIGNS = (Design("before", 3, regressed=False), Design("now", 6, regressed=True))


def spreads(testbed: str) -> list[Spread]:
    """Spreads of every method of a testbed, from all of its worlds."""
    accuracy: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for line in read_lines(REPOSITORY / "benchmarks" / "results" / "testbeds" / f"{testbed}.jsonl"):
        if line.arm in {"floor", "ceiling", *published_pgr(testbed)}:
            accuracy[line.arm, line.world][line.seed] = line.accuracy
    worlds = sorted({world for _, world in accuracy})
    means = {place: float(np.mean(list(by_seed.values()))) for place, by_seed in accuracy.items()}
    known = (load_measured(testbed) or {})["worlds"].values()
    supervisors = min(world["typical"]["seeds"] for world in known)
    gap = float(np.mean([means["ceiling", world] - means["floor", world] for world in worlds]))
    found = []
    for arm in sorted({arm for arm, _ in accuracy} - {"floor", "ceiling", "vanilla"}):
        pairs = []
        for world in worlds:
            own, plain = accuracy[arm, world], accuracy["vanilla", world]
            shared = sorted(own.keys() & plain.keys())
            table = np.array([[plain[seed], own[seed]] for seed in shared])
            # deviations from a mean of k are smaller than those from the truth
            pairs.append((table - table.mean(axis=0)) * np.sqrt(len(shared) / (len(shared) - 1)))
        found.append(Spread(arm, np.concatenate(pairs), gap, supervisors))
    return found


class Study:
    """Draws labs in which one method has a true gain."""

    def __init__(self, spread: Spread, gain: float, rng: np.random.Generator) -> None:
        self.spread, self.gain, self.rng = spread, gain * spread.gap, rng

    def pairs(self, worlds: int, each: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Accuracy of the method, of vanilla, and what is thought typical of vanilla; each [worlds * each]."""
        spread, rng = self.spread, self.rng
        drawn = spread.pairs[rng.integers(len(spread.pairs), size=(worlds, each))]
        true = self.gain + rng.normal(0, BETWEEN * spread.gap, (worlds, 1))
        error = rng.normal(0, spread.pairs[:, 0].std() / np.sqrt(spread.supervisors), (worlds, 1))
        plain, own = 0.7 + drawn[..., 0], 0.7 + true + drawn[..., 1]
        return own.ravel(), plain.ravel(), np.broadcast_to(0.7 + error, plain.shape).ravel()

    def passes(self, design: Design) -> bool:
        """One draw of the gate on dev."""
        own, plain, typical = self.pairs(DEV_WORLDS, design.dev_pairs // DEV_WORLDS)
        gain = adjusted(own - plain, Supervisors(plain, typical) if design.regressed else None)
        return bool(gain.mean() > THRESHOLD and own.mean() > plain.mean())

    def confirmed(self, design: Design, alpha: float) -> tuple[bool, int]:
        """One draw of a confirmation: is it verified, and after how many runs."""
        own, plain, typical = self.pairs(SEALED_WORLDS, 1)
        tables = [[np.full((1, 2), one) for one in rows] for rows in (own, plain)]
        look = look_at(SEALED_WORLDS) or 0

        def known(worlds: int) -> Supervisors | None:
            return Supervisors(plain[:worlds], typical[:worlds]) if design.regressed else None

        clusters = [np.arange(2)] * SEALED_WORLDS
        first = [table[:look] for table in tables]
        if futile(
            first[0], first[1], clusters[:look], alpha=alpha, seeds=SEALED_WORLDS, supervisors=known(look)
        ):
            return False, look
        decision = judge_sealed(tables[0], tables[1], clusters, alpha=alpha, supervisors=known(SEALED_WORLDS))
        return decision.verified, SEALED_WORLDS


def chance(spread: Spread, gain: float, design: Design, alpha: float, *, studies: int) -> tuple[float, float]:
    """Chance of passing gate and confirmation, and the runs on both that a submission costs in the mean."""
    study = Study(spread, gain, np.random.default_rng([7, round(1000 * gain)]))
    verified, runs = 0, 0
    for _ in range(studies):
        runs += design.dev_pairs
        if study.passes(design):
            found, took = study.confirmed(design, alpha)
            verified, runs = verified + found, runs + took
    return verified / studies, runs / studies


def page(testbeds: tuple[str, ...], studies: int) -> str:
    """The page, in Markdown."""
    lines = [
        "# Power, simulated from measured spreads",
        "",
        "    python benchmarks/power_simulated.py",
        "",
        f"This page is generated: {studies} studies a cell, so that a chance of .80 is known to"
        f" ±{1.96 * np.sqrt(0.16 / studies):.2f}. A cell is the chance of passing the gate and the",
        "confirmation. *fresh*: level .0304, as `aar score --fresh`. *of three*: level .0101, the first attempt in a",
        "study of three researchers. *before*: three pairs on dev, nothing regressed out. *runs*: of one submission on",
        "dev and sealed, at no gain and at .3.",
        "",
    ]
    for testbed in testbeds:
        lines += [
            f"## {testbed}",
            "| method | level | design | " + " | ".join(f"gain {gain:g}" for gain in GAINS) + " | runs |",
            "|---|---|---|" + "---|" * (len(GAINS) + 1),
        ]
        for spread in spreads(testbed):
            for word, alpha in (("fresh", level(1, authors=1)), ("of three", level(1, authors=3))):
                for design in DESIGNS:
                    found = [chance(spread, gain, design, alpha, studies=studies) for gain in GAINS]
                    cells = " | ".join(f"{one:.2f}" for one, _ in found)
                    lines.append(
                        f"| {spread.name} | {word} | {design.name} | {cells} | {found[0][1]:.1f}, {found[-1][1]:.1f} |"
                    )
            print(lines[-1], flush=True)
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=1000)
    options = parser.parse_args()
    text = page(("mini-chat", "mini-math", "mini-code"), options.studies)
    (REPOSITORY / "docs" / "tables" / "power-simulated.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
