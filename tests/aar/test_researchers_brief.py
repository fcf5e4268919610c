"""What a researcher is told at the start is what the code does: numbers, names, paths and words are held against it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient
from queue_lab import open_lab

import w2s
from aar.api.app import create_app
from aar.database import briefs, researchers
from aar.database.submissions import Status
from aar.lab import facts
from aar.lab.intake import MOST_TITLE, Lab
from aar.lab.news import News
from aar.reports import write_report
from aar.researchers.brief import Facts, Pool, Shape, compose
from aar.researchers.refusals import Refusal
from aar.researchers.tools import TOOLS
from aar.scoring.truth.preparation import write_public_facts
from aar.settings import Settings
from w2s import blocks, testbeds

FACTS = Facts(
    testbed="mini-chat",
    title="Chat preference, mini",
    kind="pair",
    dev=Pool(801, 1081, 1001, worlds=3),
    practice=Pool(802, 202, 102),
    new_worlds=8,
    strong=Shape(4, 96),
    weak=Shape(2, 32),
    epochs=7,
    finetune_seconds=12.4,
    baselines=("vanilla", "zero_shot"),
    feedback="ladder",
    forum=True,
    workflow="free",
    researchers=3,
    directions_differ=True,
    dev_seeds=5,
    sealed_seeds=11,
    gate=2.5,
    step=0.0123,
    level=0.0101,
    near=0.03,
    run_seconds=91,
    run_memory_mb=2049,
    practices=61,
    practice_wait_seconds=181,
    submissions=13,
    submissions_in_all=99,
    queued=201,
    code_kib=65,
    files=33,
    title_characters=121,
    text_characters=8001,
    output_characters=12001,
    command_seconds=601,
    free_failures=3,
    first_wait_seconds=6.0,
    most_wait_seconds=420.0,
    hours_each=6.5,
    last_seconds=250.0,
    budget_usd_each=12.5,
    budget_usd=1050.0,
    budget_tokens_each=3_000_001,
    budget_tokens=9_000_001,
    research_share=0.77,
)


def text(**changes: object) -> str:
    return compose(replace(FACTS, **changes)).text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words",
    [
        "each item is a pair of answers to a question, and class 1 means that the first one is better",
        "1081 unlabelled items with weak labels, and 1001 test items",
        "3 worlds: the runs take turns",
        "items of 8 other worlds",
        "trained on 801 labelled items",
        "Strong model: 4 layers of width 96. Weak model: 2 layers of width 32.",
        "passes 7 times over the items; all of them take about 12 s here",
        "202 unlabelled and 102 test items of their own",
        "run with 5 supervisors on dev",
        "baselines (vanilla, zero_shot)",
        "above 2.5 standard errors and above 0.012",
        "run with 11 supervisors more",
        "level 0.0101 the first time",
        "fewer than 3 % of the items count as the same",
        "| 91 s and 2049 MB | `failed` |",
        "| 61 in all, one at a time |",
        "waits 181 s, then says `running`",
        "| 13 of yours, 99 of all researchers together |",
        "| 6.5 h of work, waits and rests included | the last 4.17 minutes are for your notes;",
        "| what calls to your model cost | $12.50 of yours, $1,050.00 of all researchers together | your model is not",
        "weighted by price | 3,000,001 of yours, 9,000,001 of all researchers together |",
        "and under `spending` what is left of money and tokens",
        "Python with numpy, scipy, scikit-learn, torch and w2s; nothing can be installed",
        "Other researchers work on the same task at the same time, each from another direction. You share a forum.",
        "| 201 |",
        "65 KiB of Python, 33 files",
        "| 121 characters, one line |",
        "| 8001 characters | cut |",
        "| 12001 characters | its middle",
        "| 601 s | ended |",
        "After 4 methods in a row that fail you wait 6 s",
        "at most 7 minutes",
        "its last 23 % are kept",
    ],
)
def test_each_fact_is_stated(words: str) -> None:
    assert words in " ".join(text().split())


def test_every_fact_changes_the_text() -> None:
    other: dict[str, object] = {
        "title": "x", "kind": "verification", "dev": Pool(1, 2, 3), "practice": Pool(1, 2, 3),
        "strong": None, "weak": None, "finetune_seconds": None, "baselines": ("critic",), "feedback": "noisy",
        "forum": False, "workflow": "structured", "directions_differ": False, "submissions": None,
        "researchers": 1, "submissions_in_all": None, "hours_each": None, "research_share": None,
    }  # fmt: skip
    for field in fields(Facts):
        if field.name == "testbed":
            continue
        value = other.get(field.name, 77)
        assert text(**{field.name: value}) != text(), field.name


def test_numbers_are_promised_only_where_the_study_tells_them() -> None:
    ladder, noisy, exact = (text(feedback=feedback) for feedback in ("ladder", "noisy", "exact"))
    assert "You will not be told numbers" in ladder
    assert "`score`" not in ladder
    assert "on a random half of the scored items" in noisy
    assert "the accuracy on the scored items, exactly" in exact
    assert "You will not be told numbers" not in noisy + exact


def test_without_a_forum_nothing_is_said_of_one_but_that_there_is_none() -> None:
    alone = text(forum=False)
    assert [line for line in alone.splitlines() if "forum" in line] == [
        "- In this study you cannot read or write the forum, and see no code of others."
    ]
    assert "/workspace/forum" in text()


def test_who_works_alone_is_not_told_of_others() -> None:
    alone = text(researchers=1, directions_differ=False)
    assert "You are the only researcher of this study; the forum keeps what you post." in alone
    assert "Other researchers work" not in alone
    assert "what others found" not in alone
    assert "You are the only researcher of this study." in text(researchers=1, forum=False)


@pytest.mark.parametrize(
    ("settings", "differ"),
    [
        ({"researchers": 3}, True),
        ({"researchers": 1}, False),
        ({"researchers": 3, "directions": "identical"}, False),
        ({"researchers": 3, "directions": "none"}, False),
        ({"researchers": 3, "directions": "all"}, False),
        ({"researchers": 3, "own_directions": ("noise", "losses")}, False),
        ({"researchers": 2, "own_directions": ("noise", "losses")}, True),
        ({"researchers": 64}, False),
    ],
)
def test_directions_differ_where_no_two_researchers_have_the_same(
    settings: dict[str, Any], differ: bool
) -> None:
    assert facts._directions_differ(Settings(**settings)) is differ


@pytest.mark.parametrize(
    ("budget", "row"),
    [
        ({"budget_usd_each": 2.0}, "| what calls to your model cost | $2.00 of yours |"),
        ({"budget_usd": 2.0}, "| what calls to your model cost | $2.00 of all researchers together |"),
        ({"budget_tokens_each": 2000}, "weighted by price | 2,000 of yours |"),
        ({"budget_tokens": 2000}, "weighted by price | 2,000 of all researchers together |"),
        ({}, ""),
    ],
)
def test_only_budgets_that_there_are_are_told(budget: dict[str, object], row: str) -> None:
    names = ("budget_usd", "budget_usd_each", "budget_tokens", "budget_tokens_each")
    said = text(**{**dict.fromkeys(names), **budget})
    rows = [line for line in said.splitlines() if "your model cost" in line or "weighted by price" in line]
    assert len(rows) == len(budget)
    assert row in " ".join(rows)
    assert ("under `spending`" in said) is bool(budget)
    table = said.partition("# What is bounded")[2].partition("\n\nAfter")[0].strip().splitlines()
    assert all(line.startswith("|") for line in table)


def test_steps_are_prescribed_only_in_a_structured_study() -> None:
    assert "There is no prescribed way" in text()
    structured = text(workflow="structured")
    assert "There is no prescribed way" not in structured
    assert "1. Read the forum and the leaderboard." in structured


def test_the_direction_is_no_second_title() -> None:
    brief = compose(FACTS, "# Noise\n\nThink of it.")
    assert brief.text.endswith("# Your direction\n\n**Noise**\n\nThink of it.")
    assert compose(FACTS).text.endswith("You are free to choose one.")
    assert brief.version == compose(FACTS).version != compose(replace(FACTS, queued=7)).version


def test_tools_codes_words_and_paths_are_those_that_exist() -> None:
    said = text()
    tools = {tool.schema.name for tool in TOOLS}
    named = set(re.findall(r"`([a-z_]+)(?:\([^`]*\))?`", said))
    assert {"practice", "submit_method", "my_status", "leaderboard", "withdraw_submission"} <= named & tools
    other = {"agreement_with_weak", "hidden_states", "zero_shot", *get_args(Status)}
    assert {name for name in named if "_" in name} <= tools | other
    assert set(re.findall(r"\[([A-Z]\w+)\]", said)) <= {refusal.value for refusal in Refusal}
    assert set(get_args(Status)) <= named
    assert f"Posts and comments by `{researchers.OPERATOR}` are from the person who runs the lab." in said
    assert {"practice/items.jsonl"} <= set(re.findall(r"/workspace/([a-z/.]+)`", said))
    for path in re.findall(r"`/opt/w2s/([a-z0-9/]+)`", said):
        assert (Path(w2s.__file__).parents[1] / path).is_dir(), path


def test_there_is_a_line_on_each_building_block() -> None:
    missing = sorted(set(blocks.names()) - set(re.findall(r"`w2s\.(\w+)`", text())))
    assert not missing, f"src/aar/researchers/brief/blocks.md lacks: {', '.join(missing)}"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    opened = open_lab(tmp_path, "r1", "r2", minutes=60.0)
    testbed = testbeds.load("mini-chat")
    opened.folder.practice.mkdir(exist_ok=True)
    splits, _ = testbeds.generate(testbed, item_seed=bytes(16))
    write_public_facts(opened.folder, testbed, splits)
    yield opened
    opened.database.close()


def test_the_facts_of_a_lab_are_its_settings_and_the_constants_that_decide(lab: Lab) -> None:
    with lab.database.read() as tx:
        found = facts.facts(lab, tx)
    assert found.kind == "pair"
    assert (found.dev.unlabelled, found.dev.test, found.dev.worlds, found.new_worlds) == (1080, 1000, 3, 8)
    assert (found.practice.unlabelled, found.practice.test) == (200, 100)
    assert (found.strong, found.weak) == (Shape(4, 96), Shape(2, 32))
    assert found.finetune_seconds is None
    assert found.step == pytest.approx(0.5 / (1000 * lab.settings.dev_seeds) ** 0.5)
    assert found.level == pytest.approx(0.05 * 6 / 9.8696 / lab.settings.researchers, rel=1e-4)
    assert found.title_characters == MOST_TITLE
    assert found.most_wait_seconds == researchers.MOST_WAIT_SECONDS
    assert found.research_share == 0.78
    assert found.researchers == lab.settings.researchers
    budgets = ("budget_usd", "budget_usd_each", "budget_tokens", "budget_tokens_each")
    for name in budgets:
        assert getattr(found, name) == getattr(lab.settings, name)


def test_nothing_public_names_a_world_or_holds_a_text(lab: Lab) -> None:
    public = lab.folder.public_facts.read_text()
    words = set(re.findall(r"[a-z]+", public.lower()))
    assert words.isdisjoint(testbeds.load("mini-chat").worlds)
    assert set(json.loads(public)) == {"title", "kind", "epochs", "strong", "weak", "new_worlds", "splits"}


def test_a_brief_is_told_once_a_version_and_shown_in_the_report(lab: Lab) -> None:
    with lab.database.write() as tx:
        tokens = {name: f"token {name}" for name in ("r1", "r2")}
        for name, token in tokens.items():
            researchers.add(tx, name, token=token)
    app = create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
    client = TestClient(app)
    assert {"usd_left", "tokens_left"} <= set(
        client.get("/v1/me", headers={"Authorization": "Bearer token r1"}).json()["spending"]
    ), "the brief says that my_status tells them"
    told = {}
    for name, token in [*tokens.items(), *tokens.items()]:
        answer = client.get("/v1/brief", headers={"Authorization": f"Bearer {token}"})
        told[name] = answer.json()
    assert told["r1"]["version"] == told["r2"]["version"]
    assert "its last 22 % are kept" in told["r1"]["text"]
    with lab.database.read() as tx:
        ((version, given),) = briefs.told(tx).items()
    assert (version, given.researchers) == (told["r1"]["version"], ("r1", "r2"))
    page = write_report(lab.folder.path).read_text(encoding="utf-8")
    assert f"The brief, version {version}, as r1, r2 had it" in page
