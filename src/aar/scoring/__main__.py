"""`python -m aar.scoring prepare|references|serve LAB`: the scorer and its jobs, each its own process."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from aar import logs
from aar.folder import LabFolder
from w2s.errors import W2SError

logger = logging.getLogger("aar.scoring")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the three jobs; progress as JSON lines on stdout, an error as one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m aar.scoring", description=__doc__)
    jobs = parser.add_subparsers(dest="job", required=True)
    for name, text in (
        ("prepare", "draw the secret, make items and truth"),
        ("references", "train supervisors, floors and ceilings, as the lines on standard input ask"),
        ("serve", "write verdicts on finished runs"),
    ):
        job = jobs.add_parser(name, help=text)
        job.add_argument("lab", type=Path, help="the lab's folder")
    options = parser.parse_args(arguments)
    logs.set_up()
    logger.info("%s begins", options.job)
    folder = LabFolder(options.lab)
    try:
        if options.job == "prepare":
            from aar.scoring.truth.preparation import prepare
            from aar.scoring.truth.references import References

            prepare(folder)
            References(folder).remove_foreign()
        elif options.job == "references":
            from aar.scoring.truth.references import serve_references

            serve_references(folder, asked=sys.stdin, say=_say)
        else:
            _serve(folder)
    except W2SError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _say(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


def _serve(folder: LabFolder) -> None:
    from aar.scoring.serve import serve

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # from a thread of its own: the main one may hold the event's lock when the signal comes
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    serve(folder, stop=stop, say=logger.info)


if __name__ == "__main__":
    sys.exit(main())
