"""The command line: quick to answer, one clear line for wrong input, JSON on the last line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from command_line import aar, one_line
from fabricated_lab import fabricate

from aar import database
from aar.folder import LabFolder
from aar.lab.going_on import note_settings
from aar.lab.intake import RESERVE
from aar.launch.reserved import hold
from aar.ledger import Ledger
from aar.reports import write_report
from aar.settings import Settings, settings_of


def test_help_answers_without_heavy_imports() -> None:
    heavy = ("torch", "transformers", "inspect_ai", "altair", "fastapi", "numpy", "pydantic", "sqlalchemy")
    names = ("run", "score", "doctor", "testbed", "testbed_audit", "testbed_measure", "testbed_predict")
    names += ("ledger", "queue")
    modules = ", ".join(f"aar.cli.{name}" for name in names)
    code = f"import sys, aar.cli, {modules}; print([name for name in {heavy} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_every_option_of_a_run_can_be_copied_from_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = subprocess.run(
        [sys.executable, "-m", "aar.cli", "run", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "--submissions-in-all " in shown
    assert "…" not in shown


def test_help_takes_less_than_what_people_notice() -> None:
    """0.4 s is the promise on an idle machine; of processor time, which a busy one stretches too, thrice that."""
    took = []
    for _ in range(3):
        start = os.times()
        fresh = [sys.executable, "-m", "aar.cli", "--help"]
        assert "run" in subprocess.run(fresh, capture_output=True, text=True, check=True).stdout
        end = os.times()
        took.append(end.children_user + end.children_system - start.children_user - start.children_system)
    assert min(took) < 1.2


def test_an_unknown_testbed_is_named_with_the_nearest_ones(tmp_path: Path) -> None:
    assert "mini-chat" in one_line(aar("run", "--testbed", "mini-chta", cwd=tmp_path))
    assert "mini-chat" in one_line(aar("testbed", "show", "mini-caht"))
    assert not list(tmp_path.iterdir()), "nothing may be left behind"


def test_an_unknown_provider_and_a_missing_key_are_one_line(tmp_path: Path) -> None:
    assert "anthropic" in one_line(aar("run", "--model", "antropic/claude-opus-4-5", cwd=tmp_path))
    line = one_line(
        aar("run", "--model", "anthropic/claude-opus-4-5", cwd=tmp_path, env={"ANTHROPIC_API_KEY": ""})
    )
    assert "ANTHROPIC_API_KEY" in line
    assert not list(tmp_path.iterdir())


KEYS = {"ANTHROPIC_API_KEY": "x", "OPENAI_API_KEY": "x"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "ollama/llama3"), "--price ollama/llama3=IN,OUT"),
        (("--model", "anthropic/claud-opus-4"), "did you mean anthropic/claude-opus-4"),
        (("--model", "2*anthropic/claude-opus-4-5", "--researchers", "3"), "2 researchers and --researchers"),
        (("--model", "vllm/a", "--price", "vllm/b=1,2"), "no researcher of this run uses vllm/b"),
        (("--minutes", "5", "--hours", "1"), "one of the two"),
        (("--budget-usd", "+5"), "--resume RUN"),
        (("--budget-tokens", "many"), "a whole number"),
        (("--effort", "lots"), "effort"),
        (("--model-arg", "api_key=hush"), "no secret"),
        (("--base-url", "https://me:hush@host"), "base_url"),
        (("--base-url", ""), "--base-url is empty"),
        (("--model", ""), "--model is empty"),
        (("--directions", ""), "--directions is empty"),
        (("--engine", " "), "--engine is empty"),
        (("--price", "1,2"), "for language models"),
        (("--model", "0*aar/random"), "the count is wrong"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    line = one_line(aar("run", *arguments, cwd=tmp_path, env=KEYS))
    assert words in line
    assert "hush" not in line
    assert not list(tmp_path.iterdir())


def test_what_cannot_change_in_a_run_that_goes_on_is_named(tmp_path: Path) -> None:
    folder = LabFolder(tmp_path / "run")
    folder.describe({"settings": Settings().as_json(), "testbed": "mini-chat"})
    line = one_line(
        aar("run", "--resume", str(folder.path), "--slots", "4", "--budget-usd", "5", cwd=tmp_path)
    )
    assert (
        "--slots cannot change in a run that goes on; time, submissions, budgets, models, their options and prices can"
        in line
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--resume", ""), "it is empty"),
        (("--out", ""), "it is empty"),
        (("--workflow", "Structured"), "'Structured' is none of free, structured"),
        (("--feedback", "Exact"), "is none of ladder, noisy, exact"),
        (("--log-level", "loud"), "is none of debug, info, warning, error"),
        (("--seed", "-1"), "'--seed'"),
    ],
)
def test_a_word_that_an_option_does_not_know_is_told_in_plain_words(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = aar("run", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.replace("│", " ").split())
    assert "Value error" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "vllm/x"), "--price vllm/x="),
        (("--model", "nobody/x", "--price", "1,2"), "unknown provider"),
        (("--model", "anthropic/claude-opus-4-5"), "ANTHROPIC_API_KEY"),
        (("--budget-usd", "5", "--price", "1,2"), "for language models"),
    ],
)
def test_a_refused_command_changes_nothing_of_a_run_that_goes_on(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    folder = LabFolder(tmp_path / "run")
    folder.describe({"settings": Settings().as_json(), "testbed": "mini-chat"})
    before = folder.description.read_bytes()
    done = aar("run", "--resume", str(folder.path), *arguments, cwd=tmp_path, env={"ANTHROPIC_API_KEY": ""})
    assert done.returncode == 2
    assert words in done.stderr.splitlines()[-1]
    assert folder.description.read_bytes() == before


def test_a_port_in_use_changes_nothing_of_a_run_that_goes_on(tmp_path: Path) -> None:
    folder = LabFolder(tmp_path / "run")
    folder.describe({"settings": Settings().as_json(), "testbed": "mini-chat"})
    before = folder.description.read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "in use" in one_line(
            aar("run", "--resume", str(folder.path), "--minutes", "9", "--port", port)
        )
    assert folder.description.read_bytes() == before


def test_doctor_takes_counts_and_addresses_as_a_run_does() -> None:
    for arguments, words in (
        (("--model", "0*vllm/x"), "the count is wrong"),
        (("--model", ""), "no name"),
        (("--model", "anthropic/x", "--base-url", "nowhere"), "--base-url is not what it can be"),
    ):
        assert words in one_line(aar("doctor", *arguments, env=KEYS))


def test_doctor_asks_no_price_of_a_model_that_cannot_be_used() -> None:
    shown = aar("doctor", "--model", "nobody/x", "--model", "mockllm/x").stdout
    assert "unknown provider" in shown
    assert "price of" not in shown


def test_the_options_of_a_run_are_grouped_and_whole_in_80_columns() -> None:
    shown = aar("run", "--help", env={"COLUMNS": "80", "TERM": "dumb"}).stdout
    assert "…" not in shown
    for panel in ("The study", "Researchers", "Bounds", "This machine", "The run"):
        assert f" {panel} " in shown
    for option in ("--model ", "--price ", "--budget-usd ", "--budget-tokens-each ", "--hours ", "--effort "):
        assert option in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("ending", "ended", "code"),
    [
        ("complete", {}, 0),
        ("budget", {}, 0),
        ("complete", {"r2": {"code": "own_stop", "words": "", "fault": False}}, 0),
        ("complete", {"r2": {"code": "refusals", "words": "", "fault": True}}, 1),
        ("time", {"r2": {"code": "failed", "words": "", "fault": True}}, 1),
        ("researchers_failed", {}, 1),
    ],
)
def test_a_run_in_which_a_researcher_was_given_up_does_not_end_well(
    ending: str, ended: dict[str, object], code: int
) -> None:
    from aar.cli.run import exit_code

    assert exit_code({"ending": ending, "researchers_ended": ended}) == code


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert str(port) in one_line(aar("run", "--port", str(port), cwd=tmp_path))


def test_a_folder_that_is_no_run_cannot_be_resumed(tmp_path: Path) -> None:
    assert "not a run folder" in one_line(aar("run", "--resume", str(tmp_path)))


@pytest.mark.parametrize("command", [("ledger", "verify"), ("queue", "show")])
def test_a_file_is_no_run_folder(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "ledger.jsonl").write_text("{}\n")
    assert "not a run folder" in one_line(aar(*command, str(tmp_path / "ledger.jsonl")))


def test_a_lab_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "method").mkdir()
    (tmp_path / "method" / "method.py").write_text("def run(bench): ...\n")
    (tmp_path / "file").touch()
    for lab in (tmp_path / "file", tmp_path / "file" / "lab"):
        said = one_line(aar("score", str(tmp_path / "method"), "--lab", str(lab)))
        assert "another" in said


def test_an_overruling_reaches_the_mirror_and_the_report(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        lab = fabricate(tmp_path / "lab", patch)
    settings = {**Settings().as_json(), "testbed": "mini-chat"}
    LabFolder(lab).describe({"settings": settings})
    write_report(lab)
    assert "not held against a second copy" not in aar("ledger", "verify", str(lab)).stdout
    told = aar("ledger", "overrule", str(lab), "s13", "--status", "violation", "--note", "reads the clock")
    assert "report written anew" in told.stdout
    checked = aar("ledger", "verify", str(lab)).stdout
    assert "entries hold" in checked
    assert "not held against a second copy" not in checked
    assert '<tr id="s13" class="violation">' in LabFolder(lab).report.read_text()
    lines = LabFolder(lab).ledger.read_text().splitlines(keepends=True)
    LabFolder(lab).ledger.write_text("".join(lines[:-1]))
    refused = aar("ledger", "verify", str(lab))
    assert refused.returncode == 2
    assert "ledger.jsonl lacks the last 1 entries" in refused.stderr
    with hold(LabFolder(lab)):
        running = aar("ledger", "verify", str(lab))
    assert running.returncode == 0
    assert "1 of the entries, which ledger.jsonl lacks" in running.stdout


def test_a_run_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lab.json").write_text(json.dumps({"format": 99, "settings": {}}))
    assert "format 99" in one_line(aar("run", "--resume", str(tmp_path)))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "method.py"),
        ({"method.py": "x = 1\n"}, "run"),
        ({"method.py": "def run(:\n"}, "line 1"),
        ({"method.py": "def run(bench): ...\n", "table.bin": "x"}, "table.bin"),
    ],
)
def test_a_folder_that_is_no_method_is_refused_before_anything_starts(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    folder = tmp_path / "method"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    assert said in one_line(aar("score", str(folder), "--lab", str(tmp_path / "lab")))
    assert not (tmp_path / "lab").exists()


def test_a_refusal_of_a_method_names_what_is_wrong_with_it(tmp_path: Path) -> None:
    method = tmp_path / "method"
    assert "does not exist" in one_line(aar("score", str(method)))
    method.mkdir()
    (method / "method.py").write_text("def run(bench): ...\n")
    assert f"is a file; give its folder, {method}" in one_line(aar("score", str(method / "method.py")))
    (method / "table.py").write_text("#" * 70_000)
    assert "table.py has more than 65536 bytes" in one_line(aar("score", str(method)))


def test_a_lab_file_with_an_unknown_baseline_or_without_researchers_is_refused_at_once(
    tmp_path: Path,
) -> None:
    folder = LabFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.describe({"settings": Settings(baselines=("nope",)).as_json(), "testbed": "mini-chat"})
    assert "baselines hold 'nope': unknown method" in one_line(aar("run", "--resume", str(folder.path)))
    folder.describe({"settings": Settings(researchers=0).as_json(), "testbed": "mini-chat"})
    assert "without researchers" in one_line(aar("run", "--resume", str(folder.path)))


def test_doctor_says_what_is_there_as_json() -> None:
    result = aar("doctor", "--json")
    found = json.loads(result.stdout.strip().splitlines()[-1])
    names = {check["name"].strip() for check in found["checks"]}
    assert {"python", "sandbox", "cores", "gpu", "keys", "disk"} <= names
    assert found["ok"] == (result.returncode == 0)


WITHOUT_SANDBOX = """
import sys
from aar.sandboxes.provider import bubblewrap, docker, docker_engine
for module in (bubblewrap, docker, docker_engine):
    module.tool = lambda name: None
sys.modules["sandlock"] = None
from aar.cli import main
main()
"""
"""The command line on a machine where no provider is installed."""


def aar_without_sandbox(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_SANDBOX, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        check=False,
    )


def test_without_a_sandbox_nothing_is_run_or_scored_and_all_that_would_help_is_named(tmp_path: Path) -> None:
    method = tmp_path / "method"
    method.mkdir()
    (method / "method.py").write_text("def run(bench): ...\n")
    for command in (
        ["run"],
        ["score", str(method), "--lab", str(tmp_path / "lab")],
        ["baselines", "--lab", str(tmp_path / "lab")],
    ):
        line = one_line(aar_without_sandbox(*command, cwd=tmp_path))
        assert "no sandbox works on this machine, so nothing is run" in line
        for remedy in ("apt install bubblewrap", "pip install sandlock", "install Docker Engine"):
            assert remedy in line
    assert [path.name for path in tmp_path.iterdir()] == ["method"]


def test_no_option_turns_the_sandbox_off() -> None:
    for command in ("run", "score", "baselines"):
        text = aar(command, "--help").stdout.lower()
        assert "no-sandbox" not in text
        assert "unsafe" not in text


def test_doctor_names_every_provider_with_its_remedy(tmp_path: Path) -> None:
    result = aar_without_sandbox("doctor", "--json", cwd=tmp_path)
    assert result.returncode == 1
    checks = {
        check["name"].strip(): check for check in json.loads(result.stdout.strip().splitlines()[-1])["checks"]
    }
    for name, remedy in (
        ("bubblewrap", "apt install"),
        ("sandlock", "pip install"),
        ("docker", "Docker Engine"),
    ):
        assert not checks[name]["ok"]
        assert checks[name]["detail"].startswith("not installed")
        assert remedy in checks[name]["remedy"]
        assert remedy in checks["sandbox"]["remedy"]
    assert "refuse to score" in checks["sandbox"]["detail"]


def test_a_run_folder_that_sandboxes_would_show_is_refused(tmp_path: Path) -> None:
    out = Path(sys.prefix) / "runs-of-a-test"
    assert "every sandbox shows" in one_line(aar("run", "--out", str(out), cwd=tmp_path))
    assert not out.exists()


def test_a_feedback_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    refused = aar("run", "--feedback", "loud", cwd=tmp_path)
    assert refused.returncode != 0
    for name in ("ladder", "noisy", "exact"):
        assert name in refused.stderr
    assert not list(tmp_path.iterdir())


def test_exact_feedback_is_said_at_the_start_and_kept_with_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from aar.cli.run import run_lab
    from aar.errors import Interrupted
    from aar.folder import LabFolder
    from aar.launch import launch
    from aar.launch.reserved import listen

    def nothing_more(*_: object, **__: object) -> None:
        raise Interrupted("enough")

    monkeypatch.setattr(launch, "Launch", nothing_more)
    folder = LabFolder(tmp_path / "run")
    with pytest.raises(Interrupted), listen(None) as listener:
        run_lab(folder, Settings(feedback="exact"), listener)
    assert "WARNING: feedback is exact" in capsys.readouterr().err
    assert settings_of(folder).feedback == "exact"


def test_transcripts_are_named_only_where_there_are_any(tmp_path: Path) -> None:
    from aar.cli.run import _transcripts

    folder = LabFolder(tmp_path)
    folder.inspect_logs.mkdir(parents=True)
    assert _transcripts(folder) == []
    (folder.inspect_logs / "r1.eval").touch()
    assert _transcripts(folder) == [f"Transcripts: inspect view --log-dir {folder.inspect_logs}"]


def test_testbeds_are_listed_and_shown_as_json() -> None:
    listed = json.loads(aar("testbed", "list", "--json").stdout.strip().splitlines()[-1])
    assert "mini-chat" in [testbed["name"] for testbed in listed["testbeds"]]
    shown = json.loads(aar("testbed", "show", "mini-chat", "--json").stdout.strip().splitlines()[-1])
    assert shown["kind"] == "pair"
    assert shown["recipe"]["epochs"] > 0


def test_a_setting_that_was_changed_by_hand_is_named_by_the_ledgers_check(tmp_path: Path) -> None:
    folder, settings = LabFolder(tmp_path), Settings(slots=2)
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        note_settings(tx, settings)
    Ledger(store).export_jsonl(folder.ledger)
    store.close()
    folder.describe({"settings": settings.as_json()})
    assert "was changed" not in aar("ledger", "verify", str(tmp_path)).stdout
    folder.describe({"settings": {**settings.as_json(), "slots": 4}})
    assert "slots in lab.json was changed since the lab last started: 2, now 4" in (
        aar("ledger", "verify", str(tmp_path)).stdout
    )


def test_the_version_is_that_of_the_package() -> None:
    assert aar("--version").stdout == f"aar {version('automated-alignment-researchers')}\n"


def test_the_part_of_the_time_that_is_kept_is_what_people_are_told() -> None:
    told = f"last {round(100 * RESERVE)} %"
    shown = aar("run", "--help", env={"COLUMNS": "80", "TERM": "dumb"}).stdout
    assert told in " ".join(shown.replace("│", " ").split())
    docs = Path(__file__).parents[2] / "docs"
    assert told in " ".join((docs / "operate.md").read_text(encoding="utf-8").split())
    assert not [path for path in docs.glob("*.md") if "last fifth" in path.read_text(encoding="utf-8")]


def test_a_run_that_goes_on_with_nothing_left_for_researchers_says_so() -> None:
    from aar.cli.introduction import introduction

    assert not any("no researcher starts" in line for line in introduction(Settings(), ["r1"]))
    assert any(
        "no researcher starts" in line and "--submissions +5" in line for line in introduction(Settings(), [])
    )


def test_a_run_says_who_does_research_and_whether_anything_bounds_their_money() -> None:
    from aar.cli.introduction import introduction

    names = ["r1", "r2", "r3", "r4"]
    models = ("openai/gpt-5", "openai/gpt-5", "openai/gpt-5", "vllm/a")
    settings = Settings(researchers=4, models=models)
    first, second = introduction(settings, names)
    assert first == "researchers: 3 with openai/gpt-5, 1 with vllm/a"
    assert "--budget-usd 50" in second
    assert introduction(Settings(researchers=4, models=models, budget_tokens=10**6), names) == [first]
    assert not any("--budget-usd" in line for line in introduction(Settings(), names))
