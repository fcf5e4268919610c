"""What a report says of researchers: time, outages, runs, what a person asked of them, which bounds were reached."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fabricated_lab import START, execute, submit

import aar.database
from aar import ledger
from aar.database import Transaction, clock, meta, researchers, schema, troubles
from aar.database.charges import ChargeKind
from aar.database.progress import EndReason, ProviderTrouble
from aar.folder import LabFolder
from aar.lab.steering import Steer, steer
from aar.ledger import Ledger
from aar.prices import Cost, Tokens, nano
from aar.reports import contents, write_report
from aar.reports.summary import result_lines, summary

DAY = 86_400.0
Clock = Callable[[float], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Set the clock to so many seconds after the start."""
    seconds = [0.0]
    monkeypatch.setattr(clock, "now", lambda: START + seconds[0])

    def set_to(value: float) -> None:
        seconds[0] = value

    return set_to


def made(folder: Path, story: Callable[[Transaction], object], *, people: int = 2) -> LabFolder:
    """A lab that ran for 380 s, with whatever `story` adds."""
    lab = LabFolder(folder / "run")
    database = aar.database.open(lab.database, create=True)
    with database.write() as tx:
        meta.put(tx, "testbed", "mini-chat")
        meta.put(tx, "elapsed_seconds", 380.0)
        researchers.add(tx, "lab")
        for i in range(people):
            researchers.add(tx, f"r{i + 1}", model="anthropic/claude-opus-4-5")
        story(tx)
    Ledger(database).export_jsonl(lab.ledger)
    database.close()
    return lab


def page(lab: LabFolder) -> str:
    return write_report(lab.path).read_text(encoding="utf-8")


def words(part: str) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", part).split()))


def section(lab: LabFolder, name: str) -> str:
    return words(page(lab).partition(f'<section id="{name}">')[2].partition("</section>")[0])


def pay(tx: Transaction, who: str, *, usd: float = 0.0, tokens: int = 0) -> None:
    ledger.record_charge(
        tx,
        f"call of {who}",
        researcher=who,
        kind=ChargeKind.MODEL,
        tokens=Tokens(9),
        cost=Cost(nano(usd), tokens),
    )


def test_an_outage_that_lasts_to_the_end_is_counted_to_the_end(tmp_path: Path, at: Clock) -> None:
    def story(tx: Transaction) -> None:
        at(20)
        researchers.set_state(tx, "r1", "working")
        troubles.begin(tx, "r1", ProviderTrouble.UNREACHABLE, detail="", permanent=False, next_try_seconds=1)

    assert "provider unreachable: 6 min " in section(made(tmp_path, story), "cost")


def test_what_comes_after_the_end_is_neither_time_nor_outage(tmp_path: Path, at: Clock) -> None:
    def story(tx: Transaction) -> None:
        for who in ("r1", "r2"):
            researchers.set_state(tx, who, "working")
        researchers.note_work(tx, "r1", worked=180.0, since=None)
        troubles.begin(tx, "r2", ProviderTrouble.NO_CREDIT, detail="", permanent=True, next_try_seconds=1)
        at(DAY)
        steer(tx, Steer.STOP, "all")

    text = section(made(tmp_path, story), "cost")
    assert "no credit: 6 min 20 s" in text
    assert text.count(" 3 min ") == 1
    assert text.count(" 6 min 20 s ") >= 2, "r2, of whom no work was noted, and all"
    assert " h " not in text
    assert text.count("stopped by a person") == 2


def test_an_outage_over_which_no_lab_ran_is_no_longer_than_the_lab_ran(tmp_path: Path, at: Clock) -> None:
    def story(tx: Transaction) -> None:
        researchers.set_state(tx, "r1", "working")
        troubles.begin(tx, "r1", ProviderTrouble.NO_CREDIT, detail="", permanent=True, next_try_seconds=1)
        at(DAY)
        troubles.end(tx, "r1")

    assert "no credit: 6 min 20 s" in section(made(tmp_path, story), "cost")


def test_runs_that_only_waited_count_neither_for_their_researcher_nor_in_all(
    tmp_path: Path, at: Clock
) -> None:
    def story(tx: Transaction) -> None:
        id = submit(tx, "r1", "mine", [])
        execute(tx, id, "r1", split="dev", count=5)
        first = schema.runs.c.key.in_(
            schema.runs.select().with_only_columns(schema.runs.c.key).limit(2).scalar_subquery()
        )
        tx.execute(schema.runs.update().where(first).values(tries=0, finished=None, state="queued"))

    lab = made(tmp_path, story)
    database = aar.database.open(lab.database)
    shown = contents.read(database, mirror=lab.ledger)
    database.close()
    assert [person.runs for person in shown.people] == [3, 0]
    assert shown.runs == 3


def test_what_a_person_asked_stands_in_the_report_as_text(tmp_path: Path, at: Clock) -> None:
    def story(tx: Transaction) -> None:
        at(60)
        steer(tx, Steer.TELL, "r2", text="s3 is a <b>shortcut</b>")
        steer(tx, Steer.PAUSE, "all")

    lab = made(tmp_path, story)
    assert "s3 is a &lt;b&gt;shortcut&lt;/b&gt;" in page(lab)
    text = section(lab, "asked")
    assert "UTC r2 tell s3 is a <b>shortcut</b>" in text
    assert "UTC r1, r2 pause –" in text
    quiet = made(tmp_path / "quiet", lambda tx: None)
    assert 'id="asked"' not in page(quiet)


@pytest.mark.parametrize(
    ("settings", "usd", "tokens", "said", "options"),
    [
        ({"budget_tokens": 1000}, 0, 1000, "the budget of 1,000 tokens", "--budget-tokens +1000"),
        ({"budget_usd": 5.0}, 5.5, 0, "the budget of $5.00", "--budget-usd +5"),
        ({"budget_usd_each": 0.5}, 0.5, 0, "a researcher's budget of $0.50", "--budget-usd-each +0.5"),
        ({"budget_tokens": 1001}, 0, 1000, "", ""),
    ],
)
def test_a_budget_that_was_spent_beside_the_time_is_said_with_what_gives_more_of_both(
    tmp_path: Path, at: Clock, settings: dict[str, Any], usd: float, tokens: int, said: str, options: str
) -> None:
    def story(tx: Transaction) -> None:
        meta.put(tx, "settings", {"minutes": 6, **settings})
        meta.put(tx, "ending", {"code": "time"})
        pay(tx, "r1", usd=usd, tokens=tokens)

    result = summary(made(tmp_path, story))
    both = f"The time was up and {said} was used up before" if said else "The time was up before"
    assert result["notices"][0].startswith(both)
    (command,) = result["commands"]
    assert command.endswith(f" --minutes +10 {options}".rstrip())


def test_time_that_was_up_beside_a_spent_budget_is_said_too(tmp_path: Path, at: Clock) -> None:
    def story(tx: Transaction) -> None:
        meta.put(tx, "settings", {"minutes": 6, "hours_each": 0.1})
        meta.put(tx, "ending", {"code": "budget"})
        researchers.set_state(tx, "r1", "finished", reason=EndReason.BUDGET)
        researchers.note_work(tx, "r1", worked=330.0, since=None)

    lab = made(tmp_path, story)
    result = summary(lab)
    assert result["notices"][0].startswith("The time was up and a researcher's time of 0.1 h was used up")
    assert result["commands"][0].endswith(" --minutes +10 --hours-each +0.1")
    assert "its budget is used up" in section(lab, "cost")
    assert "of 6 min" in section(lab, "cost")


def test_who_handed_in_nothing_is_not_counted_among_those_who_did(tmp_path: Path, at: Clock) -> None:
    lab = made(tmp_path, lambda tx: submit(tx, "r1", "mine", []), people=3)
    assert any(
        "1 of 3 researchers handed in 1 submission" in line.text for line in result_lines(summary(lab))
    )
