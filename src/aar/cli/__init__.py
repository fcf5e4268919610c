"""`aar`: the command line. Thin: each command calls one function of the lab and prints what came back."""

from __future__ import annotations

import errno
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from w2s.errors import W2SError

DISTRIBUTION = "automated-alignment-researchers"
"""The name under which pip knows this package."""

app = typer.Typer(
    name="aar",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"aar {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def everything(
    version: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Automated alignment researchers: they propose weak-to-strong methods as code; the lab reproduces them."""


def main() -> None:
    """Run `aar`; every error that a user can act on is one line and a non-zero exit."""
    from aar.cli import (  # noqa: F401  (each registers its commands)
        baselines,
        doctor,
        forum,
        ideas,
        invite,
        lab,
        ledger,
        mcp,
        method,
        queue,
        researcher,
        run,
        score,
        serve,
        snapshot,
        testbed,
        testbed_audit,
        testbed_check,
        testbed_import,
        testbed_measure,
        testbed_predict,
        testbed_rebuild,
    )
    from aar.errors import AarError, Interrupted

    try:
        app()
    except Interrupted as interruption:
        _fail(str(interruption), code=interruption.code)
    except (AarError, W2SError) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted", code=130)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _fail(
                f"the disk is full ({error.filename or 'no space left'}); free some space, then resume the run"
            )
        raise


def typed() -> str:
    """Command that a shell finds: `aar` where that is on its path, else the path of this installation."""
    mine = Path(sys.executable).with_name("aar")
    executable = shutil.which("aar")
    if not mine.is_file() or (executable is not None and Path(executable).samefile(mine)):
        return "aar"
    return str(mine)


def _fail(line: str, *, code: int = 2) -> None:
    typer.echo(f"aar: {' '.join(line.split())}", err=True)
    sys.exit(code)
