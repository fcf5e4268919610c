"""Verdicts from finished runs: the words, the order, and that each is written once."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic_lab import SyntheticLab

from aar.database import submissions, verdicts
from aar.ledger import Ledger


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
    assert not [line for line in lab.judge.step() if one in line]
    assert lab.status(one) == ("pending", "dev")


def test_a_method_like_the_record_hears_only_that(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.68)
    lab.judge.step()
    assert lab.status(one) == ("no_improvement", "done")
    assert lab.reply(one) == f"no significant improvement over the record, accuracy {lab.record():.3f} on dev"


def test_a_better_method_goes_to_sealed_and_becomes_champion_there(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8)
    lab.judge.step()
    assert lab.status(one) == ("pending", "sealed")
    assert lab.figures(one, "dev").sealed_seeds == 8
    assert lab.champion() == "s2"
    lab.run(one, "sealed", 0.8, seeds=7)
    lab.judge.step()
    assert lab.status(one) == ("pending", "sealed")
    lab.run(one, "sealed", 0.8, seeds=8, first=7)
    lab.judge.step()
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
    lab.judge.step()
    assert lab.status(lucky) == ("not_reproduced", "done")
    assert lab.champion() == "s2"
    honest = lab.submit("r2", dev=0.78, sealed=0.78)
    lab.judge.step()
    assert lab.status(honest) == ("verified", "done")


def test_what_sealed_refused_raises_its_own_authors_bar(lab: SyntheticLab) -> None:
    lab.submit("r1", dev=0.9, sealed=0.67)
    lab.judge.step()
    again = lab.submit("r1", dev=0.9, sealed=0.67)
    lab.judge.step()
    assert lab.status(again) == ("no_improvement", "done")


def test_attempts_count_per_author(lab: SyntheticLab) -> None:
    lab.submit("r1", dev=0.75, sealed=0.67)
    lab.judge.step()
    second, other = lab.submit("r1", dev=0.9), lab.submit("r2", dev=0.9)
    lab.judge.step()
    assert lab.figures(second, "dev").attempt == 2
    assert lab.figures(other, "dev").attempt == 1


def test_two_would_be_records_at_once_are_both_verified_and_the_better_one_leads(lab: SyntheticLab) -> None:
    good, better = lab.submit("r1", dev=0.76), lab.submit("r2", dev=0.85)
    worse = lab.submit("r3", dev=0.75)
    lab.judge.step()
    for one, accuracy in ((good, 0.76), (better, 0.85), (worse, 0.75)):
        lab.run(one, "sealed", accuracy, seeds=8)
        lab.judge.step()
        assert lab.status(one) == ("verified", "done")
    assert lab.champion() == better


def test_a_failing_method_is_told_the_type_and_the_place_and_nothing_else(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8, seeds=2)
    lab.run(one, "dev", 0.8, seeds=3, first=2, state="failed")
    lab.judge.step()
    assert lab.status(one) == ("failed", "done")
    assert lab.reply(one) == "ZeroDivisionError in method.py, line 7"


def test_a_run_that_the_lab_lost_is_not_blamed_on_the_code(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8)
    next(lab.folder.blobs.glob("code4-dev-1*")).write_bytes(b"damaged")
    lab.judge.step()
    assert lab.status(one)[0] == "failed"
    assert "the code is not blamed" in lab.reply(one)


def test_a_champion_that_fails_on_sealed_hands_over_to_the_next_baseline(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab")
    ids = [lab.submit("lab", dev=accuracy, title=str(accuracy), seeds=5) for accuracy in (0.66, 0.7, 0.64)]
    lab.judge.step()
    assert lab.champion() == ids[1]
    waiting = lab.submit("r1", dev=0.85, sealed=0.85)
    lab.judge.step()
    assert lab.status(waiting) == ("pending", "sealed")
    lab.run(ids[1], "sealed", 0.7, seeds=1, state="failed")
    lab.run(ids[0], "sealed", 0.66, seeds=8)
    lab.judge.step()
    assert lab.status(ids[1])[0] == "failed"
    assert lab.status(waiting) == ("verified", "done")


def test_without_baselines_the_floor_is_the_record(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab", baselines=())
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.judge.step()
    assert lab.status(one) == ("verified", "done")
    assert lab.figures(one, "sealed").champion == "floor"


def test_what_an_operator_submits_is_measured_on_both_splits_in_any_case(lab: SyntheticLab) -> None:
    poor = lab.submit("operator", dev=0.65, sealed=0.65)
    lab.judge.step()
    assert lab.status(poor) == ("no_improvement", "done")
    assert lab.figures(poor, "sealed").pgr is not None
    good = lab.submit("operator", dev=0.85, sealed=0.85)
    lab.judge.step()
    assert lab.status(good) == ("verified", "done")


def test_judging_again_changes_nothing_and_the_ledger_holds(lab: SyntheticLab) -> None:
    lab.submit("r1", dev=0.8, sealed=0.8)
    assert lab.judge.step()
    with lab.db.read() as tx:
        before = (submissions.all(tx), verdicts.all(tx))
    assert lab.judge.step() == []
    with lab.db.read() as tx:
        assert (submissions.all(tx), verdicts.all(tx)) == before
    Ledger(lab.db).verify()


def test_no_verdict_holds_a_label_or_a_list(lab: SyntheticLab) -> None:
    lab.submit("r1", dev=0.8, sealed=0.8)
    lab.judge.step()
    with lab.db.read() as tx:
        for verdict in verdicts.all(tx):
            for value in verdict.figures.to_json().values():
                assert not isinstance(value, list)
