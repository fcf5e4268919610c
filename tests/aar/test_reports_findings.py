import html
import re
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fabricated_lab import decide, estimate, execute, fabricate, submit

import aar.database
from aar import ledger
from aar.database import Transaction, meta, researchers, runs, spending, submissions, troubles
from aar.database.charges import ChargeKind
from aar.database.figures import Figures
from aar.database.progress import EndReason, ProviderTrouble
from aar.database.submissions import Ended
from aar.folder import LabFolder
from aar.lab import cancellation
from aar.ledger import Ledger
from aar.prices import Cost, Tokens, nano
from aar.reports import write_report
from aar.reports.ranking import leader
from aar.reports.summary import result_lines, summary
from aar.submissions.snapshots import Snapshots
from w2s.records import Estimate

Found = dict[str, Any]
TITLE = "surest 70 % by likelihood"
CLEAN = {"audit": "swap", "verdict": "clean", "sentence": "It does not.", "n": 500}
BLIND = {"audit": "blind world", "verdict": "no power", "sentence": "Too little.", "n": 0}


def in_words(found: dict[str, Any]) -> list[str]:
    """What the terminal shows of a run."""
    return [line.text for line in result_lines(found)]


def made(folder: Path, story: Callable[[Transaction], object], *, people: int = 2) -> LabFolder:
    """A lab with one measured baseline, s1, and whatever `story` adds."""
    lab = LabFolder(folder / "runs" / "20261121-093000-mini-chat")
    database = aar.database.open(lab.database, create=True)
    with database.write() as tx:
        meta.put(tx, "testbed", "mini-chat")
        meta.put(tx, "elapsed_seconds", 380.0)
        researchers.add(tx, "lab")
        for i in range(people):
            researchers.add(tx, f"r{i + 1}", model="aar/evolution")
        submit(tx, "lab", "vanilla", [])
        decide(tx, "s1", "dev", "pending", "", measured(0.24))
        decide(tx, "s1", "sealed", "verified", "baseline", measured(0.24, seeds=8))
        story(tx)
    Ledger(database).export_jsonl(lab.ledger)
    database.close()
    return lab


def measured(pgr: float, gain: Estimate | None = None, *, seeds: int = 5, **more: object) -> Figures:
    found = Figures(
        seeds=seeds,
        n=1000,
        accuracy=estimate(0.62 + 0.3 * pgr, half=0.02, seeds=seeds, n=1000),
        pgr=estimate(pgr, half=0.1, seeds=seeds, n=1000),
        champion="s1" if gain is not None else None,
        gain=gain,
    )
    return replace(found, **more)  # type: ignore[arg-type]


def between(low: float, mean: float, high: float) -> Estimate:
    return Estimate(mean=mean, low=low, high=high, seeds=8, n=1000)


def confirmed(tx: Transaction, status: submissions.Status, sealed: Figures, *, title: str = TITLE) -> str:
    """A submission of r2 that passed on dev, with eight seeds asked for, and what sealed said of it."""
    id = submit(tx, "r2", title, [])
    decide(tx, id, "dev", "pending", "", measured(0.62, between(0.2, 0.38, 0.5), sealed_seeds=8))
    decide(tx, id, "sealed", status, "", sealed)
    return id


def refused(tx: Transaction, figures: Figures, *, title: str = TITLE) -> None:
    decide(tx, submit(tx, "r2", title, []), "dev", "no_improvement", "", figures)


def said(folder: Path, story: Callable[[Transaction], object]) -> tuple[str, str]:
    """Outcome and sentence of the one submission of a lab, without its name."""
    (only,) = summary(made(folder, story))["findings"]
    assert only["submission"] == "s2"
    return only["outcome"], only["sentence"].removeprefix(f"s2, “{TITLE}” by r2, ")


def text_of(page: str) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", page).split()))


# -- one sentence for each kind of outcome ------------------------------------------------------------------


def test_what_is_verified_closes_a_part_of_the_gap(tmp_path: Path) -> None:
    sealed = measured(0.62, between(0.2, 0.38, 0.5), seeds=8)
    assert said(tmp_path, lambda tx: confirmed(tx, "verified", sealed)) == (
        "verified",
        "closes 0.62 [0.52, 0.72] of the gap between the weak and the strong model on items that nobody had seen.",
    )


@pytest.mark.parametrize(
    ("gain", "seeds", "sentence"),
    [
        (
            between(-0.04, 0.15, 0.36),
            8,
            "looked better on dev (0.62) but its gain on unseen items, +0.15 PGR, could be chance: −0.04 to +0.36.",
        ),
        (
            between(-0.2, -0.1, 0.0),
            8,
            "looked better on dev (0.62) but gained nothing on unseen items: −0.10 [−0.20, +0.00] PGR.",
        ),
        (
            between(0.01, 0.1, 0.2),
            8,
            "looked better on dev (0.62) but its gain on unseen items, +0.10 [+0.01, +0.20] PGR, is not certain enough "
            "for attempt 3 of its author at level 0.0034.",
        ),
        (
            between(-0.1, 0.01, 0.12),
            4,
            "looked better on dev (0.62) but its confirmation was ended after 4 of 8 seeds: a gain of +0.01 "
            "[−0.10, +0.12] PGR left it no chance of being confirmed.",
        ),
    ],
    ids=["chance", "nothing", "strict level", "ended early"],
)
def test_what_was_not_reproduced_says_what_it_gained(
    tmp_path: Path, gain: Estimate, seeds: int, sentence: str
) -> None:
    sealed = measured(0.4, gain, seeds=seeds, attempt=3, alpha=0.0034)
    assert said(tmp_path, lambda tx: confirmed(tx, "not_reproduced", sealed)) == ("not_reproduced", sentence)


def test_without_a_gap_the_gain_is_one_of_accuracy(tmp_path: Path) -> None:
    sealed = replace(measured(0.4, seeds=8), accuracy_gain=between(-0.01, 0.02, 0.05))
    _, sentence = said(tmp_path, lambda tx: confirmed(tx, "not_reproduced", sealed))
    assert "its gain on unseen items, +0.02 of accuracy, could be chance: −0.01 to +0.05" in sentence


@pytest.mark.parametrize(
    ("gain", "sentence"),
    [
        (
            between(-0.03, 0.05, 0.13),
            "gained +0.05 PGR over vanilla on dev, which could be chance: −0.03 to +0.13.",
        ),
        (
            between(-0.2, -0.1, 0.01),
            "did not beat vanilla, the record, on dev: −0.10 [−0.20, +0.01] PGR.",
        ),
        (
            between(0.01, 0.05, 0.13),
            "gained +0.05 [+0.01, +0.13] PGR over vanilla on dev, less than the gate asks for.",
        ),
        (None, "did not beat the record on dev (0.29)."),
    ],
    ids=["chance", "below", "gate", "not compared"],
)
def test_no_improvement_says_by_how_much(tmp_path: Path, gain: Estimate | None, sentence: str) -> None:
    assert said(tmp_path, lambda tx: refused(tx, measured(0.29, gain))) == ("no_improvement", sentence)


def test_a_repetition_names_what_it_repeats(tmp_path: Path) -> None:
    assert said(tmp_path, lambda tx: refused(tx, Figures(seeds=0, n=1000, same_as="s1"))) == (
        "repeats",
        "repeats s1 and was answered as that was: no improvement.",
    )


def test_a_failure_names_error_file_and_line(tmp_path: Path) -> None:
    def story(tx: Transaction) -> None:
        id = submit(tx, "r2", TITLE, [])
        execute(tx, id, "r2", split="dev", count=1, fails=True)
        decide(tx, id, "dev", "failed", "ValueError", Figures(seeds=0, n=1000, note="run failed"))

    assert said(tmp_path, story) == ("failed", "failed: ValueError in method.py, line 41.")


def test_what_the_lab_lost_is_not_blamed(tmp_path: Path) -> None:
    def story(tx: Transaction) -> None:
        id = submit(tx, "r2", TITLE, [])
        decide(tx, id, "dev", "failed", "lost", Figures(seeds=0, n=1000), ended=Ended.LOST)

    outcome, sentence = said(tmp_path, story)
    assert outcome == "lost"
    assert sentence.endswith("the code is not blamed.")


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (lambda tx, id: cancellation.withdraw(tx, "r2", id), "withdrawn by its author"),
        (
            lambda tx, id: cancellation.cancel(tx, id, reason="too slow"),
            "cancelled by the person who runs the lab: too slow",
        ),
    ],
    ids=["by its author", "by a person"],
)
def test_what_was_cancelled_says_by_whom(
    tmp_path: Path, end: Callable[[Transaction, str], object], why: str
) -> None:
    def story(tx: Transaction) -> None:
        id = submit(tx, "r2", TITLE, [])
        wait(tx, id, count=2, split="dev")
        end(tx, id)

    assert said(tmp_path, story) == ("cancelled", f"was not judged: {why}.")


def test_a_violation_names_the_rule(tmp_path: Path) -> None:
    rule = "a method may not live off how often an answer was proposed"

    def story(tx: Transaction) -> None:
        id = submit(tx, "r2", TITLE, [])
        decide(tx, id, "dev", "pending", "", measured(0.62))
        decide(tx, id, "sealed", "violation", "", measured(0.6, seeds=8), rule=rule)

    assert said(tmp_path, story) == ("violation", f"broke a rule: {rule}.")


@pytest.mark.parametrize(
    ("passed", "sentence"),
    [
        (False, "was not judged before the run ended: 2 runs of it are left."),
        (True, "passed on dev (0.62) but was not confirmed before the run ended: 2 runs of it are left."),
    ],
)
def test_what_was_cut_off_says_how_many_runs_are_left(tmp_path: Path, passed: bool, sentence: str) -> None:
    def story(tx: Transaction) -> None:
        id = submit(tx, "r2", TITLE, [])
        if passed:
            decide(tx, id, "dev", "pending", "", measured(0.62))
        wait(tx, id, count=2)

    assert said(tmp_path, story) == ("unconfirmed" if passed else "pending", sentence)


def wait(tx: Transaction, id: str, *, count: int, split: str = "sealed") -> None:
    row = submissions.get(tx, id)
    for k in range(count):
        runs.queue(
            tx,
            f"{row.code_hash}-{k}",
            researcher=row.researcher,
            code_hash=row.code_hash,
            commit=row.commit,
            split=split,
            pair_index=k,
            supervisor_seed=k,
            student_seed="00",
            nominal_cost=0.2,
            submission=id,
        )


def test_a_persons_word_stands_above_the_figures(tmp_path: Path) -> None:
    def story(tx: Transaction) -> None:
        id = confirmed(tx, "verified", measured(0.62, between(0.2, 0.38, 0.5), seeds=8))
        ledger.record_overruling(tx, id, status="violation", note="it reads the clock")

    assert said(tmp_path, story) == (
        "violation",
        "counts as violation on the word of a person, whose note the ledger keeps.",
    )


# -- the end of a run ---------------------------------------------------------------------------------------


def test_the_best_comes_first_with_why_it_is_believed(tmp_path: Path) -> None:
    def story(tx: Transaction) -> None:
        refused(tx, measured(0.1, between(-0.2, -0.1, 0.0)), title="worse")
        confirmed(
            tx, "verified", measured(0.62, between(0.2, 0.38, 0.5), seeds=8, audits=(CLEAN, CLEAN, BLIND))
        )

    found = summary(made(tmp_path, story))
    lines = in_words(found)
    assert lines[0].startswith(f"s3, “{TITLE}” by r2, closes 0.62 [0.52, 0.72] of the gap")
    assert (
        "reproduced on 8 fresh seeds and 1,000 unseen items of 8 other worlds, with a gain of +0.38 [+0.20, +0.50] PGR "
        "over vanilla, the record it had to beat; 2 audits looked and found nothing; the ledger holds"
    ) in lines[1]
    assert lines[-3] == "Next: See whether s3 helps on another testbed too:"
    assert lines[-2].endswith("| tar -x && aar score s3 --fresh --testbed mini-math")
    assert lines[-1].startswith("The lab ran for 6 min 20 s (asking models, making items")
    assert found["best"]["submission"] == "s3"
    assert (found["ending"], found["scored"], found["verified"]) == ("complete", 2, 1)


@pytest.mark.skipif(shutil.which("git") is None, reason="no git on this machine")
def test_the_command_for_another_testbed_takes_the_code_out_of_the_run(tmp_path: Path) -> None:
    def story(tx: Transaction) -> None:
        store = Snapshots(tmp_path / "runs" / "20261121-093000-mini-chat" / "snapshots.git")
        taken = store.put({"method.py": "def run(bench): ..."}, researcher="r2", message=TITLE)
        made = ledger.record_submission(
            tx,
            code_hash="c0de",
            commit=taken.commit,
            researcher="r2",
            title=TITLE,
            summary="",
            parents=[],
            claim="",
        )
        decide(tx, made.id, "sealed", "verified", "", measured(0.62, between(0.2, 0.38, 0.5), seeds=8))

    (command,) = summary(made(tmp_path, story))["commands"]
    taking_out, scoring = command.split(" && ")
    subprocess.run(["bash", "-c", taking_out], check=True, cwd=tmp_path)
    assert (tmp_path / "s2" / "method.py").read_text() == "def run(bench): ..."
    assert scoring == "aar score s2 --fresh --testbed mini-math"


def test_a_run_folder_of_a_stranger_puts_no_command_of_its_own_into_what_to_type(tmp_path: Path) -> None:
    lab = made(
        tmp_path, lambda tx: confirmed(tx, "verified", measured(0.62, between(0.2, 0.38, 0.5), seeds=8))
    )
    with sqlite3.connect(lab.database) as connection:
        for table, column in (("submissions", "id"), ("verdicts", "submission"), ("runs", "submission")):
            connection.execute(f"UPDATE {table} SET {column} = 's2; touch owned' WHERE {column} = 's2'")
    (command,) = summary(lab)["commands"]
    words = shlex.split(command)
    assert "--prefix=s2; touch owned/" in words
    assert "s2; touch owned" in words


def test_a_lead_that_was_not_reproduced_is_named_with_how_to_go_on(tmp_path: Path) -> None:
    sealed = measured(0.4, between(-0.04, 0.15, 0.36), seeds=8)
    lab = made(tmp_path, lambda tx: confirmed(tx, "not_reproduced", sealed))
    lines = in_words(summary(lab))
    assert lines[0] == f"Nothing was verified; the best lead is s2, “{TITLE}” by r2."
    assert "Next: Give each researcher five more submissions, to build on s2:" in lines
    assert f"  aar run --resume {lab.path} --submissions +5" in lines


def test_a_run_that_the_clock_cut_says_so_and_how_to_finish_it(tmp_path: Path) -> None:
    def story(tx: Transaction) -> None:
        id = submit(tx, "r2", TITLE, [])
        wait(tx, id, count=3)
        meta.put(tx, "ending", {"code": "time"})

    lab = made(tmp_path, story)
    found = summary(lab)
    notice = (
        "The time was up before everything was judged: 1 submission was left undecided, with 3 runs to go."
    )
    assert in_words(found)[:2] == ["The only submission was not scored: 1 not judged.", notice]
    assert found["ending"] == "time"
    assert found["pending"] == 1
    page = text_of(write_report(lab.path).read_text(encoding="utf-8"))
    assert notice in page
    assert page.count(f"aar run --resume {lab.path}") == 2


def test_time_that_was_up_before_everything_was_handed_in_is_said(tmp_path: Path) -> None:
    def story(tx: Transaction) -> None:
        refused(tx, measured(0.2))
        meta.put(tx, "ending", {"code": "time"})

    found = summary(made(tmp_path, story))
    assert (
        found["headline"]
        == "Nothing was verified: the only scored submission was not shown to beat the record."
    )
    assert found["notices"] == ["The time was up before its researchers had handed in all that they may."]


def test_researchers_who_died_are_said_with_their_last_words(tmp_path: Path) -> None:
    def story(tx: Transaction) -> None:
        meta.put(tx, "ending", {"code": "researchers_failed"})
        last = {"code": "failed", "words": "\x1b[31mNo such model: <b>gpt</b>\x1b[0m"}
        meta.put(tx, "researchers_ended", {"r1": last, "r2": {"code": "no_effect", "words": ""}})

    lab = made(tmp_path, story)
    lines = in_words(summary(lab))
    assert lines[0] == "Nothing was submitted: all 2 researchers ended before handing anything in."
    assert lines[1].startswith("2 of 2 researchers ended too soon: r1 failed (“")
    assert "No such model: <b>gpt</b>" in lines[1]
    assert lines[1].endswith("r2 rested after turns without effect.")
    assert f"  aar run --resume {lab.path}" in lines
    page = write_report(lab.path).read_text(encoding="utf-8")
    assert "No such model: &lt;b&gt;gpt&lt;/b&gt;" in page


@pytest.mark.parametrize("wrong", ["time", {"code": "unheard of"}, {}, 3, None])
def test_an_ending_that_nobody_knows_is_none(tmp_path: Path, wrong: object) -> None:
    def story(tx: Transaction) -> None:
        meta.put(tx, "ending", wrong)
        meta.put(tx, "researchers_ended", wrong)

    assert summary(made(tmp_path, story))["ending"] == "complete"


def test_of_many_submissions_the_terminal_shows_five_and_counts_the_rest(tmp_path: Path) -> None:
    def story(tx: Transaction) -> None:
        for k in range(300):
            refused(tx, measured(0.2 + k / 1000, between(-0.2, -0.1, 0.0)), title=f"try {k}")

    lab = made(tmp_path, story)
    found = summary(lab)
    lines = in_words(found)
    assert sum(line.startswith("- s") for line in lines) == 5
    assert "And 295 more: 295 no better than the record." in lines
    assert found["findings"][0]["submission"] == "s301"
    assert write_report(lab.path).read_text(encoding="utf-8").count('<li class="no_improvement">') == 300


def test_a_ledger_that_does_not_verify_is_said_on_the_terminal_too(tmp_path: Path) -> None:
    lab = made(
        tmp_path, lambda tx: confirmed(tx, "verified", measured(0.6, between(0.2, 0.38, 0.5), seeds=8))
    )
    database = aar.database.open(lab.database)
    with database.write() as tx:
        tx.execute(aar.database.schema.verdicts.update().values(status="verified"))
    database.close()
    lines = in_words(summary(lab))
    assert lines[1].startswith("The ledger does not verify: ")
    assert lines[2].endswith("the ledger does not verify, so do not rely on it.")


def test_a_title_steers_neither_the_terminal_nor_the_page(tmp_path: Path) -> None:
    title = "\x1b]0;owned\x07\x1b[2J<script>alert(1)</script>\r\n\u202efake\u2028line"
    sealed = measured(0.62, between(0.2, 0.38, 0.5), seeds=8)
    lab = made(tmp_path, lambda tx: confirmed(tx, "verified", sealed, title=title))
    for line in in_words(summary(lab)):
        assert line.isprintable()
    page = write_report(lab.path).read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_reports_headline_is_the_terminals_first_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = LabFolder(fabricate(tmp_path / "lab", monkeypatch))
    found = summary(lab)
    page = write_report(lab.path).read_text(encoding="utf-8")
    headline = re.search(r"<h1>(.*?)</h1>", page)
    assert headline is not None
    assert html.unescape(headline.group(1)) == in_words(found)[0] == found["headline"]
    words = text_of(page)
    for line in [*found["summary"], *found["notices"]]:
        assert line in words
    for finding in found["findings"]:
        assert finding["sentence"].removeprefix(finding["submission"]) in words


def test_the_best_is_the_same_for_the_report_the_terminal_and_a_look_at_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = LabFolder(fabricate(tmp_path / "lab", monkeypatch))
    database = aar.database.open(lab.database)
    with database.read() as tx:
        best = leader(tx, [one for one in submissions.all(tx) if one.researcher != researchers.LAB])
    database.close()
    assert best is not None
    assert best.submission.id == summary(lab)["best"]["submission"] == "s13"


def test_the_counts_say_the_same_in_json_and_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = LabFolder(fabricate(tmp_path / "lab", monkeypatch))
    found = summary(lab)
    assert {name: found[name] for name in ("submissions", "scored", "verified", "pending")} == {
        "submissions": 14,
        "scored": 12,
        "verified": 3,
        "pending": 1,
    }
    assert (found["failed"], found["repeats"]) == (1, 1)
    page = text_of(write_report(lab.path).read_text(encoding="utf-8"))
    assert "handed in 14 submissions on mini-chat within 7 min 1 s; 12 were scored, 3 verified." in page


@pytest.mark.parametrize(
    ("minutes", "step"),
    [
        (None, "Give the researchers more submissions: aar run --resume {run} --submissions +5"),
        (20.0, "Give the researchers more time: aar run --resume {run} --minutes +10"),
    ],
)
def test_more_time_is_advised_only_where_time_was_bounded(
    tmp_path: Path, minutes: float | None, step: str
) -> None:
    lab = made(tmp_path, lambda tx: meta.put(tx, "settings", {"minutes": minutes}))
    assert summary(lab)["next"] == [step.format(run=lab.path)]


def test_a_run_whose_budget_was_spent_says_so_and_how_to_go_on(tmp_path: Path) -> None:
    def story(tx: Transaction) -> None:
        meta.put(tx, "settings", {"budget_usd": 50.0, "budget_tokens_each": 2_000_000})
        meta.put(tx, "ending", {"code": "budget"})

    result = summary(made(tmp_path, story))
    assert "The budget was used up before its researchers had handed in all that they may." in in_words(
        result
    )
    (command,) = result["commands"]
    assert command.endswith(" --budget-usd +50 --budget-tokens-each +2000000")


def test_researchers_who_ended_too_soon_are_named_with_their_own_reason(tmp_path: Path) -> None:
    def story(tx: Transaction) -> None:
        meta.put(tx, "researchers_ended", {"r1": {"code": "failed", "words": "its last line"}})
        researchers.set_state(tx, "r1", "stopped", reason=EndReason.REFUSALS, detail="three in a row")
        researchers.set_state(tx, "r2", "finished", reason=EndReason.OWN_STOP)

    lab = made(tmp_path, story)
    result = summary(lab)
    (line,) = (line for line in in_words(result) if "ended too soon" in line)
    assert "r1 ended after refusals of its model (“three in a row”), r2 stopped by itself" in line
    faults = {name: end["fault"] for name, end in result["researchers_ended"].items()}
    assert faults == {"r1": True, "r2": False}
    assert "ended after refusals of its model" in html.unescape(write_report(lab.path).read_text())


def test_money_cached_tokens_and_calls_that_were_cut_off_stand_in_the_last_line_and_the_report(
    tmp_path: Path,
) -> None:
    def story(tx: Transaction) -> None:
        tokens = Tokens(100, 60_000, 1_000, 500, 200)
        ledger.record_charge(
            tx, "a", researcher="r1", kind=ChargeKind.MODEL, tokens=tokens, cost=Cost(nano(1.234), 7)
        )
        ledger.record_charge(
            tx, "b", researcher="r1", kind=ChargeKind.LOST, tokens=Tokens(10), cost=Cost(nano(0.4), 7)
        )
        spending.set_context(tx, "r1", 61_100)
        troubles.begin(tx, "r1", ProviderTrouble.NO_CREDIT, detail="", permanent=True, next_try_seconds=1)
        troubles.end(tx, "r1")

    lab = made(tmp_path, story)
    last = result_lines(summary(lab))[-1].text
    assert last.endswith(
        "61,610 tokens (60,000 read from a cache), $1.63 (about $0.40 of it for 1 call that was cut off)."
    )
    page = html.unescape(write_report(lab.path).read_text())
    for words in ("$1.63", "60,000 from a cache", "200 of reasoning", "61,100", "no credit: 0 s"):
        assert words in page
    assert "about $0.40 of it for 1 call cut off" in page
