"""Measures the methods of Burns et al. and of EleutherAI on mini-chat, for the signs that they reported.

    python benchmarks/signs.py                           # five seeds a world; about twenty core-minutes; resumes
    python benchmarks/testbed_pages.py mini-chat         # writes them to docs/prediction.md

Floor, ceiling and vanilla of these seeds are those of benchmarks/results/testbeds/mini-chat.jsonl.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from w2s.measurements import ArmResult, collect, read_lines
from w2s.measurements.signs import METHODS

RESULTS = Path(__file__).parent / "results" / "testbeds"
SIGNS = RESULTS / "signs" / "mini-chat.jsonl"
COMPARED_WITH = ("floor", "ceiling", "vanilla")


def progress(done: int, total: int, line: ArmResult | None) -> None:
    if line is not None:
        print(
            f"{done}/{total}  {line.split} {line.world} seed {line.seed}: {line.arm} {line.accuracy:.3f}",
            flush=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=9000, help="first seed [9000]")
    parser.add_argument("--seeds", type=int, default=5, help="seeds of each world [5]")
    parser.add_argument("--jobs", type=int, help="processes [all cores]")
    options = parser.parse_args()
    if options.seeds < 2 or options.first < 0:
        parser.error("give two seeds or more, from 0 on")
    seeds = range(options.first, options.first + options.seeds)
    if not SIGNS.exists():
        SIGNS.parent.mkdir(parents=True, exist_ok=True)
        known = [
            line
            for line in read_lines(RESULTS / "mini-chat.jsonl")
            if line.arm in COMPARED_WITH and line.seed in seeds
        ]
        SIGNS.write_text("".join(json.dumps(asdict(line)) + "\n" for line in known), encoding="utf-8")
    collect(
        "mini-chat",
        SIGNS,
        seeds=seeds,
        chosen=("vanilla", *METHODS),
        only=(*COMPARED_WITH, *METHODS),
        jobs=options.jobs,
        progress=progress,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
