"""`aar testbed check`: what is wrong with a release or a testbed, and whether its models work."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aar.cli.testbed import AsJson, testbeds
from aar.cli.testbed_import import Columns, Labels

if TYPE_CHECKING:
    from w2s.trial import ModelTrial


@testbeds.command("check")
def check_testbed(
    folder: Annotated[Path, typer.Argument(help="A release, or a testbed's folder.")],
    models: Annotated[
        bool, typer.Option(help="Try the models of a testbed: one step, one question. A release has none.")
    ] = True,
    columns: Columns = "",
    labels: Labels = "",
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with a release or a testbed of yours, and where; try the testbed's models once."""
    from w2s.testbeds import load
    from w2s.testbeds.real.folder import is_folder
    from w2s.testbeds.real.problems import gathered
    from w2s.testbeds.real.reading import spelling
    from w2s.testbeds.real.store import check
    from w2s.trial import try_models

    problems = gathered(check(folder, spelling(columns, labels)))
    trials = try_models(load(folder)) if models and not problems and is_folder(folder) else []
    wrong = len(problems) + sum(bool(trial.problem) for trial in trials)
    if as_json:
        found = {
            "ok": not wrong,
            "problems": [asdict(problem) for problem in problems],
            "models": [asdict(trial) for trial in trials],
        }
        typer.echo(json.dumps(found))
    else:
        for problem in problems:
            typer.echo(str(problem))
        for trial in trials:
            typer.echo(as_text(trial))
        typer.echo("nothing is wrong" if not wrong else f"problems: {wrong}")
    if wrong:
        raise typer.Exit(1)


def as_text(trial: ModelTrial) -> str:
    """A model's trial in one or two lines."""
    name = f"{trial.role} model of {trial.world}, {trial.place}"
    if trial.problem:
        return f"{name}: will not work: {trial.problem}"
    ways = {
        "compact": "this project's forward pass for small models",
        "packed": "this project's forward pass for GPUs",
        "transformers": "transformers' own forward pass",
    }
    lines = [
        f"{name}: works; {trial.family}, {trial.parameters / 1e6:,.1f} million parameters, {ways[trial.forward]}, "
        f"{trial.step_seconds:.2f} s for a step of two long items"
    ]
    if trial.too_long:
        lines.append(
            f"  {trial.too_long} of {trial.items} items are longer than {trial.allowed} tokens (the longest has "
            f"{trial.longest:,}): they lose the middle of their longest text; to keep it, raise max_length"
        )
    return "\n".join(lines)
