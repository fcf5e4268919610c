"""`aar run`: the whole laboratory, from nothing to the report."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import textwrap
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer

from aar.cli import app, typed
from aar.cli import run_options as options
from aar.logs import choose_level

if TYPE_CHECKING:
    from socket import socket

    from aar.folder import LabFolder
    from aar.settings import Settings
    from w2s.testbeds import Testbed

OPTIONS_OF_MODELS = ("model_arg", "effort", "temperature", "base_url")
"""Options of what the models are asked with."""
SETTABLE_LATER = (
    *(
        "minutes",
        "hours",
        "submissions",
        "budget_usd",
        "budget_usd_each",
        "budget_tokens",
        "budget_tokens_each",
        "hours_each",
    ),
    *("model", "price", *OPTIONS_OF_MODELS),
    *("port", "as_json", "resume", "verbose", "log_level"),
)
"""Options that mean something beside --resume; everything else is as the run began."""


@app.command()
def run(
    context: typer.Context,
    testbed: options.Testbed = "mini-chat",
    seed: options.Seed = None,
    directions: options.GivenDirections = "diverse",
    workflow: options.Steps = "free",
    forum: options.Forum = True,
    feedback: options.Told = "ladder",
    model: options.Model = None,
    researchers: options.Researchers = None,
    guests: options.Guests = 0,
    model_arg: options.ModelArg = None,
    effort: options.EffortWord = None,
    temperature: options.Temperature = None,
    base_url: options.BaseUrl = None,
    price: options.Price = None,
    submissions: options.Submissions = None,
    submissions_in_all: options.SubmissionsInAll = None,
    minutes: options.Minutes = None,
    hours: options.Hours = None,
    budget_usd: options.BudgetUsd = None,
    budget_usd_each: options.BudgetUsdEach = None,
    budget_tokens: options.BudgetTokens = None,
    budget_tokens_each: options.BudgetTokensEach = None,
    hours_each: options.HoursEach = None,
    slots: options.Slots = None,
    engine: options.Engine = "local",
    sandbox: options.Sandbox = None,
    runtime: options.Runtime = "inspect",
    port: options.Port = None,
    out: options.Out = Path("runs"),
    resume: options.Resume = None,
    as_json: options.AsJson = False,
    verbose: options.Verbose = False,
    log_level: options.LogLevel = "info",
) -> None:
    """Start a lab, its scorer, students and researchers; end with a report of what was verified."""
    from aar.errors import SettingsError
    from aar.folder import LabFolder
    from aar.launch.changes import Changes
    from aar.launch.reserved import hold, listen
    from aar.launch.resuming import extended
    from aar.launch.run_folder import make
    from aar.model_options import EMBEDDED, allotted, argument
    from aar.settings import Settings, cores, settings_of
    from w2s.testbeds import load

    choose_level("debug" if verbose else log_level)
    _refuse_empty(context)
    changes = Changes(
        minutes=minutes,
        hours=hours,
        submissions=submissions,
        budget_usd=budget_usd,
        budget_usd_each=budget_usd_each,
        budget_tokens=budget_tokens,
        budget_tokens_each=budget_tokens_each,
        hours_each=hours_each,
        models=tuple(model or ()),
        model_args=dict(map(argument, model_arg)) if model_arg else None,
        effort=effort,
        temperature=temperature,
        base_url=base_url,
        prices=tuple(price or ()),
        check=_check,
    )
    problem = None
    if resume is not None:
        folder = LabFolder(resume.resolve())
        settings = settings_of(folder)
        _refuse_changes(_given(context))
        if not settings.researchers:
            raise SettingsError(
                f"{folder.path} is a lab without researchers; it goes on with aar serve, aar score or aar baselines"
            )
        make(folder, settings)  # a folder that could not be written to is refused, too, before it is
        with hold(folder):  # one that is being run keeps the settings that it has
            listener = listen(port)
            settings = extended(folder, settings, changes)
    else:
        problem = load(testbed)
        listener = listen(port)
        models, team = allotted(changes.models or (EMBEDDED,), researchers)
        settings = changes.of_a_new_run(
            Settings(
                testbed=problem.name,
                run_seconds=round(problem.run_seconds),
                models=models,
                seed=secrets.randbits(31) if seed is None else seed,
                researchers=team,
                guests=guests,
                submissions=int(options.SUBMISSIONS),
                submissions_in_all=submissions_in_all,
                **_directions(directions),
                workflow=workflow,
                forum=forum,
                feedback=feedback,
                slots=slots or min(cores(), 16),
                engine=engine,
                sandbox=sandbox,
                runtime=runtime,
            )
        )
        folder = LabFolder((out / f"{datetime.now():%Y%m%d-%H%M%S}-{problem.name}").resolve())
    result = run_lab(folder, settings, listener, testbed=problem)
    if as_json:
        typer.echo(json.dumps(result))
    if code := exit_code(result):
        raise typer.Exit(code)


def exit_code(result: Mapping[str, Any]) -> int:
    """Exit code of a run: 1 where a researcher was given up or its session ended too soon; the last lines name it."""
    failed = any(end["fault"] for end in result["researchers_ended"].values())
    return int(failed or result["ending"] == "researchers_failed")


def _directions(given: str) -> dict[str, Any]:
    """Settings for what stands after --directions: a condition, or a folder."""
    from aar.conditions import Directions
    from aar.errors import SettingsError
    from aar.researchers.directions.conditions import read

    if given in get_args(Directions):
        return {"directions": given}
    if not Path(given).is_dir():
        words = ", ".join(get_args(Directions))
        raise SettingsError(f"--directions {given}: neither a folder nor one of {words}")
    return {"own_directions": tuple(read(Path(given)))}


def _given(context: typer.Context) -> list[str]:
    """Options that stand on the command line."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]


def _refuse_changes(given: list[str]) -> None:
    from aar.errors import SettingsError

    fixed = [f"--{name.replace('_', '-')}" for name in given if name not in SETTABLE_LATER]
    if fixed:
        raise SettingsError(
            f"{', '.join(fixed)} cannot change in a run that goes on; time, submissions, budgets, models, their "
            "options and prices can. Leave out the rest, or start a new run"
        )


def _refuse_empty(context: typer.Context) -> None:
    """`SettingsError` for an option with nothing after it: a variable of a shell that was not set, most likely."""
    from aar.errors import SettingsError
    from aar.launch.changes import option

    for name in _given(context):
        value = context.params[name]
        if any(isinstance(text, str) and not text.strip() for text in (value if _many(value) else (value,))):
            raise SettingsError(f"{option(name)} is empty; give a value, or leave the option out")


def _many(value: object) -> bool:
    return isinstance(value, (list, tuple))


def _check(settings: Settings) -> None:
    """Refuse what cannot be run before anything is made or changed: engine, sandbox, prices, and the models."""
    from aar.engines import ENGINES
    from aar.prices import FREE, Prices
    from aar.researchers import RUNTIMES, ModelOptions
    from aar.sandboxes import choose

    ENGINES.find(settings.engine)
    choose(settings.sandbox)
    runtime, prices = RUNTIMES.make(settings.runtime), Prices(settings.prices)
    models = list(dict.fromkeys(settings.models))
    for model in models:
        if "/" in model:  # else it is a name of the runtime's own; what it calls is priced when it calls
            prices.check(model)
    if asked := [model for model in models if model.partition("/")[0] not in FREE]:
        typer.echo(f"asking whether the models answer: {', '.join(asked)}")
    options = ModelOptions(settings.model_args, settings.effort, settings.temperature, settings.base_url)
    runtime.check(models, options)


def run_lab(
    folder: LabFolder, settings: Settings, listener: socket, *, testbed: Testbed | None = None
) -> dict[str, Any]:
    """Run, then report; `listener` is the lab's, and `testbed` is needed for one that does not ship.

    Raises `Interrupted` on Ctrl-C and on SIGTERM, with the command that goes on.
    """
    from aar.cli.display import Display
    from aar.cli.introduction import introduction
    from aar.cli.wording import plain
    from aar.errors import Interrupted
    from aar.launch.launch import Launch
    from aar.launch.resuming import to_start
    from aar.launch.run_folder import make
    from aar.launch.signals import exit_code
    from aar.reports import write_report
    from aar.reports.summary import Line, result_lines, summary
    from aar.researchers.directions.conditions import given_out
    from aar.researchers.transcripts import recover

    make(folder, settings, testbed)
    team = [f"r{i + 1}" for i in range(settings.researchers)]
    directions = given_out(settings.directions, team, seed=settings.seed, own=settings.own_directions)
    names = to_start(folder, settings)
    try:
        with Display() as display:
            display.say(f"run folder: {folder.path}")
            for words in introduction(settings, names):
                display.say(words)
            recover(folder)
            with Launch(folder, settings, display, listener) as launch:
                launch.prepare()
                launch.start(directions={name: directions[name] for name in names})
                for status in launch.watch():
                    if status["phase"] == "finished":
                        break
            display.stage("writing the report")
            recover(folder)
            write_report(folder.path)
    except KeyboardInterrupt as interrupt:
        recover(folder)
        raise Interrupted(
            f"interrupted; nothing is lost, go on with: {typed()} run --resume {folder.path}",
            code=exit_code(interrupt),
        ) from None
    result = summary(folder, aar=typed())
    for line in (*result_lines(result), Line(f"Report: {folder.report}")):
        text = plain(line.text)  # a run folder that goes on may be a stranger's
        typer.echo(text if line.command else _wrapped(text))
    for command in _transcripts(folder):
        typer.echo(command)
    return result


def _transcripts(folder: LabFolder) -> list[str]:
    """The command that shows transcripts, where there are any: another runtime than Inspect's writes none."""
    there = any(folder.inspect_logs.glob("*.eval"))
    return [f"Transcripts: inspect view --log-dir {folder.inspect_logs}"] if there else []


def _wrapped(line: str) -> str:
    """A line of prose at the width of the terminal."""
    if not sys.stdout.isatty():
        return line
    hang = "  " if line.startswith("- ") else ""
    width = min(100, shutil.get_terminal_size().columns)
    return textwrap.fill(line, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
