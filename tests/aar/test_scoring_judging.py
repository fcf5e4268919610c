"""Verdicts from finished runs: the words, the order, and that each is written once."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from synthetic_lab import SyntheticLab

from aar.broken_rules import Rule, words_of
from aar.database import runs, submissions, verdicts, wanted_runs
from aar.errors import BadRequest, BrokenChain
from aar.ledger import Ledger, record_overruling
from aar.scoring.audits import rules


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAWS", 200)


@pytest.fixture
def lab(tmp_path: Path) -> SyntheticLab:
    return SyntheticLab(tmp_path / "lab").with_baselines()


def test_the_best_baseline_is_the_first_champion_and_all_have_figures(lab: SyntheticLab) -> None:
    assert lab.champion() == "s2"
    assert lab.status("s2") == ("verified", "done")
    assert lab.status("s1") == ("no_improvement", "done")
    with lab.db.read() as tx:
        known = {(found.split, found.name) for found in verdicts.references(tx)}
    names = ("floor", "ceiling", "vanilla", "confident_labels", "zero_shot")
    assert known == {(split, name) for split in ("dev", "sealed") for name in names}
    pgr = lab.figures("s2", "sealed").pgr
    assert pgr is not None
    assert pgr.low < (0.68 - 0.60) / 0.35 < pgr.high
    assert lab.figures("s2", "sealed").ood_pgr is not None


def test_nothing_is_judged_before_the_baselines_are(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab")
    one = lab.submit("r1", dev=0.9)
    assert not [line for line in lab.settle() if one in line]
    assert lab.status(one) == ("pending", "dev")


def test_a_method_like_the_record_hears_only_that(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.68)
    lab.settle()
    assert lab.status(one) == ("no_improvement", "done")
    assert (
        lab.reply(one)
        == f"no significant improvement over the record, which has accuracy {lab.record():.3f} on dev"
    )


def test_a_better_method_goes_to_sealed_and_becomes_champion_there(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8)
    lab.settle()
    assert lab.status(one) == ("pending", "sealed")
    assert lab.figures(one, "dev").sealed_seeds == 8
    assert lab.champion() == "s2"
    lab.run(one, "sealed", 0.8, seeds=7)
    lab.settle()
    assert lab.status(one) == ("pending", "sealed")
    lab.run(one, "sealed", 0.8, seeds=8, first=7)
    lab.settle()
    assert lab.status(one) == ("verified", "done")
    assert lab.champion() == one
    figures = lab.figures(one, "sealed")
    assert figures.champion == "s2"
    assert figures.seeds == 8
    assert figures.gain is not None
    assert figures.gain.low > 0.1
    assert figures.attempt == 1


def test_what_sealed_refuses_blocks_nobody_else(lab: SyntheticLab) -> None:
    lucky = lab.submit("r1", dev=0.9, sealed=0.67)
    lab.settle()
    assert lab.status(lucky) == ("not_reproduced", "done")
    assert lab.champion() == "s2"
    honest = lab.submit("r2", dev=0.78, sealed=0.78)
    lab.settle()
    assert lab.status(honest) == ("verified", "done")


def test_what_sealed_refused_raises_its_own_authors_bar(lab: SyntheticLab) -> None:
    lab.submit("r1", dev=0.9, sealed=0.67)
    lab.settle()
    again = lab.submit("r1", dev=0.9, sealed=0.67)
    lab.settle()
    assert lab.status(again) == ("no_improvement", "done")


def test_attempts_count_per_author(lab: SyntheticLab) -> None:
    lab.submit("r1", dev=0.75, sealed=0.67)
    lab.settle()
    second, other = lab.submit("r1", dev=0.9), lab.submit("r2", dev=0.9)
    lab.settle()
    assert lab.figures(second, "dev").attempt == 2
    assert lab.figures(other, "dev").attempt == 1


def test_a_confirmation_without_a_chance_is_ended_after_half_of_its_seeds(lab: SyntheticLab) -> None:
    hopeless, good = lab.submit("r1", dev=0.9), lab.submit("r2", dev=0.9)
    measured = lab.submit("operator", dev=0.9)
    lab.settle()
    for one, accuracy in ((hopeless, 0.67), (good, 0.9), (measured, 0.67)):
        lab.run(one, "sealed", accuracy, seeds=4)
    lab.settle()
    assert lab.status(hopeless) == ("not_reproduced", "done")
    assert lab.figures(hopeless, "sealed").seeds == 4
    assert lab.figures(hopeless, "sealed").note == "ended after 4 of 8 seeds, which left it no chance"
    assert lab.status(good) == ("pending", "sealed")
    assert lab.status(measured) == ("pending", "sealed")


def test_the_level_is_the_authors_part_of_the_studys(lab: SyntheticLab) -> None:
    one, other = lab.submit("r1", dev=0.8, sealed=0.8), lab.submit("operator", dev=0.8, sealed=0.8)
    lab.settle()
    alpha = lab.figures(one, "sealed").alpha
    own = lab.figures(other, "sealed").alpha
    assert alpha is not None
    assert own is not None
    assert own == pytest.approx(3 * alpha)  # three researchers share, an operator has its own


def test_a_champion_whose_added_seeds_break_holds_nobody_up(lab: SyntheticLab) -> None:
    lab.run("s2", "sealed", 0.68, first=10, seeds=11, state="failed")
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.settle()
    assert lab.status(one) == ("verified", "done")


def test_two_would_be_records_at_once_are_both_verified_and_the_better_one_leads(lab: SyntheticLab) -> None:
    good, better = lab.submit("r1", dev=0.76), lab.submit("r2", dev=0.85)
    worse = lab.submit("r3", dev=0.75)
    lab.settle()
    for one, accuracy in ((good, 0.76), (better, 0.85), (worse, 0.75)):
        lab.run(one, "sealed", accuracy, seeds=8)
        lab.settle()
        assert lab.status(one) == ("verified", "done")
    assert lab.champion() == better
    over = {one: lab.figures(one, "sealed").over for one in (good, better, worse)}
    assert set(over[good]) == set()
    assert over[better][good].low > 0
    assert over[worse][better].high < 0
    tie = over[worse][good]
    assert tie.low < 0 < tie.high


def test_a_failing_method_is_told_the_type_and_the_place_and_nothing_else(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8, seeds=2)
    lab.run(one, "dev", 0.8, seeds=3, first=2, state="failed")
    lab.settle()
    assert lab.status(one) == ("failed", "done")
    assert lab.reply(one) == "ZeroDivisionError in method.py, line 7"


def test_a_run_that_the_lab_lost_is_not_blamed_on_the_code(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8)
    next(lab.folder.blobs.glob("code4-dev-1*")).write_bytes(b"damaged")
    lab.settle()
    assert lab.status(one)[0] == "failed"
    assert "the code is not blamed" in lab.reply(one)


def test_a_champion_that_fails_on_sealed_hands_over_to_the_next_baseline(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab")
    ids = [lab.submit("lab", dev=accuracy, title=str(accuracy), seeds=5) for accuracy in (0.66, 0.7, 0.64)]
    lab.settle()
    assert lab.champion() == ids[1]
    waiting = lab.submit("r1", dev=0.85, sealed=0.85)
    lab.settle()
    assert lab.status(waiting) == ("pending", "sealed")
    lab.run(ids[1], "sealed", 0.7, seeds=1, state="failed")
    lab.run(ids[0], "sealed", 0.66, seeds=8)
    lab.settle()
    assert lab.status(ids[1])[0] == "failed"
    assert lab.status(waiting) == ("verified", "done")


def test_without_baselines_the_floor_is_the_record(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab", baselines=())
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.settle()
    assert lab.status(one) == ("verified", "done")
    assert lab.figures(one, "sealed").champion == "floor"


def test_what_an_operator_submits_is_measured_on_both_splits_in_any_case(lab: SyntheticLab) -> None:
    poor = lab.submit("operator", dev=0.65, sealed=0.65)
    lab.settle()
    assert lab.status(poor) == ("no_improvement", "done")
    assert lab.figures(poor, "sealed").pgr is not None
    good = lab.submit("operator", dev=0.85, sealed=0.85)
    lab.settle()
    assert lab.status(good) == ("verified", "done")


def test_judging_again_changes_nothing_and_the_ledger_holds(lab: SyntheticLab) -> None:
    lab.submit("r1", dev=0.8, sealed=0.8)
    assert lab.settle()
    with lab.db.read() as tx:
        before = (submissions.all(tx), verdicts.all(tx))
    assert lab.settle() == []
    with lab.db.read() as tx:
        assert (submissions.all(tx), verdicts.all(tx)) == before
    Ledger(lab.db).verify()


def test_no_verdict_holds_a_label_or_a_list(lab: SyntheticLab) -> None:
    lab.submit("r1", dev=0.8, sealed=0.8)
    lab.settle()
    with lab.db.read() as tx:
        for verdict in verdicts.all(tx):
            for name, value in verdict.figures.to_json().items():
                assert name == "audits" or not isinstance(value, list | tuple)
            for finding in verdict.figures.audits:
                assert not any(isinstance(value, list | dict) for value in finding.values())


def test_a_verified_method_was_audited_first_and_has_a_track(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.judge.step()
    assert lab.status(one) == ("pending", "sealed")
    with lab.db.read() as tx:
        asked = wanted_runs.of(tx, one)
    assert [run.intervention for run in asked].count("blind") == 8
    lab.settle()
    assert lab.status(one) == ("verified", "done")
    figures = lab.figures(one, "sealed")
    verdicts_of = {finding["audit"]: finding["verdict"] for finding in figures.audits}
    assert verdicts_of["blind world"] == verdicts_of["identity swap"] == "clean"
    assert len(verdicts_of) == 9
    assert figures.track == "weak-to-strong"
    Ledger(lab.db).verify()


def test_a_method_that_knows_items_by_their_handles_breaks_a_rule_and_is_told_which(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab").with_baselines()
    lab.cheats = 1.0
    one = lab.submit("r1", dev=0.99, sealed=0.99)
    lab.settle()
    assert lab.status(one) == ("violation", "done")
    assert lab.reply(one) == f"broke a rule: {words_of(Rule.SOURCES)}"
    finding = next(f for f in lab.figures(one, "sealed").audits if f["audit"] == "identity swap")
    assert finding["low"] > finding["threshold"]
    assert lab.champion() == "s2"


def test_code_that_breaks_with_a_shuffled_teacher_depends_on_it(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab", breaks="shuffle").with_baselines()
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.settle()
    assert lab.status(one) == ("verified", "done")
    assert lab.figures(one, "sealed").track == "weak-to-strong"


def test_code_that_breaks_in_a_blind_world_is_verified_with_a_note_for_a_person(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab", breaks="blind").with_baselines()
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.settle()
    assert lab.status(one) == ("verified", "done")
    finding = next(f for f in lab.figures(one, "sealed").audits if f["audit"] == "blind world")
    assert finding["verdict"] == "person"


@pytest.mark.parametrize(
    ("denied", "verdict"), [({"ptrace": 1, "socket": 2}, "person"), ({}, "clean"), (None, "no power")]
)
def test_denied_calls_are_for_a_person_and_change_nothing_that_the_author_is_told(
    tmp_path: Path, denied: dict[str, int] | None, verdict: str
) -> None:
    lab = SyntheticLab(tmp_path / "lab").with_baselines()
    lab.denied = denied
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.settle()
    assert lab.status(one) == ("verified", "done")
    assert lab.reply(one) == "the gain over the record was reproduced on fresh seeds and items"
    finding = next(f for f in lab.figures(one, "sealed").audits if f["audit"] == "denied calls")
    assert finding["verdict"] == verdict
    if denied:
        assert "ptrace (" in finding["sentence"]
        assert finding["statistic"] == 3 * finding["n"]
        with lab.db.read() as tx:
            made = runs.all(tx, code_hash=submissions.get(tx, one).code_hash)
        assert {run.intervention for run in made} > {"none", "blind"}
        assert finding["n"] == len(made)
    Ledger(lab.db).verify()


def test_what_an_operator_only_wants_measured_is_no_attempt_at_the_record(lab: SyntheticLab) -> None:
    poor = lab.submit("operator", dev=0.6, sealed=0.6)
    lab.settle()
    assert lab.status(poor) == ("no_improvement", "done")
    assert lab.figures(poor, "sealed").attempt is None
    good = lab.submit("operator", dev=0.8, sealed=0.8)
    lab.settle()
    assert lab.figures(good, "sealed").attempt == 1
    findings = {f["audit"]: f for f in lab.figures(good, "sealed").audits}
    assert findings["seed lottery"]["verdict"] == findings["extraction chain"]["verdict"] == "no power"


def test_words_say_what_a_submission_was_held_against(lab: SyntheticLab) -> None:
    good, poor = lab.submit("fresh", dev=0.8, sealed=0.8), lab.submit("fresh", dev=0.6, sealed=0.6)
    lab.settle()
    assert lab.reply(good) == "the gain over vanilla was reproduced on fresh seeds and items"
    assert lab.reply(poor) == "no significant improvement over vanilla on dev"


def test_what_is_not_reproduced_is_not_audited_further(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.9, sealed=0.67)
    lab.settle()
    assert lab.status(one) == ("not_reproduced", "done")
    with lab.db.read() as tx:
        assert wanted_runs.of(tx, one) == []


def test_fresh_compares_with_vanilla_and_leaves_the_record_alone(lab: SyntheticLab) -> None:
    best = lab.submit("r1", dev=0.9, sealed=0.9)
    lab.settle()
    assert lab.champion() == best
    worse = lab.submit("fresh", dev=0.75, sealed=0.75)
    lab.settle()
    assert lab.status(worse) == ("verified", "done")
    assert lab.figures(worse, "sealed").champion == "s1"
    assert lab.champion() == best


def test_a_person_can_overrule_with_a_note_that_the_ledger_keeps(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab", baselines=())
    lab.cheats = 1.0
    one = lab.submit("r1", dev=0.99, sealed=0.99)
    with lab.db.write() as tx, pytest.raises(BadRequest):
        record_overruling(tx, one, status="verified", note="too early")
    lab.settle()
    assert lab.status(one) == ("violation", "done")
    with lab.db.write() as tx:
        record_overruling(tx, one, status="verified", note="read the code: it is an artefact of the items")
    assert lab.status(one) == ("verified", "done")
    assert lab.reply(one) == "decided by a person"
    assert lab.figures(one, "sealed").audits
    assert lab.champion() is None
    lab.settle()
    assert lab.champion() == one
    Ledger(lab.db).verify()
    with lab.db.write() as tx:
        tx.execute(sa.text("UPDATE submissions SET status = 'no_improvement'"))
    with pytest.raises(BrokenChain, match="overruling says 'verified'"):
        Ledger(lab.db).verify()


def test_what_a_person_takes_away_gives_the_record_back(lab: SyntheticLab) -> None:
    before = lab.record()
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.settle()
    assert lab.champion() == one
    with lab.db.write() as tx:
        record_overruling(tx, one, status="violation", note="read the code: it counts letters")
    lab.settle()
    assert (lab.champion(), lab.record()) == ("s2", before)
    better = lab.submit("r2", dev=0.75, sealed=0.75)
    lab.settle()
    assert lab.champion() == better
    with lab.db.write() as tx:
        record_overruling(tx, one, status="verified", note="it does not: the letters are its own")
    lab.settle()
    assert lab.champion() == one
    Ledger(lab.db).verify()


def test_what_is_declared_verified_leads_only_if_it_beats_the_holder(lab: SyntheticLab) -> None:
    lab.cheats = 1.0
    one = lab.submit("r1", dev=0.75, sealed=0.75)
    lab.settle()
    assert lab.status(one) == ("violation", "done")
    lab.cheats = 0.0
    better = lab.submit("r2", dev=0.9, sealed=0.9)
    lab.settle()
    with lab.db.write() as tx:
        record_overruling(tx, one, status="verified", note="read the code")
    lab.settle()
    assert lab.champion() == better
