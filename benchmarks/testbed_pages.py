"""Writes every page that shows measured figures of the mini testbeds from the stored results, and what ships of them.

    aar testbed measure mini-math --first 9006 --seeds 10 --out benchmarks/results/testbeds/mini-math.jsonl   # resumes
    python benchmarks/testbed_pages.py [mini-math ...]                                                        # seconds

Written are `measured.json` of the testbed, its tables in docs/tables/testbeds.md, and what docs/prediction.md shows of
it, with the plots. Nothing is measured here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from aar.cli.testbed_predict import as_text
from aar.reports.prediction_figure import prediction_figure
from w2s.measurements import ArmResult, predict, read_lines, signs, summarise, weights
from w2s.measurements.markdown import table
from w2s.measurements.prediction import STUDIED_AS, published_pgr
from w2s.measurements.signs import Signs
from w2s.testbeds import load

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results" / "testbeds"
DOCS = REPOSITORY / "docs"
PLOTS = {"dev": "{}.svg", "sealed": "{}-sealed.svg"}


def stored(testbed: str) -> list[ArmResult]:
    """The stored results of a testbed."""
    return read_lines(RESULTS / f"{testbed}.jsonl")


def compared(testbed: str) -> list[ArmResult]:
    """Those of the published methods, of floors and of ceilings."""
    arms = {"floor", "ceiling", *published_pgr(testbed)}
    return [line for line in stored(testbed) if line.arm in arms]


def put(page: Path, name: str, text: str) -> None:
    """Write `text` between the two marks of `name` on a page; `ValueError` where it has none."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, mark, rest = page.read_text(encoding="utf-8").partition(begin)
    _, end_mark, after = rest.partition(end)
    if not mark or not end_mark:
        raise ValueError(f"{page} has no {begin} ... {end}")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def publish(testbed: str) -> None:
    """Write all that shows the results of one testbed."""
    figures = {**summarise(stored(testbed)), "weights": weights(load(testbed))}
    ships = REPOSITORY / "src" / "w2s" / "testbeds" / "data" / testbed / "measured.json"
    ships.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    put(DOCS / "tables" / "testbeds.md", f"measured: {testbed}", table(figures))
    for prediction in predict(testbed, compared(testbed)):
        name = f"prediction: {testbed} {prediction.split}"
        put(DOCS / "prediction.md", name, f"```\n{as_text(prediction)}\n```")
        plot = DOCS / "prediction" / PLOTS[prediction.split].format(testbed)
        plot.write_text(prediction_figure(prediction), encoding="utf-8")
    others = RESULTS / "signs" / f"{testbed}.jsonl"
    if others.exists():
        put(DOCS / "prediction.md", f"signs: {testbed}", signs_table(signs(read_lines(others))))


def signs_table(found: Sequence[Signs]) -> str:
    """Markdown table of reported signs and measured gains, a column a split."""
    heads = [f"{part.split}, {part.worlds} worlds, {part.seeds} seeds each" for part in found]
    rows = [f"| method | reported | {' | '.join(heads)} |", "|---|---|" + "---|" * len(heads)]
    for checks in zip(*(part.checks for part in found), strict=True):
        report = checks[0].report
        cells = [f"{c.gain:+.2f} [{c.low:+.2f}, {c.high:+.2f}], {c.agreement.value}" for c in checks]
        rows.append(f"| {report.method} | {report.reported.value} ({report.source}) | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("testbed", nargs="*", help="some of mini-chat, mini-code, mini-math [all three]")
    chosen = parser.parse_args().testbed or sorted(STUDIED_AS)
    for testbed in chosen:
        if testbed not in STUDIED_AS:
            parser.error(f"no published figures for {testbed!r}; known: {', '.join(sorted(STUDIED_AS))}")
    for testbed in chosen:
        publish(testbed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
