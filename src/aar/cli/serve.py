"""`aar serve`: a lab that stays open for researchers and people from elsewhere, without researchers of its own."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aar.cli import app, typed
from aar.cli import run_options as options
from aar.guest_address import PORT
from aar.logs import choose_level

if TYPE_CHECKING:
    from aar.folder import LabFolder
    from aar.launch.launch import GuestDoor
    from aar.settings import Settings
    from w2s.testbeds import Testbed


OF_A_NEW_LAB = ("testbed", "guests", "submissions")
"""Options that a lab is made with."""


@app.command()
def serve(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="A run folder; a new lab is made where there is none.")],
    testbed: Annotated[
        str, typer.Option(help="The problem of a new lab; see aar testbed list.")
    ] = "mini-chat",
    guests: Annotated[
        int,
        typer.Option(
            min=0, max=10_000, help="Places for researchers, in a new lab; each takes its part of the level."
        ),
    ] = 8,
    submissions: Annotated[
        int, typer.Option(min=1, max=100_000, help="Submissions of each guest, in a new lab.")
    ] = 20,
    host: Annotated[
        str, typer.Option(help="The address to listen on; by default nobody else reaches it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = PORT,
    tls_cert: Annotated[Path | None, typer.Option(help="A TLS certificate (PEM), with --tls-key.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The key of the certificate (PEM).")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let other machines in without TLS: who listens reads tokens.")
    ] = False,
    verbose: options.Verbose = False,
    log_level: options.LogLevel = "info",
) -> None:
    """Keep a lab open for guests, whom aar invite lets in; Ctrl-C closes it, and the same command opens it again."""
    from aar.cli.display import Display
    from aar.errors import Interrupted
    from aar.folder import LabFolder
    from aar.launch.launch import Launch
    from aar.launch.run_folder import make
    from aar.launch.signals import exit_code
    from aar.reports import write_report
    from aar.sandboxes import choose

    choose_level("debug" if verbose else log_level)
    door = _door(host, port, tls_cert, tls_key, insecure=insecure)
    folder = LabFolder(run.resolve())
    if folder.description.exists():
        _refuse_changes(context)
    settings, problem = _settings(folder, testbed, guests, submissions)
    choose(settings.sandbox)
    make(folder, settings, problem)
    try:
        with Display() as display, Launch(folder, settings, display, guests=door, stays_open=True) as launch:
            launch.prepare()
            launch.start(directions={})
            display.say(f"the lab {folder.path} is open at {door.url}; Ctrl-C closes it")
            display.say(f"let somebody in: {typed()} invite {folder.path} NAME --as researcher")
            for status in launch.watch():
                if status["phase"] == "finished":
                    break
    except KeyboardInterrupt as interrupt:
        write_report(folder.path)
        raise Interrupted(
            f"closed; nothing is lost, the same command opens it again; the report is {folder.report}",
            code=exit_code(interrupt),
        ) from None
    write_report(folder.path)
    typer.echo(f"the lab's time is over; the report is {folder.report}")


def _refuse_changes(context: typer.Context) -> None:
    """`SettingsError` for options of a new lab where there is one: they would change nothing."""
    from aar.errors import SettingsError

    sources = {name: context.get_parameter_source(name) for name in OF_A_NEW_LAB}
    given = [f"--{name}" for name, one in sources.items() if one is not None and one.name == "COMMANDLINE"]
    if given:
        raise SettingsError(
            f"{', '.join(given)} cannot change in a lab that is there; leave it out, or name a new folder"
        )


def _door(host: str, port: int, certificate: Path | None, key: Path | None, *, insecure: bool) -> GuestDoor:
    from aar.errors import SettingsError
    from aar.launch.launch import GuestDoor
    from aar.launch.reserved import listen

    if (certificate is None) != (key is None):
        raise SettingsError("--tls-cert and --tls-key belong together; give both")
    if certificate is not None and key is not None:
        _refuse_bad_certificate(certificate, key)
    elif not _is_loopback(host) and not insecure:
        raise SettingsError(
            f"--host {host} lets other machines in, and whoever listens on the way would read tokens: give --tls-cert "
            "and --tls-key, stay on 127.0.0.1 behind a tunnel (ssh -L), or say --insecure"
        )
    return GuestDoor(listen(port, host=host), host, certificate, key)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_bad_certificate(certificate: Path, key: Path) -> None:
    import ssl

    from aar.errors import SettingsError

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"--tls-cert {certificate} and --tls-key {key} cannot be used: {error.strerror or error}"
        ) from None


def _settings(folder: LabFolder, testbed: str, guests: int, submissions: int) -> tuple[Settings, Testbed]:
    """The settings of the lab that is there, or of a new one, and its testbed."""
    from aar.settings import Settings, cores, settings_of
    from w2s.testbeds import load

    if folder.description.exists():
        settings = settings_of(folder)
        return settings, load(folder.read_description().get("items") or settings.testbed)
    problem = load(testbed)
    return (
        Settings(
            testbed=problem.name,
            researchers=0,
            guests=guests,
            submissions=submissions,
            slots=min(cores(), 16),
            run_seconds=round(problem.run_seconds),
        ),
        problem,
    )
