"""`aar invite`, `aar tokens`, `aar serve`, `aar mcp`: what is printed, and wrong input in one line each."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path

import pytest
from click.testing import Result
from command_line import aar, one_line
from queue_lab import open_lab
from typer.testing import CliRunner

from aar.cli import app, invite  # noqa: F401  (registers its commands)
from aar.cli.wording import State, state_of
from aar.database import tokens
from aar.errors import BadRequest
from aar.lab import address
from aar.lab.intake import Lab
from w2s.errors import NotFound


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    opened = open_lab(tmp_path / "run", "r1", guests=1)
    opened.folder.describe({"testbed": opened.settings.testbed, "settings": opened.settings.as_json()})
    return opened


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def shown(*arguments: str) -> str:
    result = ran(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_an_invitation_says_how_to_join_and_the_token_is_shown_once(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "direction.md").write_text("# Noise\nLook at it.")
    run = str(lab.folder.path)
    address.note(lab.folder, "https://lab.example:9000")
    text = shown("invite", run, "ada-1", "--days", "2", "--direction", str(tmp_path / "direction.md"))
    (token,) = set(re.findall(r"aar-[0-9a-f]{8}-[\w-]{43}", text))
    assert (
        f'claude mcp add --transport http aar https://lab.example:9000/mcp --header "Authorization: Bearer {token}"'
        in text
    )
    assert 'url = "https://lab.example:9000/mcp"' in text
    (row,) = json.loads(shown("tokens", "list", run, "--json"))["tokens"]
    assert (row["holder"], row["access"], row["revoked"]) == ("ada-1", "researcher", None)
    assert token not in shown("tokens", "list", run)
    with lab.database.read() as tx:
        assert tokens.find(tx, token) is not None
    assert "opens nothing any more" in shown("tokens", "revoke", run, row["id"])
    assert "revoked" in shown("tokens", "list", run)
    with lab.database.read() as tx:
        assert tokens.find(tx, token) is None


def test_a_viewer_is_told_no_tools(lab: Lab) -> None:
    text = shown("invite", str(lab.folder.path), "eve", "--as", "viewer", "--url", "http://127.0.0.1:9/")
    assert "claude" not in text
    assert "http://127.0.0.1:9/v1/who" in text


def test_who_cannot_be_invited_is_said_and_nothing_is_left(lab: Lab, tmp_path: Path) -> None:
    run = str(lab.folder.path)
    for arguments, error in (
        (("invite", run, "r7"), BadRequest),
        (("invite", run, "ada", "--days", "0"), BadRequest),
        (("invite", run, "ada", "--as", "viewer", "--direction", __file__), BadRequest),
        (("invite", run, "ada", "--direction", str(tmp_path / "none.md")), BadRequest),
        (("tokens", "revoke", run, "12345678"), NotFound),
    ):
        assert isinstance(ran(*arguments).exception, error), arguments
    assert json.loads(shown("tokens", "list", run, "--json")) == {"tokens": []}


def test_a_guest_who_has_not_come_yet_is_invited(lab: Lab) -> None:
    assert state_of({"outside": True, "state": "waiting", "activity": "starting"}) is State.INVITED
    assert state_of({"outside": True, "state": "working", "activity": "reading"}) is State.READING


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "--insecure"),
        (("--host", "no.such.host.invalid", "--insecure"), "no address of this machine"),
        (("--tls-cert", "x.pem"), "give both"),
        (("--tls-cert", "x.pem", "--tls-key", "y.pem"), "cannot be used"),
        (("--testbed", "mini-chta"), "mini-chat"),
    ],
)
def test_a_door_that_cannot_be_opened_is_one_line_and_makes_nothing(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    said = one_line(aar("serve", "lab", *arguments, "--port", str(free_port()), cwd=tmp_path))
    assert words in said
    assert not (tmp_path / "lab").exists()


def test_what_a_lab_was_made_with_cannot_be_changed(lab: Lab) -> None:
    for given in (("--guests", "9"), ("--submissions", "99", "--testbed", "mini-math")):
        said = one_line(aar("serve", str(lab.folder.path), *given, "--port", str(free_port())))
        assert (
            f"{', '.join(option for option in ('--testbed', '--guests', '--submissions') if option in given)} cannot"
            in said
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} of 127.0.0.1" in one_line(aar("serve", "lab", "--port", str(port), cwd=tmp_path))


def test_a_command_without_a_token_or_a_lab_is_one_line(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "AAR_TOKEN"}
    assert "AAR_TOKEN" in one_line(aar("mcp", cwd=tmp_path, env=env))
    with_token = {**env, "AAR_TOKEN": "aar-x"}
    assert "give the address of a lab" in one_line(aar("mcp", "--url", "lab", cwd=tmp_path, env=with_token))
    nobody = f"http://127.0.0.1:{free_port()}"
    assert f"no lab at {nobody}" in one_line(aar("mcp", "--url", nobody, cwd=tmp_path, env=with_token))
