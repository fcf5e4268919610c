"""`python -m aar.researchers`: one researcher's process; its token comes through AAR_TOKEN or standard input."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aar import logs
from aar.errors import AarError
from aar.model_options import argument
from aar.researchers.exits import ExitCode
from aar.researchers.inspect_models import ModelOptions
from aar.researchers.models import EMBEDDED, check_model
from aar.researchers.session import Session, run
from aar.researchers.stopping import Stop, Stopped
from w2s.errors import Unavailable

logger = logging.getLogger("aar.researchers")


def main(arguments: Sequence[str]) -> int:
    """Run one session; its `ExitCode`, with one line of why where it is not OK."""
    stop = Stop()
    stop.install()
    try:
        return _run(arguments, stop)
    except Stopped:
        print("stopped by a signal; the log is written as far as it had come", file=sys.stderr)
        return ExitCode.STOPPED


def _run(arguments: Sequence[str], stop: Stop) -> ExitCode:
    parser = argparse.ArgumentParser(prog="python -m aar.researchers", description=__doc__)
    parser.add_argument("--lab", type=Path, required=True, help="the lab's folder")
    parser.add_argument("--name", required=True, help="name of the researcher, as the lab knows it")
    parser.add_argument("--url", required=True, help="where the lab answers")
    parser.add_argument("--model", default=EMBEDDED, help="provider/model, as Inspect AI names it")
    parser.add_argument("--seed", type=int, default=0, help="seed of the embedded policy")
    parser.add_argument(
        "--model-arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of the model's provider",
    )
    parser.add_argument("--effort", help="how much reasoning the model is asked for")
    parser.add_argument("--temperature", type=float, help="temperature that the model is asked with")
    parser.add_argument("--base-url", help="where the model's provider answers")
    parser.add_argument("--most-cost", type=float, default=3.0, help="most fine-tunes in an embedded method")
    parser.add_argument("--sandbox", help="provider of the workspace's sandbox; the first that works")
    given = parser.parse_args(arguments)
    logger.info("%s begins with %s", given.name, given.model)
    token = os.environ.pop("AAR_TOKEN", "") or sys.stdin.readline().strip()
    session = Session(
        lab=given.lab.resolve(),
        researcher=given.name,
        url=given.url,
        model=given.model,
        options=ModelOptions(
            dict(map(argument, given.model_arg)), given.effort, given.temperature, given.base_url
        ),
        seed=given.seed,
        most_cost=given.most_cost,
        sandbox=given.sandbox,
    )
    try:
        check_model(given.model)
        return run(session, token, stop=stop)
    except (AarError, Unavailable) as error:
        if stop.asked:
            raise Stopped from error
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return ExitCode.FAILED


if __name__ == "__main__":
    logs.set_up()
    sys.exit(main(sys.argv[1:]))
