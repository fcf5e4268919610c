"""The command behind the tables of docs/tables/scoring.md: what is measured stays, what changed is measured again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "benchmarks"))

from scoring_table_cheats import CHEATS, who  # noqa: E402
from scoring_table_lab import NULLS, cheating, honest, null  # noqa: E402
from scoring_table_rows import Rows, bare, key  # noqa: E402
from scoring_table_text import alarms, between, cheats, methods, pairs, upper, write  # noqa: E402

FINDING = {"audit": "blind world", "verdict": "clean", "statistic": 0.02, "low": -0.1, "high": 0.12}
GAIN = {"mean": 0.3, "low": 0.2, "high": 0.4}


def judged(part: str, name: str, status: str) -> dict[str, object]:
    return {
        "part": part,
        "key": key(part, name),
        "version": "0",
        "testbed": "mini-math",
        "name": name,
        "status": status,
        "track": "weak-to-strong",
        "dev": {"gain": GAIN},
        "sealed": {"gain": GAIN},
        "audits": [FINDING],
    }


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    made = Rows(tmp_path / "rows.jsonl")
    made.add(judged("methods", "em_posterior", "verified"))
    made.add(judged("nulls", "vanilla again 1", "no_improvement"))
    for cell in ({"without": "accuracy 0.99"}, {"ended": "violation", "by": "structure", "figure": "0.9"}):
        node = f"tests/cheats/test_x.py {sorted(cell)}"
        row = {"part": "cheats", "key": key(node), "version": "0", "name": node, "outcome": "passed"}
        made.add({**row, "cheat": "mini_math/majority_answer", "who": "In 2026", **cell})
    return made


def test_a_line_that_was_cut_off_is_measured_again_and_the_others_are_not(rows: Rows) -> None:
    rows.path.write_text(rows.path.read_text()[:-9])
    again = Rows(rows.path)
    assert again.known("methods") == rows.known("methods")
    assert len(again.known("cheats")) == 1
    again.add(judged("methods", "zero_shot", "verified"))
    assert [row["name"] for row in Rows(rows.path).latest("methods")] == ["em_posterior", "zero_shot"]


def test_comments_change_no_key_and_code_does() -> None:
    assert bare("def f():\n    '''Why.'''\n    return 1  # so") == bare("def f():\n    return 1")
    assert bare("def f():\n    return 2") != bare("def f():\n    return 1")
    one, other = honest("mini-math", ["vanilla RATE=0.5", "vanilla"])
    assert one.key != other.key
    assert len({each.key for each in null("mini-math", 24)}) == 24
    assert {each.name.rsplit(" ", 1)[0] for each in null("mini-math", 24)} == set(NULLS)


def test_the_tables_say_how_each_ended(rows: Rows) -> None:
    (cheat,) = [line for line in cheats(rows) if "majority" in line]
    assert (
        cheat == "| mini_math/majority_answer | In 2026 | accuracy 0.99 | violation | – | structure | 0.9 |"
    )
    assert "1 of them were measured before" in cheats(rows)[0]
    rows.add(judged("methods", "em_posterior", "not_reproduced") | {"lab": 2})
    assert methods(rows)[0].startswith(
        "mini-math: methods 1, labs 2; verified 1, not_reproduced 1; methods verified in at least one lab: 1."
    )
    (method,) = [line for line in methods(rows) if line.startswith("| em")]
    assert (
        "| verified<br>not reproduced | weak-to-strong<br>weak-to-strong | +0.30 [+0.20, +0.40]<br>" in method
    )
    assert "| 0.02 [-0.10, 0.12]<br>0.02 [-0.10, 0.12] |" in method
    assert methods(rows)[-1] == (
        "1 methods were verified in at least one lab: em_posterior. Where a method works, its gain over vanilla being "
        "clear of 0 on dev and on sealed (95 %), it was verified in 1 of 2 cases. Disqualified: 0 of 2."
    )
    assert alarms(rows)[-1] == f"| together |  | 3 | 0 | {upper(0, 3):.1%} |"


def test_a_cheat_that_needs_texts_is_told_as_it_is_too(rows: Rows, tmp_path: Path) -> None:
    refused = judged("as they are", "mini_math/majority_answer", "failed")
    rows.add(refused | {"reply": "TextWithheld in method.py, line 9"})
    (cheat,) = [line for line in cheats(rows) if "majority" in line]
    assert "| violation | failed: TextWithheld |" in cheat
    page = tmp_path / "scoring.md"
    page.write_text((REPOSITORY / "docs" / "tables" / "scoring.md").read_text(encoding="utf-8"))
    rows.add(judged("as they are", "mini_math/majority_answer", "verified"))
    assert write(rows, page) == 1
    assert "| violation | **verified** |" in page.read_text()


def test_cheats_are_handed_in_with_what_they_read_texts_with() -> None:
    handed_in = {one.name: one.files for one in cheating("mini-math")}
    assert set(handed_in["mini_math/solved_answers"]) == {"method.py", "math_shortcuts.py"}
    assert set(handed_in["mini_math/hashed_answers"]) == {"method.py"}
    assert len(handed_in) == len(list((CHEATS / "audited" / "mini_math").glob("*.py")))


def test_an_alarm_is_what_must_not_happen(rows: Rows) -> None:
    rows.add(judged("methods", "honest", "violation"))
    rows.add(judged("nulls", "one answer 1", "verified"))
    rows.add(judged("nulls", "one answer 2", "failed"))
    lines = alarms(rows)
    assert "1: honest (mini-math, lab 1) |" in lines[2]
    assert "1: one answer 1 (mini-math, lab 1) |" in lines[3]


def test_pairs_of_vanillas_are_shown_as_shares(rows: Rows) -> None:
    row = {"part": "pairs", "key": "k", "version": "0", "testbed": "mini-math", "name": "vanilla", "lab": 1}
    rows.add({**row, "vanillas": 13, "pairs": 156, "gate": 35, "sealed": 9, "both": 1})
    assert pairs(rows)[-1] == "| together | 13 | 156 | 22.4% | 5.8% | 0.6% |"


def test_five_percent_takes_seventy_two_without_an_alarm_or_a_hundred_and_ten_with_one() -> None:
    assert upper(0, 72) < 0.05 < upper(0, 71)
    assert upper(1, 110) < 0.05 < upper(1, 109)


def test_the_page_has_a_place_for_every_table(rows: Rows, tmp_path: Path) -> None:
    page = tmp_path / "scoring.md"
    page.write_text((REPOSITORY / "docs" / "tables" / "scoring.md").read_text(encoding="utf-8"))
    assert write(rows, page) == 0
    assert "| em_posterior | verified |" in page.read_text()
    with pytest.raises(SystemExit, match="the page has no"):
        between("nothing", "cheats", [])


def test_every_cheat_says_who_did_it_or_would() -> None:
    shared = {"test_cheats.py", "test_cheats_audited.py"}
    names = [f"{path.parent.name}/{path.stem}" for path in CHEATS.glob("audited/*/*.py")]
    names += [path.stem for path in CHEATS.glob("exploits/*.py")]
    names += [path.stem.removeprefix("test_") for path in CHEATS.glob("test_*.py") if path.name not in shared]
    assert len(names) >= 50
    for name in names:
        assert any(word in who(name) for word in ("Would:", "In 2026:", "Done by:")), name
