from __future__ import annotations

import base64
import hashlib
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from fabricated_lab import STORY, fabricate

import aar.database
from aar import ledger
from aar.database import meta, researchers, schema
from aar.database.charges import ChargeKind
from aar.errors import NoLab
from aar.folder import LabFolder
from aar.ledger import Ledger
from aar.prices import Cost, Tokens
from aar.reports import write_report
from aar.reports.ranking import ranked
from aar.reports.summary import summary
from w2s.records import Estimate

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = (
    "chromium",
    "chromium-browser",
    "chromium-headless-shell",
    "google-chrome",
    "google-chrome-stable",
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        return fabricate(tmp_path_factory.mktemp("lab"), patch)


@pytest.fixture(scope="module")
def page(lab: Path) -> str:
    return write_report(lab).read_text(encoding="utf-8")


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_a_finished_run_has_a_ledger_that_verifies(lab: Path) -> None:
    folder = LabFolder(lab)
    database = aar.database.open(folder.database)
    checked = Ledger(database).verify(mirror=folder.ledger)
    assert checked.kinds["submission"] == 3 + len(STORY)


def test_ideas_are_counted_by_family_each_code_once_and_without_baselines(lab: Path, page: str) -> None:
    section = text_of(page.partition('<section id="ideas">')[2].partition("</section>")[0])
    assert f"{len(STORY)} ideas of 4 families" in section
    assert "Lines of code, median: 5 in the first half of the ideas, 5 in the second" in section
    rows = dict(
        re.findall(r"(curriculum|model internals|loss function|ensemble) (\d+ \d+ \d+ s\d+)", section)
    )
    assert rows == {
        "curriculum": "10 3 3 s4",
        "model internals": "2 1 0 s8",
        "loss function": "1 1 0 s6",
        "ensemble": "1 1 0 s15",
    }
    found = summary(LabFolder(lab))["ideas"]
    assert found["families"]["curriculum"] == 10
    low, high = found["interval"]
    assert 1.0 <= low < found["effective"] < high


def test_every_submission_is_on_the_page_whatever_became_of_it(page: str) -> None:
    for number, (_, _, title, _, _, status) in enumerate(STORY, start=4):
        row = re.search(rf'<tr id="s{number}" class="{status}">(.*?)</tr>', page, re.DOTALL)
        assert row is not None, title
        assert title in row.group(1)
    assert "rule: targets follow the majority answer" in page
    assert "ValueError in method.py, line 41" in page


def test_verified_methods_lead_with_their_interval(page: str) -> None:
    ranks = re.findall(r'<tr id="(s\d+)" class="\w+">\s*<td class="rank">(\d=?)</td>', page)
    assert ranks == [("s13", "1="), ("s9", "1="), ("s5", "3")]
    words = text_of(page)
    assert re.search(
        r"s13, “elicit first, then train on the posterior” by r1, closes 0\.\d\d \[0\.\d\d, 0\.\d\d\] of the gap",
        words,
    )


def test_what_cannot_be_told_apart_is_shown_as_a_tie(page: str) -> None:
    words = text_of(page)
    assert "cannot be told apart from s9" in words
    assert "cannot be told apart from s13" in words
    assert "cannot be told apart from s5" not in words


def test_a_submission_that_repeats_another_says_so(page: str) -> None:
    row = re.search(r'<tr id="s10" class="no_improvement">(.*?)</tr>', page, re.DOTALL)
    assert row is not None
    assert "answered as s4 , which it repeats" in text_of(row.group(1))


def test_ties_do_not_carry_over() -> None:
    gain = Estimate(mean=0.02, low=-0.01, high=0.05, seeds=8, n=1000)
    clear = Estimate(mean=0.04, low=0.01, high=0.07, seeds=8, n=1000)
    ranks = ranked({"s1": {}, "s2": {"s1": gain}, "s3": {"s2": gain, "s1": clear}})
    assert {id: (rank.place, rank.ties) for id, rank in ranks.items()} == {
        "s1": (2, ("s2",)),
        "s2": (1, ("s1", "s3")),
        "s3": (1, ("s2",)),
    }


def test_each_row_tells_track_seeds_items_attempt_and_audits(page: str) -> None:
    row = re.search(r'<tr id="s13" class="verified">(.*?)</tr>', page, re.DOTALL)
    assert row is not None
    words = text_of(row.group(1))
    assert "weak-to-strong" in words
    assert "8, 1,000 attempt 5" in words
    assert "clean" in words


def test_baselines_floor_and_ceiling_are_named(page: str) -> None:
    chart = page[page.index('<div class="scroll chart">') :]
    for name in ("vanilla 0.", "confident labels 0.", "zero shot 0.", "floor (weak", "ceiling (trained"):
        assert name in chart


def test_what_the_audits_found_is_shown_with_figures_and_in_words(page: str) -> None:
    words = text_of(page)
    assert "structure: Its targets follow the answer that was proposed most often." in words
    assert "s11 weak-to-strong structure violation 0.980 0.950 to 1.000 0.100 1620 3" in words
    assert "seed lottery no power – – – 0 0 Nothing to compare with." in words


def test_the_page_loads_nothing_and_runs_nothing(page: str) -> None:
    assert "<script" not in page
    assert not re.search(r"(?:src|href|action)=.(?!#)", page)
    assert not re.search(r"\sstyle=|@import|url\(", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy.group(1).startswith("default-src 'none'; style-src 'sha256-")
    style = page[page.index("<style>") + len("<style>") : page.index("</style>")]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy.group(1)


def test_what_researchers_wrote_is_text(page: str) -> None:
    assert "&lt;script&gt;alert(" in page
    assert "<img" not in page
    assert "<strong>both orders</strong>" in page


def test_the_ledger_head_is_printed(page: str, lab: Path) -> None:
    database = aar.database.open(LabFolder(lab).database)
    assert Ledger(database).verify().head in page


def test_a_changed_ledger_is_said_at_the_top(lab: Path, tmp_path: Path) -> None:
    shutil.copytree(lab, tmp_path / "copy")
    connection = sqlite3.connect(LabFolder(tmp_path / "copy").database)
    connection.execute(
        "UPDATE verdicts SET status = 'verified' WHERE submission = 's11' AND stage = 'sealed'"
    )
    connection.commit()
    connection.close()
    words = text_of(write_report(tmp_path / "copy").read_text(encoding="utf-8"))
    assert "The ledger does not verify." in words
    assert "verdict s11 at sealed differs" in words


@pytest.mark.parametrize(("feedback", "red"), [("ladder", False), ("noisy", False), ("exact", True)])
def test_exact_feedback_is_said_in_red(tmp_path: Path, feedback: str, red: bool) -> None:
    database = aar.database.open(LabFolder(tmp_path).database, create=True)
    with database.write() as tx:
        meta.put(tx, "settings", {"feedback": feedback})
    database.close()
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert ('<p class="alarm"><b>Exact feedback.</b>' in page) is red
    assert ("Noisy feedback:" in page) is (feedback == "noisy")


def test_what_the_replies_can_have_told_is_on_the_page(page: str) -> None:
    words = text_of(page)
    assert re.search(
        r"Told of dev : \d+ replies to researchers told at most \d+\.\d bits about the [\d,]+ labels", words
    )


@pytest.mark.parametrize("people", [0, 1])
def test_a_run_without_findings_still_has_a_page(tmp_path: Path, people: int) -> None:
    database = aar.database.open(LabFolder(tmp_path).database, create=True)
    with database.write() as tx:
        for i in range(people):
            researchers.add(tx, f"r{i}")
    database.close()
    words = text_of(write_report(tmp_path).read_text(encoding="utf-8"))
    assert "Nothing was submitted." in words
    assert "Nobody posted anything." in words


def test_the_command_that_goes_on_names_the_folder_as_a_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = fabricate(tmp_path / "scratch" / "runs" / "mine", monkeypatch)
    assert f"{lab}/snapshots.git" in write_report(lab).read_text()
    monkeypatch.chdir(tmp_path)
    assert "git-dir=scratch/runs/mine/snapshots.git" in write_report(lab).read_text()


def test_a_folder_without_a_lab_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoLab):
        write_report(tmp_path)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that is installed, or the one that `playwright install` brought."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        found = next(filter(None, map(shutil.which, BROWSERS)), running.chromium.executable_path)
        if not Path(found).exists():
            pytest.skip("no Chromium: `apt-get install chromium` or `.venv/bin/playwright install chromium`")
        # Root, and many containers, cannot use Chromium's own sandbox; the page is ours.
        opened = running.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield opened
        opened.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_browser_shows_it_without_a_request_or_a_complaint(
    browser: Browser, lab: Path, page: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    assert page
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    tab = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(error.message))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(LabFolder(lab).report.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("getComputedStyle(document.querySelector('.tile')).borderRadius") == "12px"
    context.close()
    assert complaints == []
    assert requests == [LabFolder(lab).report.as_uri()]


@pytest.mark.parametrize("width", [1200, 800])
def test_no_table_that_is_open_has_to_be_scrolled_for_its_last_column(
    browser: Browser, lab: Path, tmp_path: Path, width: int
) -> None:
    shutil.copytree(lab, tmp_path / "copy")
    folder = LabFolder(tmp_path / "copy")
    database = aar.database.open(folder.database)
    tokens = Tokens(1_240_000, 20_123_456, 300_000, 812_345, 500_000)
    with database.write() as tx:
        tx.execute(schema.researchers.update().values(model="anthropic/claude-opus-4-5"))
        for name in ("r1", "r2", "r3"):
            ledger.record_charge(
                tx, f"{name} lost", researcher=name, kind=ChargeKind.LOST, tokens=tokens, cost=Cost(10**12, 5)
            )
    Ledger(database).export_jsonl(folder.ledger)
    database.close()
    write_report(folder.path)
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.goto(folder.report.as_uri())
    for place in ("#cost .scroll", "#leaderboard > .scroll"):
        wide, there = tab.evaluate(
            f"(e => [e.scrollWidth, e.clientWidth])(document.querySelector('{place}'))"
        )
        assert wide <= there, place
    tab.close()
