"""`aar score`: one method through dev and sealed scoring, without researchers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from aar.cli import app


@app.command()
def score(
    method: Annotated[
        Path,
        typer.Argument(
            help="A folder with method.py that defines run(bench), and what it imports: NAME.py, FOLDER/NAME.py."
        ),
    ],
    testbed: Annotated[str, typer.Option(help="Which problem; see aar testbed list.")] = "mini-chat",
    lab: Annotated[
        Path | None,
        typer.Option(help="Lab folder to score in; its Ladder and baselines are kept for the next time."),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Compare with vanilla instead of the record, and leave that alone."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")] = False,
) -> None:
    """Score the code in METHOD where it cannot cheat: sandboxed, on secret items, with the lab's own seeds."""
    from aar.submissions.folder import read_method

    files = read_method(method)  # before the imports that take seconds: what is wrong is said at once
    from platformdirs import user_data_path

    from aar.cli.display import Display
    from aar.cli.wording import decided
    from aar.errors import AarError, Interrupted
    from aar.folder import LabFolder
    from aar.launch.launch import Launch
    from aar.launch.run_folder import make
    from aar.launch.signals import exit_code
    from aar.reports.summary import estimate_text, judged
    from aar.sandboxes import choose
    from aar.settings import Settings, cores, settings_of
    from w2s.testbeds import load

    problem = load(testbed)
    folder = LabFolder((lab or user_data_path("aar") / "labs" / problem.name).resolve())
    if folder.description.exists():
        settings = settings_of(folder)
        items = folder.read_description().get("items")
        if settings.testbed != problem.name or items != (problem.folder and str(problem.folder)):
            of = f"{settings.testbed} in {items}" if items else settings.testbed
            raise AarError(f"{folder.path} is a lab for {of}, not for {testbed}; name another with --lab")
    else:
        settings = Settings(
            testbed=problem.name,
            researchers=0,
            slots=min(cores(), 16),
            run_seconds=round(problem.run_seconds),
        )
    choose(settings.sandbox)
    make(folder, settings, problem)
    typer.echo(f"scores in the lab {folder.path}")
    submission = ""
    try:
        with Display() as display, Launch(folder, settings, display) as launch:
            launch.prepare()
            launch.start(directions={})
            for status in launch.watch():
                if status["phase"] != "baselines" and not submission:
                    submission = launch.submit(files, title=method.resolve().name, fresh=fresh)
                elif submission and judged(folder, submission)["status"] != "pending":
                    break
    except KeyboardInterrupt as interrupt:
        raise Interrupted(
            f"interrupted; what was measured is kept in {folder.path}, the same command goes on with it",
            code=exit_code(interrupt),
        ) from None
    result = judged(folder, submission)
    typer.echo(f"{result['title']}: {decided(result['status'], result['reply'])}")
    for stage in ("dev", "sealed"):
        figures = result[stage] or {}
        if figures.get("pgr"):
            typer.echo(f"{stage}: PGR {estimate_text(figures['pgr'])}")
        elif figures.get("note"):
            typer.echo(f"{stage}: no PGR: {figures['note']}")
    for finding in result["audits"]:
        typer.echo(f"audit {finding['audit']}: {finding['verdict']}. {finding['sentence']}")
    if result["track"]:
        typer.echo(f"track: {result['track']}")
    if as_json:
        typer.echo(json.dumps({**result, "lab": str(folder.path)}))
    if result["status"] == "failed":
        raise typer.Exit(1)
