"""What decoders recover that were fitted at home, with the truth, on the published checkpoints of the mini testbeds.

    OMP_NUM_THREADS=1 python benchmarks/decoder.py [--testbeds mini-chat mini-math mini-code] [--home 3] [--labs 3]
        [--out docs/tables/decoder.md]

The attacker knows the package: the sealed world's checkpoints, and as many of its items as he likes with their truth,
under seeds of his own. A lab is the sealed split under a secret seed; accuracy is that on its 1000 test items, the
mean over the labs, with the lowest and the highest. PGR is (accuracy - floor) / (ceiling - floor) by the testbed's
published measurement of that world. The roads are explained in `tests/cheats/offline_decoder.py` and
`tests/cheats/offline_scalars.py`; "without" is the model's own basis and directions that mean the same everywhere.
Takes about four minutes a testbed on one core. Last, what the basis costs: seconds of its draw and product against
those of the states, in this one run.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "cheats"))

import offline_decoder  # noqa: E402
import offline_scalars  # noqa: E402
from offline_decoder import Seen  # noqa: E402
from offline_scalars import Own  # noqa: E402

from w2s import testbeds  # noqa: E402
from w2s.bench.basis import Bases  # noqa: E402
from w2s.models import Prompting, TextStudent, load_model  # noqa: E402
from w2s.testbeds import Testbed  # noqa: E402
from w2s.testbeds.measured import load_measured  # noqa: E402

QUESTIONS = (1, 2, 4, 8, 16)
DIRECTIONS = (0, 16, 64)
BASES = 100
"""Bases in which a direction is used as it is, in each lab: the mean over them is told."""
MOVED_ITEMS = 400
"""Items of each pool that are asked about under every direction."""


@dataclass(frozen=True)
class Row:
    """Accuracy of one road in each lab, without the prevention and with it; None where it has none."""

    road: str
    without: tuple[float, ...] | None
    with_it: tuple[float, ...] | None


def lab_seed(k: int) -> bytes:
    """Item seed of a lab, which no home has."""
    return b"a lab's secret %d" % k


def states(testbed: Testbed, *, home: int, labs: int) -> list[Row]:
    """Roads through hidden states of the last layer."""
    layer = load_model(testbed.worlds["south"].strong).layers
    ours = offline_decoder.at_home(testbed, seeds=range(1, home + 1), layer=layer)
    with offline_decoder.unrotated():
        plain = [offline_decoder.seen_of(testbed, lab_seed(k), layer=layer)[0] for k in range(labs)]
        north = [
            offline_decoder.seen_of(testbed, bytes([k] * 16), layer=layer, world="north")[0]
            for k in range(1, home + 1)
        ]
    turned = [offline_decoder.seen_of(testbed, lab_seed(k), layer=layer)[0] for k in range(labs)]
    rows = _compared(ours, plain, turned, "")
    return rows + [
        row for row in _compared(north, plain, turned, ", home in another world") if kept(row.road)
    ]


def kept(road: str) -> bool:
    """Roads for which it is asked what they recover where the lab's world is not at home."""
    return road.split(",")[0] in ("fixed", "principal", "moments", "scalars")


def _compared(home: Sequence[Seen], plain: Sequence[Seen], turned: Sequence[Seen], where: str) -> list[Row]:
    without = [offline_decoder.accuracies(home, lab) for lab in plain]
    with_it = [offline_decoder.accuracies(home, lab) for lab in turned]
    brought = offline_decoder.decoder(home)
    for lab, found in zip(plain, with_it, strict=True):
        found["fixed"] = float(offline_decoder.in_drawn_bases(brought, lab, draws=BASES).mean())
    return [
        Row(road + where, tuple(one[road] for one in without), tuple(one[road] for one in with_it))
        for road in without[0]
    ]


def words(testbed: Testbed, *, home: int, labs: int) -> list[Row]:
    """Log-odds of chosen pairs of words, by the number of questions, which no basis changes."""
    seeds = [seed.to_bytes(16, "big") for seed in range(1, home + 1)]
    ours = [Own.of(testbed, seed) for seed in seeds]
    north = [Own.of(testbed, seed, split="dev") for seed in seeds]
    own = sorted({*testbed.labels, *testbed.zero_shot_labels})
    rows = []
    for title, homes, allowed, where in (
        ("any words", ours, None, ""),
        ("the testbed's words", ours, own, ""),
        ("any words", north, None, ", home in another world"),
        ("the testbed's words", north, own, ", home in another world"),
    ):
        asked = [Own.of(testbed, lab_seed(k)) for k in range(labs)]  # new benches: each may ask 16 questions
        found = offline_scalars.by_words(homes, asked, counts=QUESTIONS, allowed=allowed)
        rows += [Row(f"log-odds of {title}, {k} questions{where}", None, tuple(found[k])) for k in found]
    return rows


def directions(testbed: Testbed) -> list[Row]:
    """Log-odds under moves along seeded directions: one lab, fewer items."""

    def found() -> dict[int, float]:
        own = Own.of(testbed, (1).to_bytes(16, "big"), n=MOVED_ITEMS)
        lab = Own.of(testbed, lab_seed(0), n=MOVED_ITEMS)
        return offline_scalars.by_directions(own, lab, counts=DIRECTIONS)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("w2s.bench.local.in_run", lambda _, named: dict(named))
        without = found()
    with_it = found()
    return [Row(f"log-odds under {k} seeded moves", (without[k],), (with_it[k],)) for k in DIRECTIONS]


def cost(testbed: Testbed) -> str:
    """Seconds of a basis against those of the states that are shown in it."""
    splits, _ = testbeds.generate(testbed, item_seed=lab_seed(0))
    examples = splits["sealed"][0].test
    student = TextStudent(
        load_model(testbed.worlds["south"].strong), Prompting.of(testbed), testbed.recipe, seed=0
    )
    began = time.perf_counter()
    plain = student.hidden_states(examples, np.zeros(len(examples), dtype=np.bool_), student.base.layers)
    computed = time.perf_counter() - began
    began = time.perf_counter()
    basis = Bases(b"salt").of("strong", 1, width=plain.shape[1])
    drawn = time.perf_counter() - began
    began = time.perf_counter()
    basis.shown(plain)
    turned = time.perf_counter() - began
    return (
        f"{testbed.name}: states [{len(plain)}, {plain.shape[1]}] take {computed:.2f} s; the basis is drawn in "
        f"{1000 * drawn:.1f} ms once a run and layer, the product takes {1000 * turned:.1f} ms: "
        f"{(drawn + turned) / computed:.2%} together"
    )


def widths(sizes: Sequence[int] = (1024, 2560, 4096)) -> str:
    """Seconds of a draw for wide models."""
    told = []
    for width in sizes:
        began = time.perf_counter()
        Bases(b"salt").of("strong", 1, width=width)
        told.append(f"{width}: {time.perf_counter() - began:.1f} s")
    return "A basis is drawn, by width, in " + ", ".join(told)


def figures(testbed: Testbed) -> tuple[float, float]:
    """Floor and ceiling of the sealed world, as published with the testbed."""
    measured = load_measured(testbed.name)
    assert measured is not None
    world: Mapping[str, Mapping[str, float]] = measured["worlds"]["south"]
    return world["floor"]["mean"], world["ceiling"]["mean"]


def table(rows: Sequence[Row], *, floor: float, ceiling: float) -> str:
    """Rows as Markdown: accuracy (lowest to highest), PGR."""

    def cell(values: tuple[float, ...] | None) -> str:
        if values is None:
            return "–"
        mean = float(np.mean(values))
        within = f" ({min(values):.3f} to {max(values):.3f})" if len(values) > 1 else ""
        return f"{mean:.3f}{within}, {(mean - floor) / (ceiling - floor):+.2f}"

    head = "| road | without: accuracy, PGR | with it: accuracy, PGR |\n|---|---|---|\n"
    return head + "".join(f"| {row.road} | {cell(row.without)} | {cell(row.with_it)} |\n" for row in rows)


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> None:
    """Measure and print, or write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--testbeds", nargs="+", default=["mini-chat", "mini-math", "mini-code"])
    parser.add_argument("--home", type=int, default=3, help="item seeds at home")
    parser.add_argument("--labs", type=int, default=3, help="labs, each with a secret item seed")
    parser.add_argument("--out", type=Path, help="write the page here, as it grows")
    asked = parser.parse_args(arguments)
    parts = [f"# What a decoder that was fitted at home recovers\n\n    {COMMAND}\n\n{INTRODUCTION}\n"]
    for name in asked.testbeds:
        testbed = testbeds.load(name)
        floor, ceiling = figures(testbed)
        size = {"home": asked.home, "labs": asked.labs}
        rows = [*states(testbed, **size), *words(testbed, **size), *directions(testbed)]
        parts.append(
            f"## {name}: floor {floor:.3f}, ceiling {ceiling:.3f}\n{table(rows, floor=floor, ceiling=ceiling)}"
        )
        parts.append(cost(testbed) + ".\n")
        say("\n".join(parts[-2:]))
        if asked.out is not None:
            asked.out.write_text("\n".join(parts), encoding="utf-8")
    parts.append(widths() + " (one core).\n")
    say(parts[-1])
    if asked.out is not None:
        asked.out.write_text("\n".join(parts), encoding="utf-8")


COMMAND = "OMP_NUM_THREADS=1 python benchmarks/decoder.py --out docs/tables/decoder.md"
INTRODUCTION = """Written by that command. Accuracy on the 1000 sealed test items of a lab whose item seed the attacker
does not have (mean, lowest to highest over the labs), in its first world, which the attacker is told; then PGR by the
published floor and ceiling of that world.
"Without" is the model's own basis, and seeds that name the same direction in every run. Rows "home in another world"
are fitted on the other shipped world: what is left where a lab's world is private. Seeded moves are asked in one lab,
on 400 items of each pool. "fixed" with it is the mean over 100 bases a lab.
What each road is stands in `tests/cheats/offline_decoder.py` and `tests/cheats/offline_scalars.py`."""

if __name__ == "__main__":
    main()
