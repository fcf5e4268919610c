"""The tables of docs/tables/scoring.md: cheats, legitimate methods, false alarms; a command that resumes.

    python benchmarks/scoring_table.py                               # everything that is not measured yet, then write
    python benchmarks/scoring_table.py --part methods --testbed mini-math --method em_posterior --method zero_shot
    python benchmarks/scoring_table.py --part methods --labs 2       # the library once more on another draw of items
    python benchmarks/scoring_table.py --write          # only write docs/tables/scoring.md from what is there

`cheats` runs `tests/cheats/`, the slow tests too: each cheat with its prevention taken away, and with it; "as they
are" hands those that live off texts or votes in to a lab, as anybody would. `methods` sends methods of the library
through the production chain as `aar score --fresh` does: dev, sealed, every audit, in `--labs` labs of its own for
each testbed, each with items from a secret seed of its own. `nulls` sends there what is worth nothing: vanilla
again, random labels, answers that were drawn or are all the same. Each may be left at any moment: what is
decided is a line of `benchmarks/results/scoring_table.jsonl`, kept under the hash of the code, the testbed's models
and the version of what scores, and labs go on where they were. Where only what judges has changed, the runs that
there are are judged anew. Comments and docstrings change no hash.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from scoring_table_rows import REPOSITORY, Rows
from scoring_table_text import write

TESTBEDS = ("mini-chat", "mini-math", "mini-code")
PARTS = ("cheats", "as they are", "methods", "nulls")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=PARTS, action="append", help="leave the others out; repeatable")
    parser.add_argument("--testbed", choices=TESTBEDS, action="append", help="repeatable")
    parser.add_argument(
        "--method", action="append", help="this one of the library, or this variant; repeatable"
    )
    parser.add_argument("--nulls", type=int, default=24, help="null submissions for each testbed")
    parser.add_argument("--labs", type=int, default=1, help="labs (draws of items) for methods and nulls")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin nothing new after so long")
    parser.add_argument(
        "--in-flight", type=int, default=3, help="submissions at a time; 1 to measure seconds"
    )
    parser.add_argument("--write", action="store_true", help="measure nothing")
    options = parser.parse_args()
    rows = Rows(REPOSITORY / "benchmarks" / "results" / "scoring_table.jsonl")
    until = time.monotonic() + 60 * options.minutes
    if not options.write:
        _measure(rows, options, until)
    return write(rows, REPOSITORY / "docs" / "tables" / "scoring.md")


def _measure(rows: Rows, options: Any, until: float) -> None:
    from scoring_table_cheats import run_cheats
    from scoring_table_lab import cheating, honest, null, score_all

    parts = options.part or PARTS
    if "cheats" in parts:
        run_cheats(rows, until=until)
    for lab in range(1, options.labs + 1):
        for testbed in options.testbed or TESTBEDS:
            wanted = honest(testbed, options.method, lab=lab) if "methods" in parts else []
            wanted += null(testbed, options.nulls, lab=lab) if "nulls" in parts else []
            wanted += cheating(testbed) if "as they are" in parts and lab == 1 else []
            score_all(rows, testbed, wanted, lab=lab, in_flight=options.in_flight, until=until)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing is lost, the same command goes on where it stopped")
