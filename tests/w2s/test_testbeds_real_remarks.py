"""An import says at once what was taken by default, what is uneven, and what is too small to show anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import release_folder

from w2s import testbeds
from w2s.errors import BadTestbed
from w2s.testbeds.real import store


def imported(made: dict[str, list[dict[str, object]]], folder: Path, **wanted: object) -> store.Imported:
    source = release_folder.write(folder / "release", made)
    return store.import_release(source, store.ImportRequest(**wanted), into=folder / "testbeds")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["pair", "verification"])
def test_models_prompts_and_recipe_by_default_are_named_and_no_other_data_are_described(
    kind: str, tmp_path: Path
) -> None:
    for number, name in enumerate((None, "mine")):
        done = imported(release_folder.lines(kind), tmp_path / f"{number}", name=name)
        told = "\n".join(done.notes)
        assert (
            "models by default: Qwen/Qwen1.5-0.5B-Chat supervises Qwen/Qwen3-4B-Base; others: --weak" in told
        )
        assert "prompts by default those of qwen-" in told
        assert "recipe by default the study's: LoRA of rank 32, 5 epochs" in told
        assert done.folder is not None
        testbed = testbeds.load(done.folder)
        for words in ("DAPO", "AIME", "HelpSteer", "RM-Bench"):
            assert words not in testbed.description + testbed.title
    studys = imported(release_folder.lines(), tmp_path / "study", name="qwen-chat")
    assert not [note for note in studys.notes if "default" in note]
    assert studys.folder is not None
    assert "HelpSteer2" in testbeds.load(studys.folder).description


def test_a_testbed_toml_says_what_it_leaves_out(tmp_path: Path) -> None:
    folder = release_folder.write(tmp_path / "release", release_folder.lines())
    models = '[models]\nweak = "a/b"\nstrong = "c/d"\n'
    (folder / "testbed.toml").write_text(f'name = "mine"\nkind = "pair"\n{models}[recipe]\nepochs = 2\n')
    notes = store.import_release(folder, store.ImportRequest()).notes
    assert [note.split(":")[0] for note in notes if "default" in note] == [
        "prompts by default those of qwen-chat"
    ]


def test_one_question_for_all_items_is_told_with_the_right_remedy(tmp_path: Path) -> None:
    made = release_folder.lines("verification")
    for items in made.values():
        for i, item in enumerate(items):
            item["choice"] = f"{item['question']} {i}"
            item["question"] = "Is this sentence acceptable?"
    with pytest.raises(BadTestbed, match=r"items ask .nearly. the same question") as caught:
        imported(made, tmp_path, name="mine")
    first = str(caught.value).split(". ")[0]
    assert "put what differs between the items into question" in first
    assert "give more items" not in first


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pair", r"second is the better answer in \d+% of .*swap the answers"),
        ("verification", r"\d+% of .* are wrong"),
    ],
)
def test_classes_of_very_different_size_are_warned_about(kind: str, words: str, tmp_path: Path) -> None:
    parts = [release_folder.lines(kind, seed=seed) for seed in range(5)]
    made = {name: [item for part in parts for item in part[name]] for name in release_folder.COUNTS}
    for items in made.values():
        for i, item in enumerate(items):
            item["label"] = (i % 9 == 0) if kind == "verification" else "A" if i % 9 == 0 else "B"
    done = imported(made, tmp_path, name="mine")
    assert [warning for warning in done.warnings if re.match(words, warning)]


def test_pools_in_which_little_can_be_shown_are_named(tmp_path: Path) -> None:
    notes = imported(release_folder.lines(), tmp_path, name="mine").notes
    assert [
        note
        for note in notes
        if note.startswith("dev/test has 13 items of 13 questions: an accuracy below 0.89")
    ]
    assert [note for note in notes if note.startswith("practice has")]
