"""No sentence is a state: a whole lab whose every sentence is replaced by random words decides the same.

Replaced are the words of replies, of broken rules, of notes, of audits' findings, of a run's error, of refusals and of
what a person writes, each where it is stored or raised. Not replaced: names (of exceptions, baselines, audits) and what
researchers write themselves, which the lab only shows.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from tests.aar.synthetic_lab import SyntheticLab

from aar import broken_rules, ledger
from aar.database import Transaction, meta, run_turns, runs, standing, submissions, trainings, verdicts
from aar.database.figures import Figures
from aar.engines import Outcome
from aar.errors import Refused
from aar.lab import cancellation, conductor, standings
from aar.lab.intake import Lab
from aar.lab.references import planned
from aar.lab.run_end import finish
from aar.ledger import recording
from aar.reports import contents
from aar.reports.outcomes import outcome
from aar.run_records import RunEnd, RunError
from aar.scoring.audits import rules
from aar.scoring.evidence.source import Source
from aar.scoring.verdicts.judge import Judge
from w2s.errors import W2SError
from w2s.records import SplitName

Facts = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """What a made-up method does: its accuracy on both splits, and what happens to its runs on dev."""

    dev: float
    sealed: float = 0.6
    fails: bool = False
    lost_first: bool = False
    cheats: float = 0.0
    answers_of: str = ""


METHOD = """
import numpy as np
import w2s


def run(bench):
    \"\"\"{title}.\"\"\"
    student = bench.strong()
    weak = bench.weak.soft
    confident = np.abs(weak - 0.5) > 0.2
    order = np.argsort(-np.abs(weak - 0.5))
    targets = np.where(confident, weak.round(), weak)
    student.finetune(bench.unlabelled, targets=targets)
    first, second = student.predict(bench.test), student.zero_shot(bench.test)
    bench.log(share=float(confident.mean()), first=float(order[0]))
    return w2s.Predictions(first.ids, (first.probabilities + second) / 2)
"""

METHODS = {
    "vanilla": Method(0.66, 0.66),
    "confident_labels": Method(0.68, 0.68),
    "zero_shot": Method(0.64, 0.64),
    "gains": Method(0.8, 0.8),
    "weak": Method(0.6),
    "fails": Method(0.6, fails=True),
    "is lost first": Method(0.9, 0.9, lost_first=True),
    "is withdrawn": Method(0.7),
    "is cancelled": Method(0.7),
    "luck on dev": Method(0.99, 0.66),
    "answers like gains": Method(0.8, 0.8, answers_of="gains"),
    "knows items": Method(0.97, 0.97, cheats=1.0),
    "of a person": Method(0.7, 0.7),
    "by itself": Method(0.85, 0.85),
}


@dataclass
class WholeLab(SyntheticLab):
    """Intake, queue, conductor and scorer of a lab whose runs are made up by the method's title."""

    refusals: list[str] = field(default_factory=list)
    of_code: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        with self.db.write() as tx:
            trainings.keep(tx, planned(self.settings))
        self.folder.practice.mkdir()
        (self.folder.practice / "items.jsonl").write_text("")
        self.lab = Lab(self.folder, self.settings, self.db, elapsed=0.0)
        self.lab.settings = replace(self.settings, submissions=self.settings.submissions)
        source = Source(self.vault, self.folder.blobs, lambda made: self.lab.snapshots.get(made.commit))
        self.judge = Judge(self.db, source, self.settings)

    def hand(self, researcher: str, title: str, *, parents: Sequence[str] = ()) -> str:
        """Hand a method in, without waiting for its verdict."""
        text = METHOD.format(title=title)
        made = self.lab.submit(
            researcher,
            files={"method.py": text},
            title=title,
            summary="",
            parents=parents,
            claim="",
            request=None,
        )
        self.of_code[made.code_hash] = title
        return made.id

    def tried(self, attempt: Callable[[], object]) -> None:
        """Ask for something that the lab declines."""
        try:
            attempt()
        except (Refused, W2SError) as error:
            self.refusals.append(type(error).__name__)
        else:
            self.refusals.append("taken")

    def work(self) -> None:
        """Run and judge until nothing changes."""
        quiet = False
        while not quiet:
            phase = conductor.advance(self.lab)
            ended = self._run_all()
            quiet = not ended and not self.judge.step() and conductor.advance(self.lab) == phase
            if quiet:
                quiet = not self._run_all()

    def _run_all(self) -> int:
        ended = 0
        while True:
            with self.db.write() as tx:
                for place in trainings.wanted(tx):
                    trainings.add(tx, *place)
                run = run_turns.claim(tx)
            if run is None:
                return ended
            finish(self.lab, run, self._outcome(run))
            ended += 1

    def _outcome(self, run: runs.Run) -> Outcome:
        title = self.of_code.get(run.code_hash, "weak")
        method = METHODS[title]
        if method.fails and run.split == "dev":
            error = RunError("ZeroDivisionError", "method.py", 7, rule="its process ended")
            return Outcome("method_failed", RunEnd(seconds=1.0, error=error))
        with self.db.read() as tx:
            first = submissions.all(tx, code_hash=run.code_hash)[0].id if run.submission else ""
        if method.lost_first and run.submission == first:
            return Outcome("lost", RunEnd(error=RunError(rule="no sandbox started")))
        drawn = f"{method.answers_of or title} {run.split} {run.pair_index} {run.intervention} {bool(run.seeds_of)}"
        self.rng = np.random.default_rng(int.from_bytes(hashlib.sha256(drawn.encode()).digest()[:8], "big"))
        self.cheats = method.cheats
        accuracy = method.dev if run.split == "dev" else method.sealed
        if run.intervention != "none":
            accuracy = 0.5 if run.intervention in ("blind", "shuffle") else 0.8
        arrays = self.arrays(cast(SplitName, run.split), run.pair_index, accuracy)
        return Outcome("ok", RunEnd(seconds=1.0, core_seconds=1.0, denied={}), arrays=arrays)


def story(path: Path) -> WholeLab:
    """Everything that can happen to a submission, and what became of it, without a word."""
    lab = WholeLab(path)
    for name in lab.settings.baselines:
        lab.hand("lab", name)
    lab.work()
    lab.hand("r2", "knows items")
    gains = lab.hand("r1", "gains")
    lab.work()
    weak = lab.hand("r2", "weak", parents=[gains])
    lab.hand("r2", "fails", parents=[weak, gains])
    withdrawn, cancelled = lab.hand("r3", "is withdrawn"), lab.hand("r2", "is cancelled")
    lost = lab.hand("r1", "is lost first")
    with lab.db.write() as tx:
        cancellation.withdraw(tx, "r3", withdrawn)
        cancellation.cancel(tx, cancelled, reason="too slow")
    lab.work()
    lab.hand("r1", "is lost first", parents=[lost])
    lab.hand("r3", "gains")
    lab.hand("r3", "answers like gains")
    luck = lab.hand("r3", "luck on dev")
    lab.work()
    for title in ("of a person",):
        lab.hand("operator", title)
    lab.hand("fresh", "by itself")
    lab.work()
    with lab.db.write() as tx:
        ledger.record_overruling(tx, luck, status="violation", note="it reads the clock")
    key = lab.lab.practice("r2", {"method.py": "def run(bench): ...  # to practise"})
    with lab.db.write() as tx:
        cancellation.withdraw_practice(tx, "r2", key)
    refuse(lab, gains=gains, withdrawn=withdrawn, cancelled=cancelled)
    lab.work()
    return lab


def refuse(lab: WholeLab, *, gains: str, withdrawn: str, cancelled: str) -> None:
    """What the lab declines, each for a reason of its own."""

    def withdraw(id: str) -> object:
        with lab.db.write() as tx:
            return cancellation.withdraw(tx, "r3", id)

    lab.tried(lambda: withdraw(gains))
    lab.tried(lambda: withdraw(withdrawn))
    lab.tried(lambda: lab.hand("r2", "is cancelled"))
    lab.tried(lambda: lab.hand("r3", "is withdrawn"))
    lab.tried(lambda: lab.lab.practice("r2", {"method.py": "def run(bench): ...  # to practise"}))
    lab.tried(lambda: lab.lab.practice("r2", {"../method.py": ""}))
    lab.tried(lambda: lab.hand("r2", "weak", parents=["s99"]))


def facts(lab: WholeLab) -> Facts:
    """Verdicts, ends, lineage, runs, the standing, what is counted and refused."""
    found = contents.read(lab.db, mirror=lab.folder.ledger)
    checked = ledger.Ledger(lab.db).verify()
    with lab.db.read() as tx:
        made = submissions.all(tx)
        board = standings.leaderboard(tx)
        stands = standing.find(tx)
        return {
            "submissions": [
                (one.id, one.title, one.role, one.status, one.stage, one.ended, one.parents) for one in made
            ],
            "verdicts": [
                (one.submission, one.stage, one.status, one.ended, one.would_be, one.figures.same_as)
                for one in verdicts.all(tx)
            ],
            "runs": sorted(
                (
                    lab.of_code.get(run.code_hash, ""),
                    run.split,
                    run.intervention,
                    bool(run.seeds_of),
                    run.pair_index,
                    run.state,
                    str(run.end.cause),
                )
                for run in runs.all(tx)
            ),
            "ranks": [(entry.rank, entry.submission, entry.status) for entry in board.entries],
            "standing": stands,
            "phase": meta.find(tx, "phase", None),
            "counted": [submissions.count(tx, name) for name in ("r1", "r2", "r3")],
            "outcomes": [(entry.submission.id, outcome(entry)) for entry in found.entries],
            "ledger": dict(checked.kinds),
            "refusals": lab.refusals,
        }


def scramble(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """From now on every sentence is stored and raised as random words; those that were replaced."""
    replaced: set[str] = set()
    salt = random.SystemRandom().random()

    def words(text: str) -> str:
        if not text:
            return text
        replaced.add(text)
        draw = random.Random(f"{salt} {text}")
        return " ".join("".join(draw.choices("abcdefghij", k=6)) for _ in range(4))

    record_verdict, record_run = recording.record_verdict, recording.record_run

    def verdict(tx: Any, submission: str, *, reply: str, figures: Figures, **more: Any) -> bool:
        audits = tuple({**finding, "sentence": words(finding["sentence"])} for finding in figures.audits)
        figures = replace(figures, note=words(figures.note), audits=audits)
        return record_verdict(tx, submission, reply=words(reply), figures=figures, **more)

    def run(tx: Any, key: str, *, end: RunEnd, **more: Any) -> bool:
        if end.error is not None:
            said = {name: words(getattr(end.error, name) or "") or None for name in ("rule", "message")}
            end = replace(end, error=replace(end.error, **said))
        return record_run(tx, key, end=end, **more)

    monkeypatch.setattr(ledger, "record_verdict", verdict)
    monkeypatch.setattr(ledger, "record_run", run)
    monkeypatch.setattr(recording, "OVERRULED", words(recording.OVERRULED))
    monkeypatch.setattr(
        broken_rules, "WORDS", {rule: words(told) for rule, told in broken_rules.WORDS.items()}
    )
    monkeypatch.setattr(W2SError, "__str__", lambda self: words(Exception.__str__(self)))
    return replaced


@pytest.fixture(scope="module", autouse=True)
def few_draws() -> Iterator[None]:
    """What is tested is what becomes of an audit's finding, not how exact its interval is."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(rules, "DRAWS", 200)
        yield


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    return facts(story(tmp_path_factory.mktemp("plain") / "lab"))


@pytest.fixture(scope="module")
def scrambled(tmp_path_factory: pytest.TempPathFactory) -> WholeLab:
    with pytest.MonkeyPatch.context() as monkeypatch:
        replaced = scramble(monkeypatch)
        lab = story(tmp_path_factory.mktemp("scrambled") / "lab")
    assert len(replaced) > 20
    return lab


def test_the_story_has_every_end_in_it(plain: Facts) -> None:
    ends = {(status, ended and ended.value) for _, _, _, status, _, ended, _ in plain["submissions"]}
    assert ends >= {
        ("verified", "decided"),
        ("no_improvement", "decided"),
        ("failed", "decided"),
        ("failed", "lost"),
        ("failed", "withdrawn"),
        ("failed", "cancelled"),
        ("violation", "decided"),
        ("violation", "overruled"),
    }
    assert {cause for *_, cause in plain["runs"]} >= {"withdrawn", "by_a_person", "sibling_failed", "None"}
    assert any(would_be for *_, would_be, _ in plain["verdicts"])
    assert any(same_as for *_, same_as in plain["verdicts"])
    assert any(seeds_of for _, _, _, seeds_of, *_ in plain["runs"])
    assert {"NotAllowed", "BadRequest", "BadSnapshot", "NotFound"} <= set(plain["refusals"])


def test_random_words_for_every_sentence_give_the_same_lab(plain: Facts, scrambled: WholeLab) -> None:
    assert facts(scrambled) == plain


def test_a_comparison_of_words_is_noticed(
    plain: Facts, scrambled: WholeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood in the code until format 5: a lost submission was known by what its author was told."""

    def not_lost(tx: Transaction, researcher: str) -> int:
        own = submissions.all(tx, researcher=researcher)
        return sum(not made.reply.startswith("the lab lost a run of this submission") for made in own)

    monkeypatch.setattr(submissions, "count", not_lost)
    told = facts(scrambled)
    assert {name for name in plain if told[name] != plain[name]} == {"counted"}
