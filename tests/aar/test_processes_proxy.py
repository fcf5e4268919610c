"""A proxy that is set for the outside hears nothing of what stays on this machine, whoever asks."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fake_lab import FakeLab, serve
from provider_servers import Provider, Say, Use
from provider_servers import serve as provide
from provider_servers.answers import script_of
from provider_servers.server import KEY
from test_researchers_ends import OPUS, SHORT

from aar.processes import LOOPBACK, reach_loopback_directly
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


def test_loopback_is_added_to_what_a_person_has_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "example.org,localhost")
    monkeypatch.setenv("NO_PROXY", "")
    reach_loopback_directly()
    reach_loopback_directly()
    assert os.environ["no_proxy"] == "example.org,localhost,127.0.0.1,::1"
    assert os.environ["NO_PROXY"] == ",".join(LOOPBACK)


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
    monkeypatch.setattr("aar.researchers.inspect_models.reach_loopback_directly", lambda: None)
    with provide(Provider(script_of(Say("ready")))) as base:
        ask_here([OPUS], ModelOptions(base_url=base))
    assert any(KEY in line for line in heard), "without it, even a key would reach the proxy"
