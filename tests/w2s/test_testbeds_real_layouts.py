"""Preference files in the usual layouts: read where they mean one thing, refused with the option to give elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import release_folder

from w2s.errors import BadTestbed
from w2s.testbeds.real import store
from w2s.testbeds.real.definition_file import read_definition
from w2s.testbeds.real.folder import read_pools
from w2s.testbeds.real.problems import Problems
from w2s.testbeds.real.reading import spelling

Made = dict[str, list[dict[str, object]]]


def brought(
    made: Made, folder: Path, *, columns: str = "", labels: str = "", seed: int = 0
) -> tuple[store.Imported, dict[tuple[str, ...], int]]:
    """The import, and the label of each item by its texts."""
    source = release_folder.write(folder / "release", made)
    said = spelling(columns, labels, seed=seed)
    done = store.import_release(
        source, store.ImportRequest(name="mine", spelling=said), into=folder / "testbeds"
    )
    assert done.folder is not None
    pools = read_pools(done.folder, read_definition(done.folder))
    return done, {tuple(item.fields.values()): item.label for pool in pools.values() for item in pool}


def converted(change: object, kind: str = "pair") -> Made:
    return {
        name: [change(item) for item in items]  # type: ignore[operator]
        for name, items in release_folder.lines(kind).items()
    }


def sides(item: dict[str, object]) -> tuple[object, object]:
    """(better, worse)."""
    return (item["first"], item["second"]) if item["label"] == "A" else (item["second"], item["first"])


def preference(item: dict[str, object]) -> dict[str, object]:
    better, worse = sides(item)
    more = {"subset": item["subset"]} if "subset" in item else {}
    return {"id": 7, "prompt": item["prompt"], "chosen": better, "rejected": worse, "score": 0.5, **more}


def as_messages(item: dict[str, object]) -> dict[str, object]:
    row = preference(item)
    return {**row, "prompt": [{"role": "user", "content": row["prompt"]}]}


def as_conversations(item: dict[str, object]) -> dict[str, object]:
    row = preference(item)
    asked = {"role": "user", "content": row["prompt"]}
    both = {side: [asked, {"role": "assistant", "content": row[side]}] for side in ("chosen", "rejected")}
    return {**row, **both}


def as_shared(item: dict[str, object]) -> dict[str, object]:
    asked = [{"from": "human", "value": item["prompt"]}]
    better, worse = sides(item)
    return {
        "prompt": asked,
        "chosen": [{"from": "gpt", "value": better}],
        "rejected": [{"from": "gpt", "value": worse}],
    }


def as_dialogue(item: dict[str, object]) -> dict[str, object]:
    better, worse = sides(item)
    head = f"\n\nHuman: {item['prompt']}\n\nAssistant: "
    return {"chosen": f"{head}{better}", "rejected": f"{head}{worse}"}


@pytest.mark.parametrize("layout", [preference, as_messages, as_conversations, as_shared, as_dialogue])
def test_chosen_and_rejected_become_pairs_whose_position_tells_nothing(
    layout: object, tmp_path: Path
) -> None:
    made = converted(layout)
    done, labels = brought(made, tmp_path)
    better = {str(sides(item)[0]) for items in release_folder.lines().values() for item in items}
    assert len(labels) == 160
    assert all(((first if label else second) in better) for (_, first, second), label in labels.items())
    assert 0.35 < sum(labels.values()) / len(labels) < 0.65
    (note,) = [note for note in done.notes if note.startswith("read as pairs of chosen and rejected")]
    assert "seed 0" in note
    if layout is preference:
        assert "columns left out: id, score" in note
        _, again = brought({name: items[::-1] for name, items in made.items()}, tmp_path / "again")
        assert again == labels
        _, other = brought(made, tmp_path / "other", seed=1)
        assert other.keys() != labels.keys()


def test_columns_are_named_with_an_option(tmp_path: Path) -> None:
    def renamed(item: dict[str, object]) -> dict[str, object]:
        better, worse = sides(item)
        return {"instruction": item["prompt"], "good": better, "bad": worse, "source": "x"}

    made = converted(renamed)
    with pytest.raises(Problems, match="--columns prompt=instruction,chosen=good,rejected=bad") as caught:
        brought(made, tmp_path / "a")
    assert len(caught.value.problems) == 3
    _, labels = brought(made, tmp_path / "b", columns="prompt=instruction,chosen=good,rejected=bad")
    assert len(labels) == 160
    with pytest.raises(BadTestbed, match="has no column 'best'"):
        brought(made, tmp_path / "c", columns="prompt=instruction,chosen=best,rejected=bad")
    for wrong in ("prompt", "prompts=a", "prompt=a,prompt=b", "prompt=", "first=a,second=a"):
        with pytest.raises(BadTestbed, match="--columns"):
            spelling(wrong, "")


def test_proposed_answers_come_as_messages_completions_or_named_columns(tmp_path: Path) -> None:
    def messages(item: dict[str, object]) -> dict[str, object]:
        turns = [
            {"role": "user", "content": item["question"]},
            {"role": "assistant", "content": item["choice"]},
        ]
        return {"messages": turns, "label": item["label"]}

    def completion(item: dict[str, object]) -> dict[str, object]:
        return {"prompt": item["question"], "completion": item["choice"], "label": item["label"]}

    def named(item: dict[str, object]) -> dict[str, object]:
        return {
            "problem": item["question"],
            "solution": item["choice"],
            "is_correct": int(bool(item["label"])),
        }

    _, plain = brought(converted(dict, "verification"), tmp_path / "0")
    for number, (layout, columns) in enumerate(
        ((messages, ""), (completion, ""), (named, "question=problem,choice=solution,label=is_correct"))
    ):
        _, labels = brought(converted(layout, "verification"), tmp_path / f"{number + 1}", columns=columns)
        assert labels == plain


@pytest.mark.parametrize(
    ("kind", "one", "zero"),
    [
        ("pair", "a", "b"), ("pair", 1, 2), ("pair", "1", "2"), ("pair", 1.0, 2.0), ("pair", "first", "second"),
        ("pair", "model_a", "model_b"), ("verification", 1, 0), ("verification", "1", "0"), ("verification", 1, -1),
        ("verification", "True", "False"), ("verification", "true", "false"), ("verification", "yes", "no"),
        ("verification", 1.0, 0.0), ("verification", "Correct", "Incorrect"),
    ],
)  # fmt: skip
def test_labels_that_mean_one_thing_are_read(kind: str, one: object, zero: object, tmp_path: Path) -> None:
    def encoded(item: dict[str, object]) -> dict[str, object]:
        return {**item, "label": one if item["label"] in ("A", True) else zero}

    _, plain = brought(converted(dict, kind), tmp_path / "a")
    done, labels = brought(converted(encoded, kind), tmp_path / "b")
    assert labels == plain
    assert any(note.startswith("labels: ") for note in done.notes)


@pytest.mark.parametrize(
    ("kind", "one", "zero"),
    [
        ("pair", 0, 1), ("pair", 1, -1), ("pair", True, False), ("pair", "yes", "no"), ("pair", "True", "False"),
        ("verification", 1, 2), ("verification", "A", "B"), ("verification", "good", "bad"),
    ],
)  # fmt: skip
def test_labels_that_may_mean_either_are_refused_until_a_user_says_which(
    kind: str, one: object, zero: object, tmp_path: Path
) -> None:
    def encoded(item: dict[str, object]) -> dict[str, object]:
        return {**item, "label": one if item["label"] in ("A", True) else zero}

    made, names = converted(encoded, kind), ("first", "second") if kind == "pair" else ("true", "false")
    with pytest.raises(Problems, match=f"cannot be told; say --labels {names[0]}=") as caught:
        brought(made, tmp_path / "a")
    assert len(caught.value.problems) == 1
    _, plain = brought(converted(dict, kind), tmp_path / "b")
    said = f"{names[0]}={str(one).casefold()},{names[1]}={str(zero).casefold()}"
    assert brought(made, tmp_path / "c", labels=said)[1] == plain


def test_what_cannot_be_read_in_one_way_is_one_sentence_with_a_count(tmp_path: Path) -> None:
    made = converted(as_dialogue)
    for item in made["test.jsonl"][4:20]:
        item["chosen"] = f"Other words. {item['chosen']}"
    with pytest.raises(Problems) as caught:
        brought(made, tmp_path / "a")
    assert str(caught.value).startswith(
        "test.jsonl, lines 5, 6, 7 and 13 more, field chosen: there is no prompt"
    )
    made = converted(preference)
    made["test.jsonl"][3]["rejected"] = None
    with pytest.raises(BadTestbed, match=r"test.jsonl, line 4, field rejected: is null, not a text"):
        brought(made, tmp_path / "b")


def test_one_problem_on_many_lines_is_told_once(tmp_path: Path) -> None:
    made = release_folder.lines()
    made["train_unlabel.jsonl"] = [{**item, "label": "C"} for item in made["train_unlabel.jsonl"] * 5]
    folder = release_folder.write(tmp_path / "release", made)
    with pytest.raises(Problems) as caught:
        store.import_release(folder, store.ImportRequest(name="x"))
    told = 'train_unlabel.jsonl, lines 1, 2, 3 and 397 more, field label: is "C"; write "A" '
    assert str(caught.value) == told + '(the first is better) or "B"'
    assert json.dumps(caught.value.problems[0].count) == "400"


def test_a_tie_is_named_and_a_column_too_many_is_left_out_where_columns_are_named(tmp_path: Path) -> None:
    def tied(item: dict[str, object]) -> dict[str, object]:
        words = {"A": "model_a", "B": "model_b"}
        return {
            **item,
            "label": "tie" if "bar" in str(item["first"])[:12] else words[str(item["label"])],
            "id": 1,
        }

    columns = "prompt=prompt,first=first,second=second,label=label"
    with pytest.raises(
        BadTestbed, match="the labels are model_a and model_b, and tie, which is neither; leave"
    ):
        brought(converted(tied), tmp_path / "a", columns=columns)
    done, labels = brought(converted(lambda item: {**item, "id": 1}), tmp_path / "b", columns=columns)
    assert len(labels) == 160
    assert any("columns left out: id" in note for note in done.notes)
