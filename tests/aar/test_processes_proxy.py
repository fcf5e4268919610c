"""A proxy that is set for the outside hears nothing of what stays on this machine, whoever asks."""

from __future__ import annotations

import os
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from fake_lab import FakeLab, serve
from provider_servers import Provider, Say, Use
from provider_servers import serve as provide
from provider_servers.answers import script_of
from provider_servers.server import KEY
from test_researchers_ends import OPUS, SHORT

from aar.processes import LOOPBACK, NO_PROXY, reach_loopback_directly
from aar.researchers.asking import ask_here
from aar.researchers.exits import ExitCode
from aar.researchers.inspect_models import ModelOptions
from aar.researchers.preflight import ask
from aar.researchers.session import Session, run

PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a proxy hears that is set for everything."""
    lines: list[str] = []

    class Sniffing(BaseHTTPRequestHandler):
        def _any(self) -> None:
            lines.append(f"{self.requestline} {dict(self.headers)}")
            self.send_error(502)

        do_GET = do_POST = do_CONNECT = _any

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sniffing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in PROXIES:
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "example.org")
    yield lines
    server.shutdown()
    server.server_close()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without proxies and without base URLs."""
    for name in list(os.environ):
        if name.upper().endswith(("_PROXY", "_BASE_URL")):
            monkeypatch.delenv(name)
    for name in NO_PROXY:  # so that they are taken away again
        monkeypatch.setenv(name, "")
    return monkeypatch


@pytest.mark.parametrize("lower", ["example.org,localhost", "", None])
@pytest.mark.parametrize("upper", ["models.corp, 10.0.0.0/8", "", None])
def test_loopback_is_added_to_what_a_person_has_set(
    bare: pytest.MonkeyPatch, lower: str | None, upper: str | None
) -> None:
    for name, value in zip(NO_PROXY, (lower, upper), strict=True):
        bare.delenv(name) if value is None else bare.setenv(name, value)
    reach_loopback_directly()
    reach_loopback_directly()
    hosts = os.environ["no_proxy"].split(",")
    assert os.environ["NO_PROXY"].split(",") == hosts, (
        "most libraries read only one of them, and not the same"
    )
    assert len(set(hosts)) == len(hosts)
    kept = {each.strip() for value in (lower, upper) if value for each in value.split(",")}
    assert set(hosts) == kept | set(LOOPBACK)


def test_a_person_who_wants_no_proxy_at_all_gets_none(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("NO_PROXY", "models.corp,*")
    bare.setenv("HTTP_PROXY", "http://proxy.corp:3128")
    reach_loopback_directly("http://127.0.0.2:8000")
    assert {os.environ[name] for name in NO_PROXY} == {"*"}
    assert urllib.request.proxy_bypass("anywhere.org")


def _asks_a_proxy(url: str) -> bool:
    with httpx.Client() as client:
        return client._transport_for_url(httpx.URL(url)) is not client._transport


def test_what_a_person_excepted_stays_excepted(bare: pytest.MonkeyPatch) -> None:
    bare.delenv("no_proxy")
    bare.setenv("NO_PROXY", "models.corp")
    bare.setenv("HTTP_PROXY", "http://proxy.corp:3128")
    reach_loopback_directly()
    assert not _asks_a_proxy("http://models.corp:8000/v1")
    assert urllib.request.proxy_bypass("models.corp:8000")
    assert _asks_a_proxy("http://models.example:8000/v1")


HERE = (
    "127.0.0.2", "127.1", "2130706433", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "localhost.", "LOCALHOST",
    "model.localhost",
)  # fmt: skip


@pytest.mark.parametrize("given", [True, False], ids=["option", "variable"])
@pytest.mark.parametrize("host", HERE)
def test_a_model_that_answers_here_under_another_name_is_reached_directly(
    bare: pytest.MonkeyPatch, host: str, given: bool
) -> None:
    bare.setenv("ALL_PROXY", "http://proxy.corp:3128")
    url = f"http://{host}:8000/v1"
    if not given:
        bare.setenv("LOCAL_BASE_URL", url)
    reach_loopback_directly(url if given else None)
    assert not _asks_a_proxy(url)
    if not host.startswith("["):
        assert urllib.request.proxy_bypass(f"{host}:8000")


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/v1", "http://[2001:db8::1]/v1", "http://[::1", "http://*/", "x", ""]
)
def test_other_machines_and_what_is_no_url_are_not_added(bare: pytest.MonkeyPatch, url: str) -> None:
    bare.setenv("ALL_PROXY", "http://proxy.corp:3128")
    reach_loopback_directly(url)
    assert os.environ["no_proxy"] == ",".join(LOOPBACK)


def test_a_session_and_the_question_before_it_reach_a_local_model_directly(
    heard: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    folder = tmp_path / "lab"
    for name in ("forum", "practice"):
        (folder / name).mkdir(parents=True)
    tmp_path.chmod(0o755)
    lab = FakeLab(researchers=("r1",), minutes=30, minutes_a_look=0)

    def answer(turn: object) -> object:
        lab.stopped = "submissions"
        return Say("Done.") if len(provider.turns) > 3 else Use.one("my_status")

    provider = Provider(answer)  # type: ignore[arg-type]
    with serve(lab, {"token": "r1"}) as url, provide(provider) as base:
        (ready,) = ask([OPUS], ModelOptions(base_url=base))
        assert not ready.problem
        session = Session(folder, "r1", url, model=OPUS, options=ModelOptions(base_url=base), waits=SHORT)
        assert run(session, "token") is ExitCode.OK
    assert len(provider.turns) >= 2
    assert heard == []


def test_the_proxy_of_this_test_would_hear(heard: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setattr("aar.researchers.inspect_models.reach_loopback_directly", lambda *urls: None)
    with provide(Provider(script_of(Say("ready")))) as base:
        ask_here([OPUS], ModelOptions(base_url=base))
    assert any(KEY in line for line in heard), "without it, even a key would reach the proxy"
