"""`aar run`: the whole laboratory, from nothing to the report."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import textwrap
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aar.cli import app, typed
from aar.feedback import Feedback
from aar.logs import Level, choose_level

if TYPE_CHECKING:
    from aar.cli.display import Display
    from aar.folder import LabFolder
    from aar.settings import Settings
    from w2s.testbeds import Testbed

LEAST_FREE_BYTES = 300 * 2**20

FEEDBACK_WARNING = {
    "noisy": "feedback: noisy scores; they give labels of dev away, more slowly than exact ones (docs/scoring.md)",
    "exact": "WARNING: feedback is exact, as in the 2026 study: whoever asks often enough learns the labels of dev; "
    "believe nothing of this run that is not verified",
}


SUBMISSIONS = "5"
"""The default of `--submissions`; written here too, since the settings are not imported for `--help`."""
SETTABLE_LATER = ("minutes", "submissions", "port", "as_json", "resume", "verbose", "log_level")
"""Options that mean something beside --resume; everything else is as the run began."""


@app.command()
def run(
    context: typer.Context,
    testbed: Annotated[
        str, typer.Option(metavar="NAME", help="Which problem; see aar testbed list.")
    ] = "mini-chat",
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Who chooses the next call: aar/evolution needs no key; any model that Inspect knows.",
        ),
    ] = "aar/evolution",
    researchers: Annotated[
        int, typer.Option(min=1, max=64, metavar="N", help="How many work in parallel.")
    ] = 3,
    submissions: Annotated[
        str | None,
        typer.Option(
            metavar="N|+N",
            help="Budget of each researcher; with --resume, +5 gives five more.",
            show_default=SUBMISSIONS,
        ),
    ] = None,
    minutes: Annotated[
        str | None,
        typer.Option(
            metavar="N|+N",
            help="Upper bound on the whole run, of which the last fifth is kept for confirmations; none if left "
            "out. With --resume, +10 gives ten more.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed of the researchers' choices; drawn if left out.")
    ] = None,
    submissions_in_all: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Budget of the study; as many as all have if left out."),
    ] = None,
    forum: Annotated[bool, typer.Option(metavar="", help="Whether researchers read each other.")] = True,
    feedback: Annotated[
        Feedback,
        typer.Option(
            metavar="WORD",
            help="Told of dev: ladder, a word; noisy, a noisy score; exact, the score, as in 2026.",
        ),
    ] = "ladder",
    slots: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Runs at a time; the number of cores if left out.")
    ] = None,
    engine: Annotated[
        str, typer.Option(metavar="NAME", help="Where runs happen; see docs/extending.md.")
    ] = "local",
    sandbox: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What untrusted code runs in; the first that works if left out."),
    ] = None,
    runtime: Annotated[
        str, typer.Option(metavar="NAME", help="Which program a researcher is; see docs/extending.md.")
    ] = "inspect",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, metavar="N", help="Port of the lab on this machine.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where run folders go.")] = Path("runs"),
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Go on with the run in this folder: judge what is left, research if there is budget.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", metavar="", help="One JSON object on the last line.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", metavar="", help="As --log-level debug.")
    ] = False,
    log_level: Annotated[
        Level,
        typer.Option(
            metavar="LEVEL",
            help="What the logs of the processes hold, in the run folder's logs/: debug, info, warning or error.",
        ),
    ] = "info",
) -> None:
    """Start a lab, its scorer, students and researchers; end with a report of what was verified."""
    from aar.errors import SettingsError
    from aar.folder import LabFolder
    from aar.launch.reserved import hold
    from aar.launch.resuming import extended, number_of
    from aar.sandboxes import choose
    from aar.settings import Settings, cores, settings_of
    from w2s.testbeds import load

    choose_level("debug" if verbose else log_level)
    problem = None
    if resume is not None:
        folder = LabFolder(resume.resolve())
        settings = settings_of(folder)
        _refuse_changes(_given(context))
        if not settings.researchers:
            raise SettingsError(
                f"{folder.path} is a lab without researchers; it goes on with aar score or aar baselines"
            )
        with hold(folder):  # one that is being run keeps the settings that it has
            settings = extended(folder, settings, minutes=minutes, submissions=submissions)
    else:
        problem = load(testbed)
        settings = Settings(
            testbed=problem.name,
            run_seconds=round(problem.run_seconds),
            model=model,
            seed=secrets.randbits(31) if seed is None else seed,
            researchers=researchers,
            minutes=None if minutes is None else number_of(minutes, "--minutes"),
            submissions=int(number_of(submissions or SUBMISSIONS, "--submissions", whole=True)),
            submissions_in_all=submissions_in_all,
            forum=forum,
            feedback=feedback,
            slots=slots or min(cores(), 16),
            engine=engine,
            sandbox=sandbox,
            runtime=runtime,
        )
        folder = LabFolder((out / f"{datetime.now():%Y%m%d-%H%M%S}-{problem.name}").resolve())
    choose(settings.sandbox)
    result = run_lab(folder, settings, port=port, testbed=problem)
    if as_json:
        typer.echo(json.dumps(result))
    if result["ending"] == "researchers_failed":
        raise typer.Exit(1)


def _given(context: typer.Context) -> list[str]:
    """Options that stand on the command line."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]


def _refuse_changes(given: list[str]) -> None:
    from aar.errors import SettingsError

    fixed = [f"--{name.replace('_', '-')}" for name in given if name not in SETTABLE_LATER]
    if fixed:
        raise SettingsError(
            f"{', '.join(fixed)} cannot change in a run that goes on; --minutes and --submissions can. Leave out the "
            "rest, or start a new run"
        )


def run_lab(
    folder: LabFolder, settings: Settings, *, port: int | None, testbed: Testbed | None = None
) -> dict[str, Any]:
    """Check what can be checked first, then run, then report; `testbed` is needed for one that does not ship.

    Raises `Interrupted` on Ctrl-C and on SIGTERM, with the command that goes on.
    """
    from aar.cli.display import Display
    from aar.cli.wording import plain
    from aar.engines import ENGINES
    from aar.errors import Interrupted
    from aar.launch.launch import Launch
    from aar.launch.reserved import listen
    from aar.launch.resuming import to_start
    from aar.launch.signals import exit_code
    from aar.reports import write_report
    from aar.reports.summary import Line, result_lines, summary
    from aar.researchers import RUNTIMES
    from aar.researchers.directions.conditions import Condition, given_out
    from aar.researchers.transcripts import recover

    ENGINES.find(settings.engine)
    RUNTIMES.make(settings.runtime).check(settings.model)
    listener = listen(port)
    make(folder, settings, testbed)
    team = [f"r{i + 1}" for i in range(settings.researchers)]
    directions = given_out(Condition.DIVERSE, team, seed=settings.seed)
    names = to_start(folder, settings)
    try:
        with Display() as display:
            display.say(f"run folder: {folder.path}")
            _introduce(display, settings, names)
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


def _introduce(display: Display, settings: Settings, names: list[str]) -> None:
    if settings.researchers and not names:
        display.say(
            "no researcher starts: their submissions or their time is used up; what is left is judged. "
            "--submissions +5 and --minutes +10 give more"
        )
    if settings.model == "aar/evolution":
        display.say("researchers: aar/evolution, an embedded search policy, no language model")
    if settings.feedback != "ladder":
        display.say(FEEDBACK_WARNING[settings.feedback])


def make(folder: LabFolder, settings: Settings, testbed: Testbed | None = None) -> None:
    """The run folder with its description, or an error before anything is started.

    A testbed that does not ship leaves its definition here, with folders for its models, and where its items
    are: later processes have no network and not our environment.
    """
    from aar.errors import DiskFull, LabFolderError, SettingsError
    from aar.sandboxes import refuse_shown
    from w2s import methods
    from w2s.errors import BadMethod, NotFound
    from w2s.files import write_whole
    from w2s.testbeds import load
    from w2s.testbeds.real.definition_file import read_definition
    from w2s.testbeds.real.definition_text import as_toml
    from w2s.testbeds.real.hub import with_local_models

    refuse_shown(folder.path)
    for name in settings.baselines:
        try:
            methods.source(name)
        except (NotFound, BadMethod) as error:
            raise SettingsError(f"baselines hold {name!r}: {error}") from error
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabFolderError(
            f"cannot make the folder {folder.path} ({error.strerror}); name another one"
        ) from error
    if not folder.description.exists():
        testbed = testbed or load(settings.testbed)
        description = {
            "settings": settings.as_json(),
            "testbed": settings.testbed,
            "created": f"{datetime.now():%Y-%m-%d %H:%M:%S}",
        }
        if testbed.folder is not None:
            description["items"] = str(testbed.folder)
            definition = with_local_models(read_definition(testbed.folder))
            write_whole(folder.definition, as_toml(definition))
        folder.describe(description)
    free = shutil.disk_usage(folder.path).free
    if free < LEAST_FREE_BYTES:
        raise DiskFull(
            f"only {free // 2**20} MiB free at {folder.path}; a run needs {LEAST_FREE_BYTES // 2**20} MiB"
        )
