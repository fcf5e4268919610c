"""Data sets where they are: folders, files, the hub's cache, another name or revision; nulls are counted."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from test_testbeds_real_sources import chat_hub, math_hub

from w2s.errors import BadTestbed, NotFound, Unavailable
from w2s.testbeds.real.sources import chat, math
from w2s.testbeds.real.sources.build import SOURCES, build
from w2s.testbeds.real.sources.rows import checked, from_places, parsed_places
from w2s.testbeds.real.sources.source import Source
from w2s.testbeds.real.store import ImportRequest

Made = Sequence[Mapping[str, Any]]


def jsonl(path: Path, rows: Made) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def parquet(path: Path, rows: Made) -> Path:
    import pyarrow as pa
    from pyarrow import parquet as written

    path.parent.mkdir(parents=True, exist_ok=True)
    written.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)
    return path


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The four chat data sets as their repositories have them, with files beside that must not be read."""
    hub, root = chat_hub(160), tmp_path / "sources"
    rows = {name: list(part) for name, part in hub.rows.items()}
    packed = root / "HelpSteer2" / "train.jsonl.gz"
    jsonl(root / "plain.jsonl", rows["HelpSteer2"])
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress((root / "plain.jsonl").read_bytes()))
    jsonl(root / "HelpSteer2" / "validation.jsonl", [{"other": 1}])
    jsonl(root / "HelpSteer2" / "disagreements" / "train.jsonl", [{"other": 1}])
    jsonl(root / "nvidia" / "HelpSteer3" / "preference" / "train.jsonl", rows["HelpSteer3"])
    jsonl(root / "nvidia" / "HelpSteer3" / "edit" / "train.jsonl", [{"other": 1}])
    for number, domain in enumerate(("chat", "code")):
        part = [{k: v for k, v in row.items() if k != "domain"} for row in rows["RM_Bench"][number::2]]
        path = root / "THU-KEG--RM-Bench" / f"{domain}_filtered.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(part, indent=1))
    parquet(
        root / "datasets--allenai--reward-bench-2" / "snapshots" / "c0ffee" / "data" / "test-0-of-1.parquet",
        rows["reward_bench_2"],
    )
    return root


def test_folders_of_parquet_and_json_give_the_same_testbed_as_the_hub(here: Path, tmp_path: Path) -> None:
    local, streamed = chat.collect(from_places(root=here)), chat.collect(chat_hub(160))
    assert sorted(item.as_line() for item in local.near) == sorted(item.as_line() for item in streamed.near)
    assert sorted(item.as_line() for item in local.far) == sorted(item.as_line() for item in streamed.far)
    done = build(
        "qwen-chat", from_places(root=here), ImportRequest(name="x", like="qwen-chat"), into=tmp_path / "t"
    )
    assert done.imported.ood > 0


def test_a_file_with_everything_is_preferred_to_its_parts(here: Path) -> None:
    folder = here / "THU-KEG--RM-Bench"
    (folder / "total_dataset.json").write_text((folder / "chat_filtered.json").read_text())
    assert len(list(from_places(root=here)(chat.RM_BENCH))) == 80


def test_only_columns_that_are_used_are_read(here: Path) -> None:
    rows = list(from_places(root=here)(chat.REWARD_BENCH_2))
    assert {name for row in rows for name in row} == set(chat.REWARD_BENCH_2.columns)


def test_a_null_in_a_row_is_skipped_and_counted(tmp_path: Path) -> None:
    hub = chat_hub()
    rows = [dict(row) for row in hub.rows["HelpSteer2"]]
    rows[2]["helpfulness"] = None
    rows[6]["response"] = None
    rows = [{**row, "helpfulness": row["helpfulness"] and float(row["helpfulness"])} for row in rows]
    del rows[9]["helpfulness"]
    hub.rows["HelpSteer2"] = list(
        from_places(places={"HelpSteer2": str(parquet(tmp_path / "a.parquet", rows))})(chat.HELPSTEER2)
    )
    three = [dict(row) for row in hub.rows["HelpSteer3"]]
    three[0]["context"] = [{"role": "user", "content": None}]
    three[1]["context"] = [{"role": "user", "content": "Why?", "name": None}]
    hub.rows["HelpSteer3"] = three
    hub.rows["RM_Bench"] = [
        {**row, "chosen": [None, *row["chosen"]]} if i == 3 else row
        for i, row in enumerate(hub.rows["RM_Bench"])
    ]
    pool = chat.collect(hub)
    assert pool.skipped["HelpSteer2: a row without a value in 'helpfulness'"] == 2
    assert pool.skipped["HelpSteer2: a row without a value in 'response'"] == 1
    assert pool.skipped["HelpSteer3: a row without a value in 'context'"] == 1
    assert pool.skipped["RM-Bench: a row without a value in 'chosen'"] == 1
    assert not [item for item in (*pool.near, *pool.far) if "None" in "".join(item.fields.values())]


def test_the_form_of_dapo_without_copies_is_read(tmp_path: Path) -> None:
    hub = math_hub()
    plain = [
        {"prompt": math.plain_question(row["prompt"][0]["content"]), "solution": row["reward_model"]["ground_truth"],
         "data_source": "math_dapo"}
        for row in hub.rows["DAPO_Math_17k"]
    ]  # fmt: skip
    known = math.questions(hub)
    folder = parquet(tmp_path / "processed" / "en" / "train-0.parquet", plain).parents[1]

    def rows(source: Source) -> Any:
        places = from_places(places={"DAPO-Math-17k": str(folder)})
        return places(source) if source is math.DAPO else hub(source)

    assert math.questions(rows) == known
    skipped: list[str] = []
    numbers = [{**row, "solution": float(row["solution"])} for row in plain]
    hub.rows["DAPO_Math_17k"] = [
        {**numbers[0], "solution": None},
        *numbers[1:],
        {"prompt": [], "solution": "1"},
    ]
    assert set(math.questions(hub, skip=skipped.append).items()) <= set(known.items())
    assert skipped == [
        "DAPO-Math-17k: a row without a value in 'reward_model or solution'",
        "DAPO-Math-17k: a row without a question or an answer",
    ]


def test_other_names_configurations_and_revisions_are_asked_of_the_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import datasets

    asked: list[tuple[object, ...]] = []

    class Stream(list):  # type: ignore[type-arg]
        column_names = ("prompt", "solution", "extra_info")

        def select_columns(self, names: list[str]) -> list[dict[str, str]]:
            return [dict.fromkeys(names, "x")]

    def load(name: str, config: object = None, **options: object) -> Stream:
        asked.append((name, config, options.get("revision"), options.get("split")))
        return Stream()

    monkeypatch.setattr(datasets, "load_dataset", load)
    said = parsed_places(["DAPO-Math-17k=open-r1/DAPO-Math-17k-Processed:en@abc", "aime25=@v1"], SOURCES)
    rows = from_places(places=said)
    assert list(rows(math.DAPO)) == [{"prompt": "x", "solution": "x"}]
    list(rows(math.AIME_2025))
    assert asked == [
        ("open-r1/DAPO-Math-17k-Processed", "en", "abc", "train"),
        ("math-ai/aime25", None, "v1", "test"),
    ]
    with pytest.raises(NotFound, match="did you mean HelpSteer2"):
        parsed_places(["HelpSter2=./x"], SOURCES)
    with pytest.raises(BadTestbed, match="NAME=PLACE"):
        parsed_places(["HelpSteer2"], SOURCES)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub on a machine without a network."""
    import datasets
    import huggingface_hub.constants

    def unreachable(*_: object, **__: object) -> object:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_a_data_set_in_the_hubs_cache_is_used_offline(offline: Path) -> None:
    with pytest.raises(
        Unavailable, match=r"no copy in its cache; .*hf download --repo-type dataset math-ai/aime25"
    ):
        list(from_places()(math.AIME_2025))
    folder = offline / "datasets--math-ai--aime25"
    jsonl(folder / "snapshots" / "c0ffee" / "test.jsonl", [{"problem": "Why?", "answer": "7", "id": "0"}])
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("c0ffee")
    assert [row["answer"] for row in from_places()(math.AIME_2025)] == ["7"]


def test_what_is_missing_or_broken_in_a_folder_is_named(here: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"has no folder for math-ai/aime25 .*--source aime25=PLACE"):
        list(from_places(root=here)(math.AIME_2025))
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        Unavailable, match=r"no .parquet or .jsonl or .json file for math-ai/aime25, split test"
    ):
        list(from_places(places={"aime25": str(tmp_path / "empty")})(math.AIME_2025))
    with pytest.raises(Unavailable, match="no such folder or file"):
        list(from_places(places={"aime25": "./nowhere"})(math.AIME_2025))
    torn = tmp_path / "torn.jsonl"
    torn.write_text('{"problem": "a", "answer": "1"}\n{"problem": "b", "ans')
    with pytest.raises(BadTestbed, match=r"torn.jsonl, line 2: is not JSON"):
        list(from_places(places={"aime25": str(torn)})(math.AIME_2025))
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and no more")
    with pytest.raises(BadTestbed, match=r"broken.parquet: cannot be read as parquet"):
        list(from_places(places={"aime25": str(broken)})(math.AIME_2025))
    other = jsonl(tmp_path / "other.jsonl", [{"question": "a", "answer": "1"}])
    with pytest.raises(
        BadTestbed, match=r"line 1, field problem: row has no column 'problem' .it has answer, question"
    ):
        list(checked(from_places(places={"aime25": str(other)}), math.AIME_2025))
