"""`python -m aar.researchers`: one researcher's process; its token comes through AAR_TOKEN or standard input."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from aar.errors import AarError
from aar.researchers.models import EMBEDDED, check_model
from aar.researchers.session import Session, run
from w2s.errors import Unavailable


def main() -> int:
    """Run one session; 0 at its regular end, 1 with one line of why otherwise."""
    parser = argparse.ArgumentParser(prog="python -m aar.researchers", description=__doc__)
    parser.add_argument("--lab", type=Path, required=True, help="the lab's folder")
    parser.add_argument("--name", required=True, help="name of the researcher, as the lab knows it")
    parser.add_argument("--url", required=True, help="where the lab answers")
    parser.add_argument("--model", default=EMBEDDED, help="provider/model, as Inspect AI names it")
    parser.add_argument("--seed", type=int, default=0, help="seed of the embedded policy")
    parser.add_argument("--tokens", type=int, help="most tokens of the session")
    parser.add_argument("--most-cost", type=float, default=3.0, help="most fine-tunes in an embedded method")
    given = parser.parse_args()
    token = os.environ.pop("AAR_TOKEN", "") or sys.stdin.readline().strip()
    session = Session(
        lab=given.lab.resolve(),
        researcher=given.name,
        url=given.url,
        model=given.model,
        seed=given.seed,
        tokens=given.tokens,
        most_cost=given.most_cost,
    )
    try:
        check_model(given.model)
        run(session, token)
    except (AarError, Unavailable) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
