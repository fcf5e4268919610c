"""A confirmation in eight worlds, one pair of seeds in each: what holds in one of them only is no gain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import stdtrit
from synthetic_lab import BASELINES, CEILING, FLOOR, SyntheticLab

from aar.scoring.audits import rules
from aar.scoring.evidence.case_builder import case_of
from aar.scoring.evidence.measures import Comparison, measure
from aar.scoring.ladder import look_at
from aar.scoring.truth.parts import Rows, TestParts
from aar.scoring.truth.vault import TestItems, Vault
from w2s.metrics import Supervisors

CHAMPION = max(BASELINES.values())
WORLDS, N = 8, 200


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAWS", 200)


@pytest.fixture
def lab(tmp_path: Path) -> SyntheticLab:
    return SyntheticLab(tmp_path / "lab", worlds=WORLDS).with_baselines()


# -- verdicts ----------------------------------------------------------------------------------------------------


def test_a_gain_everywhere_is_verified_and_as_large_a_one_in_one_world_is_not(lab: SyntheticLab) -> None:
    only_here = [CHAMPION + 0.3, *[CHAMPION] * (WORLDS - 1)]
    one = lab.submit("r1", dev=0.8, sealed=only_here)
    every = lab.submit("r2", dev=0.8, sealed=CHAMPION + 0.3 / WORLDS)
    lab.settle()
    assert [lab.status(submission)[0] for submission in (one, every)] == ["not_reproduced", "verified"]
    assert lab.champion() == every
    alike, everywhere = (lab.figures(submission, "sealed").accuracy_gain for submission in (one, every))
    assert alike is not None
    assert everywhere is not None
    assert alike.mean == pytest.approx(everywhere.mean, abs=0.01)


def test_what_differs_between_worlds_is_in_the_intervals(lab: SyntheticLab) -> None:
    even = lab.submit("operator", dev=0.8, sealed=0.8)
    uneven = lab.submit("operator", dev=0.8, sealed=[0.7, 0.9] * (WORLDS // 2))
    lab.settle()
    pgr = [lab.figures(one, "sealed").pgr for one in (even, uneven)]
    for found in pgr:
        assert found is not None
        assert found.mean == pytest.approx((0.8 - FLOOR) / (CEILING - FLOOR), abs=0.02)
    widths = [found.high - found.low for found in pgr if found is not None]
    assert widths[1] > 5 * widths[0]


def test_a_hopeless_confirmation_ends_in_half_of_the_worlds(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8)
    lab.settle()
    look = look_at(WORLDS)
    assert look == 4
    lab.run(one, "sealed", CHAMPION - 0.05, seeds=look)
    lab.settle()
    figures = lab.figures(one, "sealed")
    assert (lab.status(one)[0], figures.looked_after, figures.seeds) == ("not_reproduced", 4, 4)
    assert figures.accuracy_gain is not None
    assert (figures.accuracy_gain.seeds, figures.accuracy_gain.n) == (4, 4 * 600)
    assert figures.pgr is not None
    assert figures.pgr.mean == pytest.approx((CHAMPION - 0.05 - FLOOR) / (CEILING - FLOOR), abs=0.02)


def test_audits_compare_each_run_with_the_items_of_its_own_world(lab: SyntheticLab) -> None:
    one = lab.submit("operator", dev=0.8, sealed=0.8)
    lab.settle()
    evidence = lab.judge.evidence()
    submission = evidence.board.named(one)
    case = case_of(evidence, submission, evidence.outcome(submission, "sealed").rows)
    for run in case.runs:
        part = lab.vault.part(run.split, run.k)
        assert part.world == f"world {run.k % WORLDS}"
        assert run.targets is not None
        assert (run.targets.pool.truth == lab.vault.labels(part.unlabelled)).all()
        assert (run.predictions.pool.truth == lab.vault.labels(part.test)).all()
    assert {run.k for run in case.runs if run.split == "sealed"} == set(range(10))


# -- figures -----------------------------------------------------------------------------------------------------


def items(*, ood: Sequence[bool] = (False,) * N) -> TestParts:
    part = TestItems(np.zeros(N), clusters=tuple(f"q{i // 2}" for i in range(N)), ood=tuple(ood))
    return TestParts((part,) * WORLDS)


def rows(accuracies: Sequence[float]) -> Rows:
    """One row a pair of seeds, in which exactly this share of the items is right."""
    return {k: (np.arange(N) < round(accuracy * N)).astype(float) for k, accuracy in enumerate(accuracies)}


def test_figures_are_means_over_worlds_with_the_t_interval_of_their_spread() -> None:
    student, champion = np.array([0.7, 0.72, 0.74, 0.7, 0.8, 0.78, 0.7, 0.72]), np.full(WORLDS, 0.7)
    found = measure(
        rows(student.tolist()),
        Comparison("s1", rows(champion.tolist())),
        items=items(),
        floors=rows([0.6] * WORLDS),
        ceilings=rows([0.9] * WORLDS),
    )
    gain = student - champion
    half = stdtrit(WORLDS - 1, 0.975) * gain.std(ddof=1) / np.sqrt(WORLDS)
    assert found.accuracy_gain is not None
    assert (found.accuracy_gain.mean, found.accuracy_gain.low) == pytest.approx(
        (gain.mean(), gain.mean() - half)
    )
    # the gap is the same in every world, so that nothing but the student's spread is in these
    assert found.pgr is not None
    assert found.gain is not None
    assert found.pgr.mean == pytest.approx((student.mean() - 0.6) / 0.3)
    assert (found.gain.mean, found.gain.high) == pytest.approx(
        (gain.mean() / 0.3, (gain.mean() + half) / 0.3)
    )


def test_a_world_with_more_seeds_counts_as_one_world() -> None:
    twice = {**rows([0.8, *[0.7] * 7]), WORLDS: rows([0.8])[0]}
    found = measure(twice, None, items=items(), floors=rows([0.6] * WORLDS), ceilings=rows([0.9] * WORLDS))
    assert found.seeds == WORLDS + 1
    assert found.accuracy is not None
    assert found.accuracy.mean == pytest.approx((0.8 + 7 * 0.7) / 8)


def test_pgr_is_over_the_worlds_whose_gap_is_known_and_accuracy_over_all() -> None:
    student = rows([0.8, 0.8, 0.7, *[0.65] * 5])
    found = measure(
        student,
        Comparison("s1", rows([0.7] * WORLDS)),
        items=items(),
        floors=rows([0.6] * WORLDS),
        ceilings=rows([0.9] * 3),
    )
    assert found.accuracy is not None
    assert found.pgr is not None
    assert found.gain is not None
    assert found.accuracy.mean == pytest.approx((0.8 + 0.8 + 0.7 + 5 * 0.65) / 8)
    assert found.pgr.mean == pytest.approx((0.2 + 0.2 + 0.1) / 3 / 0.3)
    assert found.gain.mean == pytest.approx((0.1 + 0.1 + 0.0) / 3 / 0.3)


@pytest.mark.parametrize(("floors", "ceilings", "seeds"), [(1, 8, 8), (8, 1, 8), (1, 1, 8), (1, 8, 9)])
def test_where_the_gap_of_one_world_alone_is_known_there_is_no_pgr_and_all_else(
    floors: int, ceilings: int, seeds: int
) -> None:
    found = measure(
        rows([0.8] * seeds),
        Comparison("s1", rows([0.7] * seeds)),
        items=items(ood=[i % 4 == 0 for i in range(N)]),
        floors=rows([0.6] * floors),
        ceilings=rows([0.9] * ceilings),
    )
    assert (found.pgr, found.gain, found.id_pgr, found.ood_pgr) == (None, None, None, None)
    assert found.accuracy is not None
    assert found.accuracy_gain is not None
    assert (found.floor, found.ceiling) == pytest.approx((0.6, 0.9))


def test_a_companion_is_about_the_world_of_its_pair() -> None:
    parts = tuple(replace(part, clusters=(f"world {w}",) * N) for w, part in enumerate(items().parts))
    there = TestParts(parts)
    assert [there.of(supervisor).clusters[0] for supervisor in (3, 10_006, 10_007, 11)] == ["world 3"] * 4
    with pytest.raises(KeyError, match="part 3"):
        there.tables(rows([0.5] * 3), of=[3])


# -- a lab of an earlier version ---------------------------------------------------------------------------------


def test_a_vault_whose_splits_have_one_part_and_no_list_of_it_is_read(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab")
    path = lab.vault.path / "items.json"
    body = json.loads(path.read_text())
    one = {name: part for name, (part,) in body["splits"].items()}
    path.write_text(json.dumps({**body, "splits": one}))
    assert Vault(lab.vault.path).splits == lab.vault.splits


# -- supervisors -------------------------------------------------------------------------------------------------


def follows(supervisors: np.ndarray, typical: float, *, slope: float, gain: float) -> list[float]:
    """Accuracy of a method by world: the plain baseline's at a typical supervisor and `gain`, moved by `slope`."""
    return (BASELINES["vanilla"] + gain + slope * (supervisors - typical)).tolist()


@pytest.mark.parametrize(("gain", "status"), [(0.08, "verified"), (0.0, "not_reproduced")])
def test_the_luck_of_the_supervisors_neither_hides_a_gain_nor_makes_one(
    tmp_path: Path, gain: float, status: str
) -> None:
    """The plain baseline follows supervisors that differ by .06; a method that follows none is compared with it."""
    lab = SyntheticLab(tmp_path / "lab", baselines=("vanilla",), worlds=WORLDS)
    drawn = np.random.default_rng(2).normal(BASELINES["vanilla"], 0.06, WORLDS)
    worlds = [f"world {k}" for k in range(WORLDS)]
    lab.judge.source.typical = {
        (split, world): {"floor": FLOOR, "plain": BASELINES["vanilla"]}
        for split in ("dev", "sealed")
        for world in worlds
    }
    plain = lab.submit("lab", dev=BASELINES["vanilla"], title="vanilla", seeds=5)
    lab.run(plain, "sealed", drawn.tolist(), seeds=WORLDS)
    lab.settle()
    one = lab.submit("r1", dev=0.8)
    lab.settle()
    lab.run(one, "sealed", follows(drawn, BASELINES["vanilla"], slope=0.1, gain=gain), seeds=WORLDS)
    lab.settle()
    assert lab.status(one) == (status, "done")
    found = lab.figures(one, "sealed").accuracy_gain
    assert found is not None
    assert found.mean == pytest.approx(gain, abs=0.015)


def test_in_three_worlds_each_pair_of_seeds_is_an_observation() -> None:
    """Means of three worlds leave two degrees of freedom: the gap of a floor that moves by .03 would not be known."""
    parts = TestParts(items().parts[:3])
    moves = np.array([0.03, -0.02, 0.01, -0.03, 0.02, -0.01])
    student, champion = 0.75 + moves, 0.70 + moves[::-1]
    found = measure(
        rows(student.tolist()),
        Comparison("s1", rows(champion.tolist())),
        items=parts,
        floors=rows([*(0.6 + moves), 0.6, 0.6, 0.6]),
        ceilings=rows([0.9] * 9),
    )
    assert (found.seeds, found.n) == (6, 3 * N)
    assert (found.floor, found.ceiling) == pytest.approx((0.6, 0.9))
    gain = student - champion
    half = stdtrit(5, 0.975) * gain.std(ddof=1) / np.sqrt(6)
    assert found.accuracy_gain is not None
    assert (found.accuracy_gain.mean, found.accuracy_gain.low) == pytest.approx(
        (gain.mean(), gain.mean() - half)
    )
    assert found.pgr is not None
    assert found.pgr.mean == pytest.approx(0.5, abs=0.01)
    assert found.note == ""


def test_a_gain_on_dev_is_the_one_that_the_gate_sees() -> None:
    parts = TestParts(items().parts[:3])
    drawn = np.array([0.60, 0.66, 0.58, 0.64, 0.62, 0.56])
    found = measure(
        rows([0.7] * 6),
        Comparison("s1", rows(drawn.tolist())),
        items=parts,
        floors=rows([0.5] * 6),
        ceilings=rows([0.9] * 6),
        supervisors=lambda keys: Supervisors(drawn[parts.in_order(keys)], np.full(6, 0.68)),
    )
    assert found.accuracy_gain is not None
    assert found.gain is not None
    assert found.accuracy_gain.mean == pytest.approx(0.7 - 0.68)
    assert found.gain.mean == pytest.approx((0.7 - 0.68) / 0.4)


def test_a_verdict_waits_for_what_a_plain_student_makes_of_its_supervisors(tmp_path: Path) -> None:
    """Also where another baseline holds the record: without it nobody can tell how good the supervisors are."""
    lab = SyntheticLab(tmp_path / "lab", baselines=("vanilla", "zero_shot"), worlds=WORLDS)
    plain = lab.submit("lab", dev=0.62, title="vanilla", seeds=5)
    other = lab.submit("lab", dev=0.68, sealed=0.68, title="zero_shot", seeds=5)
    lab.settle()
    assert lab.champion() == other
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.settle()
    assert lab.status(one) == ("pending", "sealed")
    lab.run(plain, "sealed", 0.62, seeds=WORLDS)
    lab.settle()
    assert lab.status(one) == ("verified", "done")
