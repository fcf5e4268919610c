"""A user's own testbed, from three files to a scored run: on the command line, and through the lab."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import aar, one_line

from aar.engines import Job
from aar.engines.local import LocalEngine
from aar.errors import NoSandbox
from aar.folder import LabFolder
from aar.launch.run_folder import make
from aar.sandboxes import choose
from aar.scoring.truth.preparation import prepare
from aar.scoring.truth.reference_jobs import plan
from aar.scoring.truth.references import References
from aar.scoring.truth.vault import Vault
from aar.settings import Settings
from aar.students.data import load_testbed, model_folders
from w2s import testbeds
from w2s.errors import Unavailable

TOML = """name = "own-chat"
kind = "pair"
run_minutes = 2
[models]
weak = "../models/weak"
strong = "../models/strong"
[prompts]
template = "Question: {prompt}\\nA: {first}\\nB: {second}\\nVerdict:"
labels = ["second", "first"]
zero_shot_template = "Question: {prompt}\\nA: {first}\\nB: {second}\\nClaim: A is better than B. True or False:"
zero_shot_labels = ["False", "True"]
[recipe]
epochs = 1
learning_rate = 1e-3
max_length = 64
lora_rank = 0
[weak_recipe]
epochs = 20
learning_rate = 3e-3
max_length = 64
lora_rank = 0
"""
METHOD = """
def run(bench):
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.hard)
    return student.predict(bench.test)
"""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mini-chat's items and checkpoints as if they came from elsewhere."""
    root = tmp_path_factory.mktemp("elsewhere")
    mini = testbeds.load("mini-chat")
    splits, truth = testbeds.generate(mini, item_seed=bytes(16))
    for role in ("weak", "strong"):
        shutil.copytree(getattr(mini.worlds["north"], role), root / "models" / role)
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    taken: set[str] = set()
    folder = root / "release"
    folder.mkdir()
    for name, examples in (
        ("test.jsonl", (*splits["dev"][0].test[:120], *splits["sealed"][0].test[:60])),
        ("train_label.jsonl", splits["dev"][0].labelled[:300]),
        ("train_unlabel.jsonl", splits["dev"][0].unlabelled[:500]),
    ):
        chosen = [e for e in examples if e.fields["prompt"] not in taken]
        taken |= {e.fields["prompt"] for e in chosen}
        lines = []
        for i, example in enumerate(chosen):
            body = {**example.fields, "label": "A" if truth[example.id] else "B"}
            if name == "test.jsonl":
                body["subset"] = "id" if i < len(chosen) * 2 / 3 else "ood"
            lines.append(json.dumps(body))
        (folder / name).write_text("\n".join(lines) + "\n")
    (folder / "testbed.toml").write_text(TOML)
    return folder


@pytest.fixture(scope="module")
def own(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("data") / "testbeds"
    result = aar("testbed", "import", str(release), "--into", str(into), "--json")
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout.splitlines()[-1])
    assert said["name"] == "own-chat"
    assert said["sizes"]["dev/unlabelled"] > 20
    return Path(said["folder"])


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path / "data")}


def test_an_imported_testbed_is_found_by_name_listed_and_shown(
    release: Path, tmp_path: Path, home: dict[str, str]
) -> None:
    words = aar("testbed", "import", str(release), "--name", "mine", env=home)
    assert words.returncode == 0, words.stderr
    assert "dev/labelled" in words.stdout
    assert "aar score METHOD --testbed mine" in words.stdout
    listed = json.loads(aar("testbed", "list", "--json", env=home).stdout)["testbeds"]
    here = {one["name"]: one["here"] for one in listed}
    assert (here["mine"], here["qwen-chat"], here["mini-chat"]) == (True, False, True)
    shown = json.loads(aar("testbed", "show", "mine", "--json", env=home).stdout)
    assert shown["models"]["main"]["weak"] == str(release.parent / "models" / "weak")
    assert shown["published"] == []
    assert "is there already" in one_line(aar("testbed", "import", str(release), "--name", "mine", env=home))
    again = aar("testbed", "import", str(release), "--name", "mine", "--replace", env=home)
    assert again.returncode == 0
    assert [path.name for path in (tmp_path / "data" / "aar" / "testbeds").iterdir()] == ["mine"]


def test_published_figures_are_shown_apart_from_measured_ones(home: dict[str, str]) -> None:
    shown = aar("testbed", "show", "qwen-math", env=home).stdout
    assert "Published by others, not measured here" in shown
    assert "Wen, Qiu, Benton, Kirchner, Leike" in shown
    facts = json.loads(aar("testbed", "show", "qwen-math", "--json", env=home).stdout)
    assert {line["name"] for line in facts["published"]} >= {"floor", "ceiling", "vanilla", "critic"}
    assert facts["measured"] is None


def test_a_broken_release_is_one_line_and_leaves_nothing(
    release: Path, tmp_path: Path, home: dict[str, str]
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(release, broken)
    (broken / "testbed.toml").write_text(TOML.replace("../models", str(release.parent / "models")))
    lines = (broken / "test.jsonl").read_text().splitlines()
    lines[4] = lines[4].replace('"label": "A"', '"label": "C"').replace('"label": "B"', '"label": "C"')
    (broken / "test.jsonl").write_text("\n".join(lines))
    line = one_line(aar("testbed", "import", str(broken), env=home))
    assert "test.jsonl, line 5, field label" in line
    checked = aar("testbed", "check", str(broken), "--json", env=home)
    assert checked.returncode == 1
    (problem,) = json.loads(checked.stdout)["problems"]
    assert (problem["file"], problem["line"], problem["field"]) == ("test.jsonl", 5, "label")
    assert not list((tmp_path / "data").rglob("*.jsonl"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "nowhere"), "is missing"),
        (("import", "RELEASE", "--name", "mini-chat"), "shipped testbed"),
        (("import", "RELEASE", "--name", "../up"), "small letters"),
        (("import", "RELEASE", "--weak", "./nowhere"), "no model"),
        (("import", "RELEASE", "--into", "/proc/1"), "cannot write"),
        (("build", "qwen-chatt"), "did you mean qwen-chat"),
        (("build", "qwen-code"), "verdicts"),
        (("build", "qwen-math"), "--proposals FILE"),
        (("show", "qwen-chatt"), "did you mean qwen-chat"),
    ],
)
def test_wrong_input_is_one_clear_line(
    arguments: tuple[str, ...], words: str, release: Path, home: dict[str, str]
) -> None:
    given = [str(release) if one == "RELEASE" else one for one in arguments]
    assert words in one_line(aar("testbed", *given, env=home))


def test_a_testbed_whose_items_are_not_here_cannot_be_run(tmp_path: Path, home: dict[str, str]) -> None:
    line = one_line(aar("run", "--testbed", "qwen-chat", cwd=tmp_path, env=home))
    assert "aar testbed import FOLDER --name qwen-chat" in line
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def lab(own: Path, tmp_path_factory: pytest.TempPathFactory) -> LabFolder:
    testbed = testbeds.load(own)
    folder = LabFolder(tmp_path_factory.mktemp("runs") / "lab")
    settings = Settings(testbed=testbed.name, baseline_seeds=1, sealed_seeds=2, floors=1, ceilings=1)
    make(folder, settings, testbed)
    prepare(folder)
    references = References(folder)
    for job in plan(settings):
        if job.role == "supervisor":
            references.train(job)
    return folder


def test_the_lab_keeps_labels_from_the_students_and_gives_them_the_definition(
    lab: LabFolder, own: Path
) -> None:
    served = load_testbed(lab.service)
    assert served.name == "own-chat"
    assert served.recipe == testbeds.load(own).recipe
    with pytest.raises(Unavailable):
        testbeds.generate(served, item_seed=bytes(16))
    folders = model_folders(lab.service)
    assert [path.name for path in folders] == ["strong", "weak"]
    assert not [path for path in folders if own.is_relative_to(path) or lab.path.is_relative_to(path)]
    truth = Vault(lab.vault).truth
    files = [path.read_bytes() for path in lab.service.rglob("*") if path.is_file()]
    assert not [content for content in files if b'"label"' in content]
    assert set(truth.values()) == {0, 1}


def test_a_method_runs_in_its_sandbox_on_a_users_own_testbed(lab: LabFolder) -> None:
    try:
        provider = choose()
    except NoSandbox as error:
        pytest.skip(str(error))
    job = Job(
        code={"method.py": METHOD},
        testbed="own-chat",
        split="dev",
        supervisor_seeds=(0,),
        student_seed=1,
        salt=b"salt",
        practice=False,
        wall_seconds=120,
        memory_mb=2048,
    )

    async def play() -> object:
        engine = LocalEngine(provider, lab, slots=1, testbed="own-chat")
        await engine.start()
        try:
            return await engine.run(job)
        finally:
            await engine.stop()

    done = asyncio.run(play())
    assert done.status == "ok", done  # type: ignore[attr-defined]
    vault = Vault(lab.vault)
    part = vault.part("dev", 0)
    correct = vault.test_items(part).correct(done.arrays["predictions"])  # type: ignore[attr-defined]
    assert correct.shape == (len(part.test),)
    assert np.isfinite(correct).all()


def test_a_model_beside_the_labels_is_refused(release: Path, tmp_path: Path) -> None:
    into = tmp_path / "testbeds"
    model = into / "careless"
    result = aar("testbed", "import", str(release), "--into", str(into), "--name", "careless")
    assert result.returncode == 0, result.stderr
    for path in (release.parent / "models" / "weak").iterdir():
        shutil.copy(path, model / path.name)
    definition = (model / "testbed.toml").read_text()
    (model / "testbed.toml").write_text(definition.replace(str(release.parent / "models" / "weak"), "./"))
    testbed = testbeds.load(model)
    folder = LabFolder(tmp_path / "lab")
    make(folder, Settings(testbed=testbed.name), testbed)
    with pytest.raises(Unavailable, match="must not see"):
        prepare(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="users are separated as root only")
def test_a_model_that_the_students_user_cannot_read_is_named(own: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    copy = tmp_path / "copy"
    testbed = testbeds.load(own)
    shutil.copytree(Path(testbed.worlds["main"].weak).parent, models)
    shutil.copytree(own, copy)
    text = (copy / "testbed.toml").read_text()
    (copy / "testbed.toml").write_text(
        text.replace(str(Path(testbed.worlds["main"].weak).parent), str(models))
    )
    (models / "strong" / "model.safetensors").chmod(0o600)
    folder = LabFolder(tmp_path / "lab")
    make(folder, Settings(testbed=testbed.name), testbeds.load(copy))
    with pytest.raises(Unavailable, match="chmod -R o"):
        prepare(folder)


def test_other_columns_are_named_on_the_command_line_and_one_problem_is_told_once(
    release: Path, tmp_path: Path, home: dict[str, str]
) -> None:
    folder = tmp_path / "preferences"
    folder.mkdir()
    for path in release.glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        sides = [("first", "second") if row["label"] == "A" else ("second", "first") for row in rows]
        brought = [
            {"id": i, "instruction": row["prompt"], "good": row[better], "bad": row[worse]}
            for i, (row, (better, worse)) in enumerate(zip(rows, sides, strict=True))
        ]
        (folder / path.name).write_text("".join(json.dumps(row) + "\n" for row in brought))
    option = "prompt=instruction,chosen=good,rejected=bad"
    checked = aar("testbed", "check", str(folder), env=home)
    assert checked.returncode == 1
    assert checked.stdout.count(f"--columns {option}") == 1
    assert (
        "train_label.jsonl, line 1 (also in train_unlabel.jsonl: 1, test.jsonl: 1): has the columns"
        in checked.stdout
    )
    assert len(checked.stdout.splitlines()) == 2
    assert aar("testbed", "check", str(folder), "--columns", option, env=home).returncode == 0
    done = aar(
        "testbed", "import", str(folder), "--name", "mine", "--columns", option, "--seed", "3", env=home
    )
    assert done.returncode == 0, done.stderr
    for words in (
        "sides drawn from seed 3; columns left out: id",
        "models by default: Qwen/",
        "prompts by default",
    ):
        assert words in done.stdout
    assert "NAME=THEIRS" in one_line(aar("testbed", "import", str(folder), "--columns", "a", env=home))


def test_a_build_says_which_local_data_set_is_missing(tmp_path: Path, home: dict[str, str]) -> None:
    (tmp_path / "sources").mkdir()
    line = one_line(aar("testbed", "build", "qwen-chat", "--sources", str(tmp_path / "sources"), env=home))
    assert "has no folder for nvidia/HelpSteer2" in line
    assert "did you mean" in one_line(
        aar("testbed", "build", "qwen-chat", "--source", "HelpSter2=x", env=home)
    )
