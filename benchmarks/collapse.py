"""How often does a training on the truth collapse? Supervisors over all worlds of the mini testbeds.

    python benchmarks/collapse.py --supervisors 1000                 # resumes; writes docs/tables/collapse.md
    python benchmarks/collapse.py --supervisors 100 --testbed mini-math
    python benchmarks/collapse.py --write                            # only the page, from what is there

Supervisor i has items, world and seed of its own: worlds take turns, and each draw of items serves one round of
worlds. Each is looked at by the rule that the lab uses (`w2s.weak_labels.collapse`). One line of JSON each goes to
`benchmarks/results/collapse.jsonl`; a line counts as long as models, recipe and training code are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from w2s import testbeds
from w2s.measurements import weights
from w2s.measurements.collect import item_seed
from w2s.models import BaseModel, Prompting, load_model
from w2s.records import Split
from w2s.testbeds import Testbed
from w2s.weak_labels import soft_labels
from w2s.weak_labels.collapse import collapse_of
from w2s.weak_labels.training_code import code_version

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results" / "collapse.jsonl"
PAGE = REPOSITORY / "docs" / "tables" / "collapse.md"
TESTBEDS = ("mini-chat", "mini-math", "mini-code")
FIRST = 20_000
"""First public seed of items here: no setting was chosen on them."""


def version(testbed: Testbed) -> str:
    """Eight digits that differ where models, recipe or training code do."""
    what = [weights(testbed), repr(testbed.weak_recipe), testbed.template, code_version()]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:8]


@lru_cache(maxsize=1)
def parts(name: str, draw: int) -> tuple[tuple[Split, ...], dict[str, int]]:
    """The parts of dev and sealed for one draw of items, and the truth."""
    made, truth = testbeds.generate(testbeds.load(name), item_seed=item_seed(FIRST + draw))
    return (*made["dev"], *made["sealed"]), truth


@lru_cache(maxsize=16)
def weak(testbed: str, world: str) -> BaseModel:
    """The weak model of a world."""
    return load_model(testbeds.load(testbed).worlds[world].weak)


def trained(testbed: Testbed, i: int) -> dict[str, Any]:
    """Supervisor `i`: its world, how it collapsed (empty: not), and its accuracy on the test."""
    count = len(parts(testbed.name, 0)[0])
    everything, truth = parts(testbed.name, i // count)
    part = everything[i % count]
    n, m = len(part.labelled), len(part.unlabelled)
    said = soft_labels(
        weak(testbed.name, part.world),
        Prompting.of(testbed),
        testbed.weak_recipe,
        labelled=part.labelled,
        truth=truth,
        asked=(*part.labelled, *part.unlabelled, *part.test),
        seed=FIRST + i,
    )
    labels, right = (np.array([truth[one.id] for one in some], float) for some in (part.labelled, part.test))
    reason = collapse_of(said[:n], labels, said[n : n + m])
    accuracy = float(((said[n + m :] > 0.5) == (right > 0.5)).mean())
    return {"world": part.world, "collapsed": str(reason or ""), "accuracy": round(accuracy, 4)}


def interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    >>> [round(end, 4) for end in interval(0, 1000)]
    [0.0, 0.0038]
    """
    z, p = 1.96, hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def page(rows: list[dict[str, Any]]) -> str:
    """The page, in Markdown."""
    lines = [
        "# Supervisors that collapse",
        "",
        "    python benchmarks/collapse.py --supervisors 1000      # trains what is missing, and writes this page",
        "",
        "This page is generated. Supervisors over all worlds and draws of items; those that collapsed are drawn again",
        "by the lab ([decision 25](../decisions/0025-the-world-is-the-unit.md)). Intervals: Wilson, 95 %.",
        "",
        "| testbed | supervisors | collapsed | share | how | accuracy: mean, sd, lowest |",
        "|---|---|---|---|---|---|",
    ]
    for name in TESTBEDS:
        now = version(testbeds.load(name))
        mine = [row for row in rows if row["testbed"] == name and row["version"] == now]
        if not mine:
            lines.append(f"| {name} | – | – | – | – | – |")
            continue
        how = Counter(row["collapsed"] for row in mine if row["collapsed"])
        low, high = interval(how.total(), len(mine))
        accuracy = np.array([row["accuracy"] for row in mine])
        lines.append(
            f"| {name} | {len(mine)} | {how.total()} | {how.total() / len(mine):.4f} [{low:.4f}, {high:.4f}] | "
            f"{', '.join(f'{words} {times}' for words, times in sorted(how.items())) or '–'} | "
            f"{accuracy.mean():.3f}, {accuracy.std(ddof=1):.3f}, {accuracy.min():.3f} |"
        )
    return "\n".join([*lines, ""])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--supervisors", type=int, default=1000, help="how many of each testbed")
    parser.add_argument("--testbed", choices=TESTBEDS, action="append", help="repeatable")
    parser.add_argument("--write", action="store_true", help="measure nothing")
    options = parser.parse_args()
    rows = [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []
    for name in [] if options.write else options.testbed or TESTBEDS:
        testbed = testbeds.load(name)
        now = version(testbed)
        there = {row["i"] for row in rows if row["testbed"] == name and row["version"] == now}
        for i in (i for i in range(options.supervisors) if i not in there):
            row = {"testbed": name, "version": now, "i": i, **trained(testbed, i)}
            rows.append(row)
            with RESULTS.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            if row["collapsed"] or i % 50 == 0:
                sys.stderr.write(f"{name} {i}: {row['collapsed'] or 'not collapsed'}, {row['accuracy']}\n")
    PAGE.write_text(page(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing is lost, the same command goes on where it stopped")
