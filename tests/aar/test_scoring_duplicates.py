"""The same method again: identical code, nearly the same answers, and other seeds for the same idea."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save
from synthetic_lab import SyntheticLab

from aar import ledger
from aar.broken_rules import Rule, words_of
from aar.database import runs, submissions, wanted_runs
from aar.database.figures import Figures
from aar.errors import BadRequest
from aar.lab import cancellation
from aar.lab.resubmission import refuse_ended
from aar.ledger import Ledger
from aar.run_records import Cause, RunEnd
from aar.scoring.audits import rules


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAWS", 200)


@pytest.fixture
def lab(tmp_path: Path) -> SyntheticLab:
    return SyntheticLab(tmp_path / "lab").with_baselines()


def code_of(lab: SyntheticLab, one: str) -> str:
    with lab.db.read() as tx:
        return submissions.get(tx, one).code_hash


def changed(lab: SyntheticLab, of: str, *, share: float, who: str = "r1") -> str:
    """A submission that answers like another one but for a share of the items, on every seed."""
    one = lab.submit(who, dev=0.5)
    flipped = np.arange(600) < round(share * 600)
    for k in range(lab.dev_seeds):
        arrays = load((lab.folder.blobs / f"{code_of(lab, of)}-dev-{k}.safetensors").read_bytes())
        arrays["predictions"] = np.where(flipped, 1 - arrays["predictions"], arrays["predictions"])
        (lab.folder.blobs / f"{code_of(lab, one)}-dev-{k}.safetensors").write_bytes(save(arrays))
    return one


def test_identical_code_is_answered_as_before_and_counts_as_a_submission(lab: SyntheticLab) -> None:
    first = lab.submit("r1", dev=0.9, sealed=0.67)
    lab.settle()
    again = lab.hand_in("r2", code_of(lab, first))
    lab.settle()
    assert lab.status(again) == ("not_reproduced", "done")
    assert lab.reply(again) == f"the same code as {first}, which was answered: {lab.reply(first)}"
    assert lab.figures(again, "dev").same_as == first
    with lab.db.read() as tx:
        assert submissions.count(tx, "r2") == 1
    Ledger(lab.db).verify()


def test_code_that_another_withdrew_is_judged(lab: SyntheticLab) -> None:
    first, again = lab.hand_in("r1", "the code"), lab.hand_in("r2", "the code")
    with lab.db.write() as tx:
        runs.queue(
            tx,
            "the code-dev-0",
            researcher="r1",
            submission=first,
            code_hash="the code",
            commit="0" * 40,
            split="dev",
            pair_index=0,
            supervisor_seed=0,
            student_seed="00",
            nominal_cost=1.0,
        )
        assert cancellation.withdraw(tx, "r1", first).queued == 0  # the other one needs it
    lab.run(again, "dev", 0.9, seeds=lab.dev_seeds)
    lab.run(again, "sealed", 0.9, seeds=8)
    lab.settle()
    assert lab.status(again) == ("verified", "done")


def test_a_would_be_record_whose_runs_with_others_seeds_were_cancelled_is_decided(lab: SyntheticLab) -> None:
    first, taken_back = lab.submit("r1", dev=0.6), lab.submit("r1", dev=0.85)
    lab.code[first] = "def run(bench):\n    return bench.strong().predict(bench.test)\n"
    lab.code[taken_back] = f"# other seeds\n{lab.code[first]}"
    lab.judge.step()
    with lab.db.write() as tx:  # as an earlier version let its author do
        for wanted in wanted_runs.of(tx, taken_back):
            key = f"as-{wanted.seeds_of}-{wanted.k}"
            runs.queue(
                tx,
                key,
                researcher="r1",
                submission=taken_back,
                code_hash=submissions.get(tx, taken_back).code_hash,
                commit="0" * 40,
                split="dev",
                pair_index=wanted.k,
                supervisor_seed=wanted.k,
                student_seed="00",
                nominal_cost=1.0,
                seeds_of=wanted.seeds_of,
            )
            ledger.record_run(tx, key, state="cancelled", end=RunEnd(cause=Cause.WITHDRAWN))
        ledger.record_verdict(
            tx,
            taken_back,
            stage="dev",
            status="failed",
            reply="",
            figures=Figures(seeds=0, n=0),
            ended=submissions.Ended.WITHDRAWN,
        )
        same = submissions.all(tx, code_hash=code_of(lab, taken_back))
        with pytest.raises(BadRequest, match="change the code"):
            refuse_ended(tx, same, decisive=("dev",))
    again = lab.hand_in("r2", code_of(lab, taken_back))
    lab.code[again] = lab.code[taken_back]
    lab.judge.step()
    assert lab.status(again) == ("pending", "sealed")


@pytest.mark.parametrize("breaks", [False, True])
def test_a_twin_that_fails_its_confirmation_burns_nobody_elses_method(
    lab: SyntheticLab, breaks: bool
) -> None:
    twin = lab.submit("r2", dev=0.9)
    lab.settle()
    lab.run(twin, "sealed", 0.67, seeds=8, **({"state": "failed"} if breaks else {}))
    lab.settle()
    assert lab.status(twin) == ("failed" if breaks else "not_reproduced", "done")
    own = changed(lab, twin, share=0.01, who="r2")
    lab.settle()
    assert lab.status(own)[1] == "done"
    honest = changed(lab, twin, share=0.01)
    lab.settle()
    assert lab.status(honest) == ("pending", "sealed")
    lab.run(honest, "sealed", 0.9, seeds=8)
    lab.settle()
    assert lab.status(honest) == ("verified", "done")


def test_without_a_forum_no_other_submission_is_named(lab: SyntheticLab) -> None:
    lab.judge.settings = replace(lab.judge.settings, forum=False)
    first = lab.submit("r1", dev=0.9, sealed=0.67)
    lab.settle()
    again = lab.hand_in("r2", code_of(lab, first))
    lab.settle()
    assert (
        lab.reply(again) == f"the same code as an earlier submission, which was answered: {lab.reply(first)}"
    )


def test_identical_code_waits_for_the_answer_to_the_first(lab: SyntheticLab) -> None:
    first = lab.submit("r1", dev=0.9)
    again = lab.hand_in("r1", code_of(lab, first))
    lab.settle()
    assert lab.status(first) == ("pending", "sealed")
    assert lab.status(again) == ("pending", "dev")
    lab.run(first, "sealed", 0.9, seeds=8)
    lab.settle()
    assert lab.status(first) == ("verified", "done")
    assert lab.status(again)[1] == "done"


def test_a_record_whose_confirmation_was_lost_is_made_when_it_is_handed_in_again(lab: SyntheticLab) -> None:
    lost = lab.submit("r1", dev=0.8)
    lab.run(lost, "sealed", 0.8, seeds=1, state="lost")
    lab.settle()
    assert (lab.status(lost), lab.ended(lost)) == (("failed", "done"), submissions.Ended.LOST)
    again = lab.hand_in("r1", code_of(lab, lost))
    lab.settle()
    assert lab.status(again) == ("pending", "sealed")
    assert lab.figures(again, "dev").attempt == 1
    with lab.db.write() as tx:
        key = f"{code_of(lab, lost)}-sealed-0"
        assert ledger.record_again(tx, key, submission=again, researcher="r1", priority="sealed")
    lab.run(again, "sealed", 0.8, seeds=8)
    lab.settle()
    assert lab.status(again) == ("verified", "done")
    Ledger(lab.db).verify()


def test_what_repeats_a_lost_record_under_other_seeds_stops_no_scorer(lab: SyntheticLab) -> None:
    lost = lab.submit("r1", dev=0.8)
    lab.settle()
    twin = lab.submit("r2", dev=0.8)
    lab.code[twin] = lab.code[lost] = "def run(bench):\n    return bench.strong().predict(bench.test)\n"
    lab.judge.step()  # it asks for the runs that show whether they are the same
    lab.run(lost, "sealed", 0.8, seeds=1, state="lost")
    lab.like[twin] = lost
    lab.settle()
    assert lab.status(lost) == ("failed", "done")
    assert lab.status(twin) == ("pending", "sealed")


def test_a_record_is_not_made_twice(lab: SyntheticLab) -> None:
    first = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.settle()
    again = lab.hand_in("r2", code_of(lab, first))
    near = changed(lab, first, share=0.01)
    lab.settle()
    assert lab.status(first) == ("verified", "done")
    assert lab.status(again) == lab.status(near) == ("no_improvement", "done")
    assert lab.champion() == first


def test_a_baselines_code_is_no_improvement(lab: SyntheticLab) -> None:
    again = lab.hand_in("r1", code_of(lab, "s1"))
    lab.settle()
    assert lab.status(again) == ("no_improvement", "done")


def test_code_that_broke_a_rule_breaks_it_again_but_nearly_the_same_answers_are_not_said_to(
    tmp_path: Path,
) -> None:
    lab = SyntheticLab(tmp_path / "lab").with_baselines()
    lab.cheats = 1.0
    first = lab.submit("r1", dev=0.99, sealed=0.99)
    lab.settle()
    assert lab.status(first) == ("violation", "done")
    again, near = lab.hand_in("r2", code_of(lab, first)), changed(lab, first, share=0.01)
    lab.settle()
    assert lab.status(again) == ("violation", "done")
    assert lab.reply(again).endswith(f"broke a rule: {words_of(Rule.SOURCES)}")
    assert lab.status(near) == ("no_improvement", "done")


@pytest.mark.parametrize(("share", "same"), [(0.015, True), (0.03, False)])
def test_answers_that_differ_in_less_than_two_per_cent_are_the_same(
    lab: SyntheticLab, share: float, same: bool
) -> None:
    first = lab.submit("r1", dev=0.6)
    lab.settle()
    near = changed(lab, first, share=share, who="r2")
    lab.settle()
    assert (lab.figures(near, "dev").same_as == first) is same
    assert lab.reply(near).startswith("nearly the same answers as") is same


def test_a_would_be_record_that_is_an_earlier_method_with_other_seeds_is_answered_as_that_was(
    lab: SyntheticLab,
) -> None:
    first = lab.submit("r1", dev=0.6)
    lab.settle()
    assert lab.status(first) == ("no_improvement", "done")
    lucky = lab.submit("r1", dev=0.85)
    lab.code |= {
        first: "def run(bench):\n    return 1",
        lucky: "# another seed\ndef run(bench):\n    return 1",
    }
    lab.like[lucky] = first
    told = Ledger(lab.db).verify().leaks["dev"].replies
    lab.settle()
    assert lab.status(lucky) == ("no_improvement", "done")
    assert lab.figures(lucky, "dev").same_as == first
    # its author may guess that it was a would-be record, or it would not have been run again
    assert Ledger(lab.db).verify().leaks["dev"].replies == told + 1


def test_a_would_be_record_of_like_code_that_answers_otherwise_goes_on_to_sealed(lab: SyntheticLab) -> None:
    first = lab.submit("r1", dev=0.6)
    lab.settle()
    better = lab.submit("r1", dev=0.85)
    lab.code |= {first: "def run(bench):\n    return 1", better: "# better\ndef run(bench):\n    return 1"}
    lab.judge.step()
    assert lab.status(better) == ("pending", "dev")  # it is run again with the other's seeds first
    lab.settle()
    assert lab.status(better) == ("pending", "sealed")


def test_what_repeats_tells_nothing_by_the_ledger(lab: SyntheticLab) -> None:
    first = lab.submit("r1", dev=0.6)
    lab.settle()
    before = Ledger(lab.db).verify().leaks["dev"]
    lab.hand_in("r2", code_of(lab, first))
    changed(lab, first, share=0.01)
    lab.settle()
    assert Ledger(lab.db).verify().leaks["dev"] == before


def test_what_an_operator_submits_is_measured_though_it_is_known(lab: SyntheticLab) -> None:
    first = lab.submit("r1", dev=0.65, sealed=0.65)
    lab.settle()
    again = lab.hand_in("operator", code_of(lab, first))
    lab.settle()
    assert lab.figures(again, "dev").same_as is None
    assert lab.figures(again, "sealed").pgr is not None
