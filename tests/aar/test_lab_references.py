"""References are trained for what waits: research starts with the first supervisors, the rest comes behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from queue_lab import (
    PretendedEngine,
    PretendedTrainer,
    claim_all,
    files,
    open_lab,
    queue,
    submit,
    work,
)

from aar import ledger
from aar.database import run_turns, runs, trainings
from aar.database.figures import Figures
from aar.database.trainings import Place
from aar.lab.intake import Lab
from aar.lab.references import planned, wanted
from aar.settings import Settings

METHOD_OF_SEVERAL = {"method.py": "def run(bench):\n    return bench.supervisors[1]  # several\n"}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab in which nothing is trained yet."""
    found = open_lab(tmp_path, "r1", "r2")
    with found.database.write() as tx:
        trainings.keep(tx, [])
    yield found
    found.database.close()


def next_places(lab: Lab, count: int) -> list[Place]:
    with lab.database.read() as tx:
        return [place for _, place in wanted(tx, lab.planned)[:count]]


def train(lab: Lab, *places: Place) -> None:
    with lab.database.write() as tx:
        for place in places:
            trainings.add(tx, *place, seconds=1.0, core_seconds=1.0)


def test_the_first_supervisors_come_before_everything_that_only_figures_need(lab: Lab) -> None:
    order = next_places(lab, 100)
    assert order[0] == ("supervisor", "practice", 0)
    first = 1 + lab.settings.baseline_seeds
    assert set(order[1:first]) == {("supervisor", "dev", k) for k in range(lab.settings.baseline_seeds)}
    sealed = 1 + lab.settings.floors + lab.settings.ceilings
    assert {place[1] for place in order[first:sealed]} == {
        "dev"
    }  # ceilings and further floors: dev verdicts have figures
    assert {place[1] for place in order[sealed:]} == {"sealed"}
    assert len(order) == len(planned(lab.settings)) == 37


def test_a_run_is_taken_once_the_supervisor_that_it_asks_is_trained(lab: Lab) -> None:
    submit(lab, "r1", "a method")
    assert claim_all(lab) == []
    train(lab, ("supervisor", "dev", 1))
    assert claim_all(lab) == ["r1"]
    train(lab, ("supervisor", "dev", 0), ("ceiling", "dev", 0))
    assert claim_all(lab) == ["r1"]


def test_companions_are_trained_for_code_that_names_them_and_for_no_other(lab: Lab) -> None:
    train(lab, *planned(lab.settings))
    submit(lab, "r1", "a method")
    assert next_places(lab, 9) == []
    lab.submit("r2", files=METHOD_OF_SEVERAL, title="several", summary="", parents=(), claim="", request=None)
    assert set(next_places(lab, 9)) == {("supervisor", "dev", k) for k in (10_000, 10_001, 10_002, 10_003)}
    assert claim_all(lab) == ["r1"] * lab.settings.dev_seeds
    train(lab, ("supervisor", "dev", 10_000), ("supervisor", "dev", 10_001))
    assert claim_all(lab) == ["r2"]


def test_what_a_confirmation_waits_for_moves_up(lab: Lab) -> None:
    one = submit(lab, "r1", "a method")
    train(lab, *(place for place in planned(lab.settings) if place[1] != "sealed"))
    with lab.database.write() as tx:
        figures = Figures(seeds=2, n=1000, sealed_seeds=8)
        ledger.record_verdict(tx, one, stage="dev", status="pending", reply="", figures=figures)
        rank, _ = wanted(tx, lab.planned)[0]
        assert runs.PRIORITIES.index("sealed") < rank < runs.PRIORITIES.index("audit")


def test_a_supervisor_whose_file_is_gone_is_trained_again_before_its_runs(lab: Lab) -> None:
    train(lab, *planned(lab.settings))
    submit(lab, "r1", "a method")
    with lab.database.write() as tx:
        trainings.keep(tx, [place for place in lab.planned if place != ("supervisor", "dev", 0)])
    assert next_places(lab, 9) == [("supervisor", "dev", 0)]
    assert claim_all(lab) == ["r1"]  # the run of the other supervisor


def test_the_slots_train_and_run_until_nothing_is_left(lab: Lab) -> None:
    submit(lab, "r1", "first")
    engine = PretendedEngine()
    work(lab, engine, slots=2, trained=[])
    assert engine.started == ["first"] * lab.settings.dev_seeds
    with lab.database.read() as tx:
        assert len(trainings.all(tx)) == len(lab.planned)


@pytest.mark.parametrize("slots", [1, 2])
def test_practice_goes_first_but_holds_nobody_up(lab: Lab, slots: int) -> None:
    train(lab, *planned(lab.settings))
    for k in range(6):
        queue(lab, f"p{k}", 1, priority="practice", known=True)
    queue(lab, "r1", 4, known=True)
    engine = PretendedEngine(seconds=0.05)
    work(lab, engine, slots=slots)
    started = ["practice" if name.startswith("p") else "dev" for name in engine.started]
    assert started[0] == "practice"
    assert started[: 2 * 4].count("dev") >= 3  # half of them, or nearly


def test_a_run_without_companions_is_given_its_own_supervisor_alone(lab: Lab) -> None:
    from aar.lab.jobs import job_of

    train(lab, *planned(lab.settings), ("supervisor", "dev", 10_000), ("supervisor", "dev", 10_001))
    submit(lab, "r1", "a method")
    with lab.database.write() as tx:
        run = run_turns.claim(tx)
    assert run is not None
    assert job_of(lab, run).supervisor_seeds == (run.pair_index,)
    assert files("x") != METHOD_OF_SEVERAL


def test_every_lab_plans_at_least_one_supervisor_for_each_of_its_runs() -> None:
    few = planned(Settings(dev_seeds=2, baseline_seeds=1, sealed_seeds=3, floors=1, ceilings=1))
    assert {k for role, split, k in few if (role, split) == ("supervisor", "dev")} == {0, 1}
    assert {k for role, split, k in few if (role, split) == ("supervisor", "sealed")} == {0, 1, 2}


def test_no_reference_is_trained_twice(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Place] = []

    async def train(self: PretendedTrainer, place: Place) -> tuple[float, float]:
        asked.append(place)
        return (0.1, 0.1)

    monkeypatch.setattr(PretendedTrainer, "train", train)
    work(lab, PretendedEngine(), slots=4, trained=[])
    assert len(asked) == len(set(asked)) == len(lab.planned)
