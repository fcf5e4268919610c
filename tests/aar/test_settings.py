"""The settings of a run: what a person wrote into `lab.json` is refused at once if it cannot be, field by field."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import aar
from fabricated_lab import fabricate

from aar.cli.run_options import SUBMISSIONS
from aar.errors import SettingsError, WrongFormat
from aar.folder import LabFolder
from aar.launch.changes import BUDGETS
from aar.settings import Settings, settings_of

START = {
    "socket": 0,
    "operator_token": "",
    "tokens": {},
    "directions": {},
    "models": {},
    "elapsed": 0.0,
    "to_the_end": False,
    "again": False,
}
"""What the launcher tells a lab over its standard input."""


def lab(path: Path, **changes: object) -> LabFolder:
    folder = LabFolder(path)
    folder.describe({"settings": {**Settings().as_json(), **changes}, "testbed": "mini-chat"})
    return folder


def test_settings_come_back_from_the_file_as_they_went_in(tmp_path: Path) -> None:
    settings = Settings(minutes=20.0, baselines=("vanilla",), submissions_in_all=7, feedback="noisy")
    folder = lab(tmp_path, **settings.as_json())
    assert settings_of(folder) == settings


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("slots", "2", "whole number"),
        ("slots", True, "whole number"),
        ("slots", 2.5, "whole number"),
        ("slots", 0, "greater than or equal to 1"),
        ("sealed_seeds", 1, "greater than or equal to 2"),
        ("seed", -1, "greater than or equal to 0"),
        ("budget_tokens", -5, "greater than 0"),
        ("budget_usd", 0.0, "greater than 0"),
        ("minutes", float("nan"), "finite"),
        ("minutes", float("inf"), "finite"),
        ("minutes", -3.0, "greater than 0"),
        ("minutes", "ten", "number"),
        ("researchers", None, "whole number"),
        ("forum", "yes", "true or false"),
        ("feedback", "loud", "'ladder', 'noisy' or 'exact'"),
        ("baselines", "vanilla", "list"),
        ("baselines", [1], "string"),
        ("testbed", "", "at least 1 character"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(
    tmp_path: Path, field: str, value: object, expected: str
) -> None:
    folder = lab(tmp_path, **{field: value})
    with pytest.raises(SettingsError) as refused:
        settings_of(folder)
    message = str(refused.value)
    assert str(folder.description) in message
    assert field in message
    assert expected in message
    assert "Correct the file" in message


def test_a_misspelt_setting_is_unknown_and_the_one_that_it_was_is_missing(tmp_path: Path) -> None:
    values = Settings().as_json()
    values["slotz"] = values.pop("slots")
    LabFolder(tmp_path).describe({"settings": values})
    with pytest.raises(SettingsError, match=r"slots is missing; a new run has 2.*did you mean slots"):
        settings_of(LabFolder(tmp_path))


@pytest.mark.parametrize("settings", [None, [], "all", 3])
def test_settings_that_are_no_object_are_refused(tmp_path: Path, settings: object) -> None:
    LabFolder(tmp_path).describe({"settings": settings})
    with pytest.raises(SettingsError, match="an object"):
        settings_of(LabFolder(tmp_path))


def test_a_missing_seed_is_one_that_a_new_run_draws(tmp_path: Path) -> None:
    folder = LabFolder(tmp_path)
    folder.describe(
        {"settings": {name: value for name, value in Settings().as_json().items() if name != "seed"}}
    )
    with pytest.raises(SettingsError, match=r"wrong setting: seed is missing; a new run draws one"):
        settings_of(folder)
    folder.describe({"testbed": "mini-chat"})
    with pytest.raises(SettingsError, match="settings are missing"):
        settings_of(folder)


def test_two_testbeds_in_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match='"mini-math" in its settings and "mini-chat" above them'):
        settings_of(lab(tmp_path, testbed="mini-math"))


@pytest.mark.parametrize("text", ["[]", "3", "null", '{"format": "1"}', '{"format": true}', "{}", "{"])
def test_a_file_that_no_version_wrote_is_damaged(tmp_path: Path, text: str) -> None:
    folder = LabFolder(tmp_path)
    folder.description.write_text(text)
    with pytest.raises(WrongFormat, match="is damaged"):
        folder.read_description()


def test_every_wrong_field_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"slots is 0.*queued is -1"):
        settings_of(lab(tmp_path, slots=0, queued=-1))


def test_a_record_with_a_wrong_value_cannot_be_made() -> None:
    with pytest.raises(SettingsError, match="slots"):
        Settings(slots=0)
    with pytest.raises(SettingsError, match="minutes"):
        dataclasses.replace(Settings(), minutes=-1.0)


@pytest.mark.parametrize(
    "command",
    [
        ("aar.cli", "run", "--resume"),
        ("aar.cli", "queue", "show"),
        ("aar.scoring", "serve"),
        ("aar.api",),
    ],
)
def test_every_process_that_reads_the_settings_refuses_them(tmp_path: Path, command: tuple[str, ...]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        path = fabricate(tmp_path / "lab", patch)
    folder = lab(path, slots="many")
    result = subprocess.run(
        [sys.executable, "-m", *command, str(folder.path)],
        capture_output=True,
        text=True,
        check=False,
        input=json.dumps(START),
    )
    assert result.returncode != 0
    assert 'slots is "many"; it should be a whole number' in result.stderr
    assert "slots" in result.stderr.splitlines()[-1]


def test_an_overruling_with_wrong_settings_changes_nothing(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        path = fabricate(tmp_path / "lab", patch)
    folder = lab(path, slots="many")
    before = folder.database.read_bytes()
    command = ("ledger", "overrule", str(path), "s13", "--status", "violation", "--note", "reads the clock")
    result = aar(*command)
    assert "slots" in result.stderr
    assert folder.database.read_bytes() == before


def test_help_names_the_budget_that_a_new_run_has() -> None:
    assert str(Settings().submissions) == SUBMISSIONS


def test_the_file_is_what_a_person_can_read(tmp_path: Path) -> None:
    settings = json.loads(lab(tmp_path).description.read_text())["settings"]
    assert settings["baselines"] == ["vanilla", "confident_labels", "zero_shot"]


def test_a_file_of_a_version_with_one_model_and_hidden_tokens_is_read(tmp_path: Path) -> None:
    values = Settings().as_json()
    later = {"models", "model_args", "effort", "temperature", "base_url", "prices", *BUDGETS}
    earlier = {name: value for name, value in values.items() if name not in later}
    folder = LabFolder(tmp_path)
    folder.describe({"settings": {**earlier, "model": "openai/gpt-5", "tokens": 2_000_000}})
    read = settings_of(folder)
    assert (read.models, read.model_of(2), read.budget_tokens_each) == (
        ("openai/gpt-5",),
        "openai/gpt-5",
        None,
    )
    folder.describe({"settings": {**earlier, "model": "openai/gpt-5", "tokens": 5_000}})
    assert settings_of(folder).budget_tokens_each == 5_000
