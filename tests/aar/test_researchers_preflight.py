"""What stands in the way of a model is found by one cheap request, in one line that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from command_line import aar
from provider_servers import ENVIRONMENT, Fault, Provider, Say, error, serve
from provider_servers.answers import script_of
from provider_servers.server import KEY

from aar.errors import ModelError
from aar.researchers import RUNTIMES
from aar.researchers.asking import ask_here
from aar.researchers.inspect_models import ModelOptions
from aar.researchers.preflight import ask, refuse_unready

OPUS, GPT, LOCAL = "anthropic/claude-opus-4-5", "openai/gpt-5", "openai-api/local/any"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT(""):
        monkeypatch.delenv(name, raising=False)


def answering(fault: Fault | None = None) -> Provider:
    return Provider(script_of(Say("ready")), fault=lambda *_: fault)


def given(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name, value in ENVIRONMENT(url).items():
        monkeypatch.setenv(name, value)


def test_one_short_request_to_each_model(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = answering()
    with serve(provider) as url:
        given(monkeypatch, url)
        found = ask([OPUS, GPT, LOCAL, OPUS, "aar/evolution", "mockllm/x"], ModelOptions())
    assert [one.model for one in found] == [OPUS, GPT, LOCAL, "aar/evolution", "mockllm/x"]
    assert not any(one.problem for one in found)
    assert len(provider.bill.calls) == 3
    assert {turn.most_output for turn in provider.turns} == {16}
    assert [one.used.output_tokens if one.used else None for one in found] == [2, 2, 2, None, None]


@pytest.mark.parametrize("model", [OPUS, GPT, LOCAL])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (error(401), "does not accept the key"),
        (error(404), "knows no such model"),
        (error(402), "there is no credit"),
        (error(400, credit=True), "there is no credit"),
        (error(400), "--effort"),
    ],
)
def test_what_is_wrong_is_one_line(
    monkeypatch: pytest.MonkeyPatch, model: str, fault: Fault, words: str
) -> None:
    provider = answering(fault)
    with serve(provider) as url:
        given(monkeypatch, url)
        (found,) = ask_here([model], ModelOptions())
    assert words in found.problem
    assert found.problem.startswith(model)
    assert fault.message in found.problem
    assert "\n" not in found.problem
    assert len(provider.requests) == 1, "nothing is repeated"


def test_a_busy_provider_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    for status in (429, 529):
        with serve(answering(error(status))) as url:
            given(monkeypatch, url)
            (found,) = ask_here([OPUS], ModelOptions())
        assert not found.problem
        assert "busy" in found.note


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, "http://127.0.0.1:9")
    (found,) = ask_here([OPUS], ModelOptions())
    assert "does not answer; check the network, a proxy, and --base-url" in found.problem


def test_without_a_key_nothing_is_asked() -> None:
    (found,) = ask([OPUS], ModelOptions())
    assert "ANTHROPIC_API_KEY" in found.problem


def test_who_asks_imports_nothing_of_inspect(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import sys\n"
        "from aar.researchers import RUNTIMES, ModelOptions\n"
        f"RUNTIMES.make('inspect').check([{OPUS!r}, 'aar/evolution'], ModelOptions())\n"
        "print([name for name in ('inspect_ai', 'anthropic', 'openai') if name in sys.modules])\n"
    )
    provider = answering()
    with serve(provider) as url:
        env = {**os.environ, **ENVIRONMENT(url)}
        done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
    assert len(provider.requests) == 1


def test_a_check_that_breaks_is_one_line_for_each_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    broken = "import sys; print('chatter'); print('Error: \x1b[31mno room', file=sys.stderr); sys.exit(3)"
    monkeypatch.setattr("aar.researchers.preflight.python", lambda module: [sys.executable, "-c", broken])
    with pytest.raises(ModelError) as raised:
        refuse_unready([OPUS], ModelOptions())
    assert str(raised.value) == f"{OPUS}: it could not be asked: Error: [31mno room"


def test_the_runtime_asks_before_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = answering(error(401))
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with serve(provider) as url, pytest.raises(ModelError, match="ANTHROPIC_API_KEY"):
        RUNTIMES.make("inspect").check([OPUS], ModelOptions(base_url=url))
    assert len(provider.requests) == 1


def test_a_key_with_a_line_break_is_named_by_the_doctor_and_nobody_is_asked() -> None:
    provider = answering()
    with serve(provider) as url:
        shown = aar("doctor", "--model", OPUS, env={**ENVIRONMENT(url), "ANTHROPIC_API_KEY": f"{KEY}\n"})
    (line,) = [line for line in shown.stdout.splitlines() if line.startswith(f"MISS model {OPUS}")]
    assert "the key in ANTHROPIC_API_KEY" in line
    assert KEY not in shown.stdout + shown.stderr
    assert not provider.requests


def test_the_doctor_asks_the_models_that_it_is_named() -> None:
    provider = answering()
    with serve(provider) as url:
        good = aar("doctor", "--model", OPUS, "--model", f"3*{GPT}", env=ENVIRONMENT(url))
        provider.keys.clear()
        bad = aar("doctor", "--model", OPUS, env=ENVIRONMENT(url))
    assert good.returncode == 0, good.stdout + good.stderr
    assert f"ok   model {OPUS} answered" in good.stdout
    assert f"ok   model {GPT} answered" in good.stdout
    assert bad.returncode == 1
    (line,) = [line for line in bad.stdout.splitlines() if "model" in line and OPUS in line]
    assert line.startswith("MISS")
    assert "ANTHROPIC_API_KEY" in line
    assert KEY not in good.stdout + bad.stdout


@pytest.mark.parametrize("model", [OPUS, LOCAL])
def test_a_model_on_this_machine_is_reached_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.delenv("no_proxy", raising=False)
    with serve(answering()) as url:
        given(monkeypatch, url)
        (found,) = ask_here([model], ModelOptions())
    assert not found.problem
