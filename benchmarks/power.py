"""The chance of being verified, by a method's true gain: how often does the chain find what is there?

    python benchmarks/power.py --labs 3                  # judge the library in labs that are not measured yet, write
    python benchmarks/power.py --labs 3 --testbed mini-math --method em_posterior --method probe
    python benchmarks/power.py --write                   # only write docs/tables/power.md from what is there

Each lab draws items of its own and judges the library and nulls as `aar score --fresh` does (`scoring_table.py`,
whose results it shares and goes on with). The true gain of a method in a lab is its mean gain on sealed, in PGR over
vanilla, in the *other* labs, so that what is verified by luck does not pass for a true gain. A logistic curve gives
the chance by gain; its interval is a bootstrap over labs and methods. It needs at least two labs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent))

from scoring_table_rows import REPOSITORY, Rows

TESTBEDS = ("mini-chat", "mini-math", "mini-code")
PARTS = ("methods", "nulls")
GAINS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)
DRAWS, STEPS, PENALTY = 1000, 30, 1e-3
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """One method in one lab: the mean of its gains elsewhere, and whether it was verified here."""

    name: str
    lab: int
    gain: float
    verified: bool


def trials(rows: Rows, testbed: str) -> list[Trial]:
    """Every method that was judged in this testbed's labs, with its gain in the others."""
    gains: dict[str, dict[int, float]] = defaultdict(dict)
    verified: dict[tuple[str, int], bool] = {}
    for part in PARTS:
        for row in rows.latest(part):
            sealed = row["sealed"]
            if row["testbed"] == testbed and sealed and sealed.get("gain"):
                gains[row["name"]][row["lab"]] = float(sealed["gain"]["mean"])
                verified[row["name"], row["lab"]] = row["status"] == "verified"
    found = []
    for name, by_lab in gains.items():
        for lab in by_lab:
            others = [gain for other, gain in by_lab.items() if other != lab]
            if others:
                found.append(Trial(name, lab, float(np.mean(others)), verified[name, lab]))
    return found


def curve(gains: FloatArray, verified: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Intercept and slope of a logistic regression by Newton's method, with a small penalty for separated data."""
    x = np.column_stack([np.ones_like(gains), gains * 10])
    b = np.zeros(2)
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ b, -30, 30)))
        slope = x.T @ (weights * (verified - p)) - PENALTY * b
        bend = (x * (weights * p * (1 - p))[:, None]).T @ x + PENALTY * np.eye(2)
        b = b + np.clip(np.linalg.solve(bend, slope), -2, 2)
    return float(b[0]), float(b[1] * 10)


def chances(found: Sequence[Trial], at: Sequence[float]) -> list[tuple[float, float, float]]:
    """Chance of being verified at each gain, with a 95 % interval from a bootstrap over labs and over methods."""
    gains = np.array([one.gain for one in found])
    verified = np.array([float(one.verified) for one in found])
    _, method = np.unique([one.name for one in found], return_inverse=True)
    _, lab = np.unique([one.lab for one in found], return_inverse=True)

    def fitted(weights: FloatArray) -> FloatArray:
        a, b = curve(gains, verified, weights)
        return np.asarray(1 / (1 + np.exp(-np.clip(a + b * np.array(at), -30, 30))))

    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(DRAWS):
        by_method = rng.multinomial(method.max() + 1, np.full(method.max() + 1, 1 / (method.max() + 1)))
        by_lab = rng.multinomial(lab.max() + 1, np.full(lab.max() + 1, 1 / (lab.max() + 1)))
        drawn.append(fitted((by_method[method] * by_lab[lab]).astype(np.float64)))
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    return list(zip(fitted(np.ones_like(gains)).tolist(), low.tolist(), high.tolist(), strict=True))


def page(rows: Rows) -> str:
    """The page, in Markdown."""
    lines = [
        "# Power: the chance of being verified",
        "",
        "    python benchmarks/power.py --labs 3      # judges what is missing, and writes this page",
        "",
        "This page is generated. *True gain*: PGR over vanilla on sealed, measured in the other labs. Curve: logistic",
        "regression; 95 % bootstrap intervals over labs and methods. [Scoring](../scoring.md) says what is tested.",
        "",
        "| testbed | labs | trials | " + " | ".join(f"gain {gain:g}" for gain in GAINS) + " |",
        "|---|---|---|" + "---|" * len(GAINS),
    ]
    lists = []
    for testbed in TESTBEDS:
        found = trials(rows, testbed)
        if not found:
            lines.append(f"| {testbed} | not measured in two labs |" + " |" * (len(GAINS) + 1))
            continue
        shown = [f"{p:.2f} [{low:.2f}, {high:.2f}]" for p, low, high in chances(found, GAINS)]
        labs = len({one.lab for one in found})
        lines.append(f"| {testbed} | {labs} | {len(found)} | " + " | ".join(shown) + " |")
        lists += ["", f"## {testbed}", "| method | true gain | verified in |", "|---|---|---|"]
        names: dict[str, list[Trial]] = defaultdict(list)
        for one in found:
            names[one.name].append(one)
        order = sorted(names, key=lambda name: -float(np.mean([one.gain for one in names[name]])))
        for name in order:
            own = names[name]
            mean = float(np.mean([one.gain for one in own]))
            lists.append(f"| {name} | {mean:+.2f} | {sum(one.verified for one in own)} of {len(own)} labs |")
    return "\n".join([*lines, *lists, ""])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--labs", type=int, default=3, help="labs (draws of items) of each testbed")
    parser.add_argument("--testbed", choices=TESTBEDS, action="append", help="repeatable")
    parser.add_argument("--method", action="append", help="this one of the library; repeatable")
    parser.add_argument("--nulls", type=int, default=8, help="null submissions in each lab")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin nothing new after so long")
    parser.add_argument("--in-flight", type=int, default=3, help="submissions at a time")
    parser.add_argument("--write", action="store_true", help="measure nothing")
    options = parser.parse_args()
    rows = Rows(REPOSITORY / "benchmarks" / "results" / "scoring_table.jsonl")
    if not options.write:
        from scoring_table_lab import honest, null, score_all

        until = time.monotonic() + 60 * options.minutes
        for lab in range(1, options.labs + 1):
            for testbed in options.testbed or TESTBEDS:
                wanted = honest(testbed, options.method, lab=lab) + null(testbed, options.nulls, lab=lab)
                score_all(rows, testbed, wanted, lab=lab, in_flight=options.in_flight, until=until)
    (REPOSITORY / "docs" / "tables" / "power.md").write_text(page(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing is lost, the same command goes on where it stopped")
