"""What an author is told under each policy, what it changes, and what the ledger says that it gave away."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from synthetic_lab import SyntheticLab

from aar.broken_rules import Rule, words_of
from aar.database import verdicts
from aar.database.figures import Figures
from aar.errors import BrokenChain
from aar.feedback import Feedback
from aar.ledger import Ledger
from aar.ledger.chain import Entry
from aar.ledger.leaking import WORDS, Account, Leak
from aar.scoring.audits import rules
from aar.scoring.ladder.feedback import score
from aar.scoring.verdicts.judge import Judge

POLICIES: tuple[Feedback, ...] = ("ladder", "noisy", "exact")


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAWS", 200)


def scores(lab: SyntheticLab) -> dict[str, float]:
    with lab.db.read() as tx:
        return verdicts.scores(tx)


def test_a_noisy_score_is_that_of_a_half_which_another_draw_makes_another_one() -> None:
    correct = (np.random.default_rng(0).random((3, 1000)) < 0.7).astype(float)
    values = [score("noisy", [correct], np.random.default_rng(seed)) for seed in (1, 1, 2, 3, 4, 5)]
    assert values[0] == values[1]
    assert len(set(values)) > 2
    assert all(value == round(value, 2) for value in values)
    assert np.std(values) < 2 * 0.5 / math.sqrt(1000)


def test_a_score_counts_every_world_alike_however_many_seeds_it_has() -> None:
    correct = [np.ones((3, 100)), np.zeros((1, 100))]
    assert score("exact", correct, np.random.default_rng(0)) == 0.5
    assert score("noisy", correct, np.random.default_rng(0)) == 0.5


def test_under_the_ladder_no_number_is_told_but_the_record(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab").with_baselines()
    one = lab.submit("r1", dev=0.68)
    lab.settle()
    assert (
        lab.reply(one)
        == f"no significant improvement over the record, which has accuracy {lab.record():.3f} on dev"
    )
    assert scores(lab) == {}


def test_exact_feedback_tells_the_accuracy_to_the_last_answer(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab", feedback="exact").with_baselines()
    one = lab.submit("r1", dev=0.68)
    lab.settle()
    accuracy = lab.figures(one, "dev").accuracy
    assert accuracy is not None
    assert scores(lab) == {one: accuracy.mean}
    assert lab.reply(one).endswith("; accuracy 0.680000 on dev")


def test_noisy_feedback_tells_a_rounded_score_and_the_same_one_to_a_scorer_that_starts_again(
    tmp_path: Path,
) -> None:
    lab = SyntheticLab(tmp_path / "lab", feedback="noisy").with_baselines()
    one = lab.submit("r1", dev=0.68)
    lab.settle()
    assert scores(lab)[one] == pytest.approx(0.68, abs=0.08)
    evidence = Judge(lab.db, lab.judge.source, lab.settings).evidence()
    submission = evidence.board.named(one)
    assert evidence.score(submission, evidence.outcome(submission, "dev").rows) == scores(lab)[one]


def test_what_is_verified_is_the_same_under_every_policy(tmp_path: Path) -> None:
    statuses = []
    for feedback in POLICIES:
        lab = SyntheticLab(tmp_path / feedback, feedback=feedback).with_baselines()
        handed_in = [lab.submit(who, dev=dev, sealed=sealed) for who, dev, sealed in PLANS]
        lab.settle()
        statuses.append([lab.status(one)[0] for one in handed_in])
        if feedback != "ladder":
            assert all("on dev" in lab.reply(one) or "half of dev" in lab.reply(one) for one in handed_in)
    assert statuses[0] == statuses[1] == statuses[2] == ["verified", "not_reproduced", "no_improvement"]


PLANS = (("r1", 0.8, 0.8), ("r2", 0.9, 0.67), ("r3", 0.6, 0.6))


def test_the_ledger_says_how_many_bits_its_replies_can_have_told(tmp_path: Path) -> None:
    bits: dict[str, Leak] = {}
    for feedback in POLICIES:
        lab = SyntheticLab(tmp_path / feedback, feedback=feedback).with_baselines()
        for _ in range(4):
            lab.submit("r1", dev=0.6)
        lab.settle()
        bits[feedback] = Ledger(lab.db).verify().leaks["dev"]
    record = math.log2(2 * math.sqrt(600) + 1)
    # four times the same word by Krichevsky and Trofimov: 1/2, 3/4, 5/6, 7/8
    words = -math.log2(1 / 2 * 3 / 4 * 5 / 6 * 7 / 8)
    assert bits["ladder"].replies == 4
    assert bits["ladder"].bits == pytest.approx(record + words, abs=0.001)
    assert bits["noisy"].bits == pytest.approx(record + words + 4 * math.log2(101), abs=0.001)
    assert bits["exact"].bits == pytest.approx(record + words + 4 * math.log2(1801), abs=0.001)
    assert bits["ladder"].most_gain < bits["noisy"].most_gain < bits["exact"].most_gain < 0.5


def test_bits_that_do_not_follow_from_the_entries_break_the_ledger(tmp_path: Path) -> None:
    from aar.ledger.chain import _hash, canonical

    lab = SyntheticLab(tmp_path / "lab").with_baselines()
    lab.submit("r1", dev=0.6)
    lab.settle()
    with lab.db.write() as tx:  # somebody rewrites the chain, the rows and all hashes, but for the bits
        last = tx.execute(sa.text("SELECT * FROM ledger ORDER BY seq DESC LIMIT 1")).one()
        body = json.loads(last.body)
        assert body["figures"]["bits"] == 1.0
        body["figures"]["bits"] = 0.5
        new = _hash(seq=last.seq, kind=last.kind, body=body, at=last.at, previous=last.previous)
        tx.execute(
            sa.text("UPDATE ledger SET body = :body, hash = :hash WHERE seq = :seq"),
            {"body": canonical(body), "hash": new, "seq": last.seq},
        )
        tx.execute(
            sa.text("UPDATE verdicts SET figures = json_set(figures, '$.bits', 0.5) WHERE submission = :one"),
            {"one": body["submission"]},
        )
    with pytest.raises(BrokenChain, match=r"told 0\.5 bits; those before it give 1\.0"):
        Ledger(lab.db).verify()


def test_every_rule_that_can_be_told_has_its_place_in_the_account() -> None:
    assert WORDS["sealed"] == 2 + len(Rule)


def test_a_rule_has_words_and_is_one_word_of_the_account_however_it_was_stored() -> None:
    """Before there were codes verdicts held the words."""
    account, figures = Account(), Figures(seeds=1, n=10)
    author = {"id": "s1", "researcher": "r1", "role": "researcher"}
    account.add(Entry(1, "submission", author, previous="", hash="", at=""))
    prices = []
    for stored in ("structure", "a method may not live off how often an answer was proposed", "structure"):
        prices.append(account.price("s1", stage="sealed", status="violation", rule=stored, figures=figures))
        told = {"submission": "s1", "stage": "sealed", "status": "violation", "rule": stored}
        account.add(Entry(2, "verdict", {**told, "figures": figures.to_json()}, previous="", hash="", at=""))
    expected = [-math.log2((told + 0.5) / (told + WORDS["sealed"] / 2)) for told in range(3)]
    assert prices == pytest.approx(expected, abs=1e-4)
    assert all(words_of(rule) != rule for rule in Rule)


def test_nothing_told_bounds_the_gain_by_nothing_and_much_by_all() -> None:
    assert Leak(replies=0, bits=0.0, items=0).most_gain == 0.0
    assert Leak(replies=300, bits=3000.0, items=1000).most_gain == 0.5
    assert str(Leak(replies=0, bits=0.0, items=0)) == "no researcher was told anything of its labels"
