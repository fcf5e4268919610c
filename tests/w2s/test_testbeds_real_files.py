"""What a user writes or hands over beside items: archives, testbed.toml, names; and the published lines."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
import release_folder
from scipy import stats

from w2s import testbeds
from w2s.errors import BadTestbed, NotFound, Unavailable
from w2s.testbeds.real import archive, published, store
from w2s.testbeds.real.definition import FILE
from w2s.testbeds.real.definition_file import read_definition
from w2s.testbeds.real.definition_text import as_toml
from w2s.testbeds.real.hub import fetched, folders_of
from w2s.testbeds.real.problems import Problems
from w2s.testbeds.real.qwen import QWEN


def packed(path: Path, members: dict[str, bytes | tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = release_folder.write(tmp_path_factory.mktemp("plain"), release_folder.lines())
    return {name: (folder / name).read_bytes() for name in release_folder.COUNTS}


@pytest.mark.parametrize("prefix", ["", "release/", "./a/b/"])
def test_an_archive_is_imported_like_the_folder_that_it_holds(
    prefix: str, three: dict[str, bytes], tmp_path: Path
) -> None:
    packed(tmp_path / "release.tar.gz", {prefix + name: content for name, content in three.items()})
    direct = store.import_release(tmp_path / "release.tar.gz", store.ImportRequest(name="a"))
    found = store.import_release(tmp_path, store.ImportRequest(name="a"))
    assert direct == found
    assert sum(direct.sizes.values()) == 160
    assert [path.name for path in tmp_path.iterdir()] == ["release.tar.gz"]


def link(name: str, kind: bytes, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


HOSTILE = {
    "an absolute name": ({"/etc/test.jsonl": b"{}"}, "outside"),
    "a name above": ({"../test.jsonl": b"{}"}, "outside"),
    "a name above within": ({"a/../../test.jsonl": b"{}"}, "outside"),
    "a link": ({"x": link("test.jsonl", tarfile.SYMTYPE, "/etc/passwd")}, "link or a device"),
    "a hard link": ({"x": link("test.jsonl", tarfile.LNKTYPE, "train_label.jsonl")}, "link or a device"),
    "a device": ({"x": link("test.jsonl", tarfile.CHRTYPE, "")}, "link or a device"),
    "a pipe": ({"x": link("test.jsonl", tarfile.FIFOTYPE, "")}, "link or a device"),
    "another file": ({"labels.csv": b"1"}, "none of the three"),
    "a file twice": ({"test.jsonl": b"{}", "a/test.jsonl": b"{}"}, "twice"),
    "too many": ({f"d{i}": link(f"d{i}", tarfile.DIRTYPE, "") for i in range(100)}, "more than 64"),
    "two of three": ({"test.jsonl": b"{}", "train_label.jsonl": b"{}"}, "lacks train_unlabel.jsonl"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_archive_is_refused_and_writes_nowhere_else(what: str, tmp_path: Path) -> None:
    members, words = HOSTILE[what]
    path = packed(tmp_path / "bad.tar.gz", members)  # type: ignore[arg-type]
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(BadTestbed, match=words):
        archive.unpack(path, into)
    assert {file.name for file in into.iterdir()} <= set(archive.NAMES)
    assert {file.name for file in tmp_path.iterdir()} == {"bad.tar.gz", "into"}
    assert not any(file.is_symlink() for file in into.iterdir())


def test_an_archive_that_unpacks_to_too_much_is_stopped(
    three: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FILE_BYTES", 1 << 20)
    path = packed(tmp_path / "bomb.tar.gz", {**three, "test.jsonl": bytes(64 << 20)})
    (tmp_path / "into").mkdir()
    with pytest.raises(BadTestbed, match="unpacks to"):
        archive.unpack(path, tmp_path / "into")
    assert sum(file.stat().st_size for file in (tmp_path / "into").rglob("*")) < 4 << 20


@pytest.mark.parametrize("cut", [0, 10, 1000])
def test_half_an_archive_is_refused(cut: int, three: dict[str, bytes], tmp_path: Path) -> None:
    path = packed(tmp_path / "cut.tar.gz", dict(three))
    path.write_bytes(path.read_bytes()[:cut])
    (tmp_path / "into").mkdir()
    with pytest.raises(BadTestbed, match=r"not a whole .tar.gz|lacks"):
        archive.unpack(path, tmp_path / "into")


TOML = """name = "mine"
kind = "pair"
title = "Mine"
[models]
weak = "Qwen/Qwen1.5-0.5B-Chat"
strong = "Qwen/Qwen3-4B-Base"
[recipe]
epochs = 2
[carve]
ood = ["far"]
"""


def test_what_a_toml_file_leaves_out_comes_from_the_study(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(TOML)
    definition = read_definition(tmp_path)
    assert definition.recipe.epochs == 2
    assert definition.recipe.lora_rank == 32
    assert definition.weak_recipe.epochs == 5
    assert definition.ood == ("far",)
    assert definition.prompts == QWEN["qwen-chat"].prompts


@pytest.mark.parametrize("name", sorted(QWEN))
def test_a_definition_that_is_written_is_read_back_the_same(name: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(as_toml(QWEN[name]))
    assert read_definition(tmp_path) == QWEN[name]


WRONG = {
    "no TOML": ('kind = "pair"', "kind = pair", 2, "", "not TOML"),
    "an unknown key": ("title", "titel", 3, "titel", "did you mean title"),
    "an unknown table": ("[recipe]", "[recipes]", 7, "recipes", "did you mean recipe"),
    "a bad kind": ('"pair"', '"pairs"', 2, "kind", "one of 'pair'"),
    "a bad name": ('"mine"', '"My testbed"', 1, "name", "small letters"),
    "a name that leads away": ('"mine"', '"../x"', 1, "name", "small letters"),
    "a number as text": ("epochs = 2", 'epochs = "2"', 8, "recipe.epochs", "whole number"),
    "a truth value as number": ("epochs = 2", "epochs = true", 8, "recipe.epochs", "whole number"),
    "too many epochs": ("epochs = 2", "epochs = 21", 8, "recipe.epochs", "from 1 to 20"),
    "no number": ("epochs = 2", "learning_rate = nan", 8, "recipe.learning_rate", "from 1e-08"),
    "a model that is not there": ('"Qwen/Qwen3-4B-Base"', '"./nowhere"', 6, "models.strong", "no config.json"),
    "a model that is no name": ('"Qwen/Qwen3-4B-Base"', '"a b/c"', 6, "models.strong", "owner/name"),
    "marks that are no list": ('["far"]', '"far"', 10, "carve.ood", "list of texts"),
    "a model is missing": ('strong = "Qwen/Qwen3-4B-Base"\n', "", 4, "models.strong", "is missing"),
    "a template of other fields": (
        "[recipe]", '[prompts]\ntemplate = "{prompt} {first} {answer}"\n[recipe]', 8, "prompts.template", "names",
    ),
    "a template with a field missing": (
        "[recipe]", '[prompts]\ntemplate = "{prompt} {first}"\n[recipe]', 8, "prompts.template", "not name {second}",
    ),
    "one label": ("[recipe]", '[prompts]\nlabels = ["A", "A"]\n[recipe]', 8, "prompts.labels", "two different"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_toml_file_is_refused_with_line_and_field(what: str, tmp_path: Path) -> None:
    old, new, line, field, words = WRONG[what]
    assert old in TOML
    (tmp_path / FILE).write_text(TOML.replace(old, new, 1))
    with pytest.raises(Problems, match=words) as caught:
        read_definition(tmp_path)
    problem = caught.value.problems[0]
    assert (problem.file, problem.line, problem.field) == (FILE, line, field)


def test_the_studys_testbeds_are_described_but_their_items_must_be_fetched() -> None:
    for name in QWEN:
        testbed = testbeds.describe(name)
        assert testbed.worlds["main"].strong == "Qwen/Qwen3-4B-Base"
        assert (testbed.recipe.lora_rank, testbed.recipe.epochs, testbed.recipe.max_length) == (32, 5, 8192)
        with pytest.raises(Unavailable, match="aar testbed import"):
            testbeds.generate(testbed, item_seed=bytes(16))


def test_templates_fit_the_bounds_of_a_method_and_name_their_items() -> None:
    from w2s.contract import check_fields, fields_of

    for definition in QWEN.values():
        for template in (definition.prompts.template, definition.prompts.zero_shot_template):
            check_fields(template, fields_of(definition.kind))


def test_a_folder_without_a_testbed_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="import a release first"):
        testbeds.load(tmp_path)
    with pytest.raises(NotFound, match="did you mean mini-chat"):
        testbeds.load("mini-chta")


def test_a_hub_that_cannot_be_reached_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def unreachable(name: str, **options: object) -> str:
        raise ConnectionError("no route to host\nmore")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(Unavailable, match="hf download a/b") as caught:
        fetched("a/b")
    assert "\n" not in str(caught.value)


def test_a_model_without_all_of_its_weights_is_completed_and_not_taken_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    (tmp_path / "config.json").write_text("{}")
    asked: list[bool] = []

    def here(name: str, *, local_files_only: bool = False, **options: object) -> str:
        asked.append(local_files_only)
        if not local_files_only:
            raise ConnectionError("no route to host")
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", here)
    with pytest.raises(Unavailable, match=r"'a/b' is on this machine without model.safetensors and the hub"):
        fetched("a/b")
    assert asked == [True, False]
    index = {"weight_map": {"x": "model-1.safetensors", "y": "model-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "model-1.safetensors").write_bytes(b"x")
    with pytest.raises(Unavailable, match=r"without model-2.safetensors"):
        fetched("a/b")
    (tmp_path / "model-2.safetensors").write_bytes(b"x")
    assert fetched("a/b") == tmp_path


def test_a_model_of_the_hubs_cache_shows_the_folder_that_its_links_lead_to(tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "1"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    (blobs / "c0de").write_text("{}")
    (snapshot / "config.json").symlink_to("../../blobs/c0de")
    assert folders_of(snapshot) == [blobs, snapshot]


def test_published_lines_are_those_of_the_study_and_name_their_source() -> None:
    table = {
        "qwen-chat": (0.5280, 0.7325, 0.204, 0.234, 0.027, -0.038),
        "qwen-math": (0.5360, 0.7176, 0.338, 0.296, 0.586, 0.260),
        "qwen-code": (0.5768, 0.6936, 0.129, 0.192, 0.144, -0.093),
    }
    for name, (floor, ceiling, *pgrs) in table.items():
        lines = {line.name: line for line in published.lines(name)}
        assert lines["floor"].accuracy == pytest.approx(floor, abs=6e-5)
        assert lines["ceiling"].accuracy == pytest.approx(ceiling, abs=6e-5)
        measured = [lines[key].pgr for key in ("vanilla", "confident_labels", "zero_shot", "critic")]
        assert measured == pytest.approx(pgrs, abs=6e-4)
        assert all("Wen, Qiu, Benton, Kirchner, Leike" in line.source for line in lines.values())
        assert lines["zero_shot"].caveat
        assert published.by_seed(name, "floor")[42] > 0.5
    assert published.lines("mini-chat") == ()


def test_published_methods_have_intervals_over_seeds_and_stated_figures_have_none() -> None:
    halves = []
    for name in ("qwen-chat", "qwen-math", "qwen-code"):
        for line in published.lines(name):
            if line.accuracy is None or line.pgr is None:
                assert line.pgr_low is line.pgr_high is None
            else:
                assert line.pgr_low < line.pgr < line.pgr_high
                halves.append((line.pgr_high - line.pgr_low) / 2 / stats.t.ppf(0.975, line.seeds - 1))
    # the standard errors of PGR over five seeds that the study's figures are known for
    assert 0.02 < min(halves) < max(halves) < 0.09
    vanilla = {line.name: line for line in published.lines("qwen-chat")}["vanilla"]
    assert "PGR 0.204  [0.08, 0.32] over seeds" in str(vanilla)
