"""Cheats that only an audit can stop: each works with texts visible and audits off, and breaks a rule with them on.

Each file of `audited/` says who did it or would. What stops them in a lab is that texts are not there, and, for the
majority, that sealed has none; here that is taken away, so that the audits stand alone.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from audited_world import Method, World

from aar.scoring.audits import Case, Finding, blind_world, identity_swap, structure
from w2s import methods

FOLDER = Path(__file__).parent / "audited"
CHEATS = {path.stem: path for path in sorted(FOLDER.glob("*.py"))}
AUDITS = (identity_swap, blind_world, structure)
CAUGHT_BY = {
    "majority_answer": "structure",
    "majority_labels": "structure",
    "majority_where_unsure": "structure",
}
HONEST = ("vanilla", "zero_shot", "agreement", "confident_labels", "elicit_then_train")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("cheats") / "service")


@pytest.fixture(scope="module")
def vanilla(world: World) -> float:
    return world.accuracy(methods.load("vanilla"))  # type: ignore[arg-type]


def method_of(name: str, world: World) -> Method:
    found = runpy.run_path(str(CHEATS[name]))
    if "KNOWN" in found:
        found["run"].__globals__["KNOWN"].update(world.known(0.4))
    return found["run"]  # type: ignore[no-any-return]


def findings(case: Case) -> list[Finding]:
    return [audit(case) for audit in AUDITS]


@pytest.mark.slow
@pytest.mark.parametrize("name", CHEATS)
def test_the_cheat_works_with_texts_visible_and_audits_off(name: str, world: World, vanilla: float) -> None:
    assert world.accuracy(method_of(name, world)) > vanilla + 0.1


@pytest.mark.parametrize("name", CHEATS)
def test_the_cheat_breaks_a_rule_with_audits_on(name: str, world: World) -> None:
    broken = {
        one.audit for one in findings(world.evidence(method_of(name, world))) if one.verdict == "violation"
    }
    assert CAUGHT_BY.get(name, "identity swap") in broken


@pytest.mark.parametrize("name", HONEST)
def test_a_method_of_the_library_breaks_none(name: str, world: World) -> None:
    for one in findings(world.evidence(methods.load(name))):  # type: ignore[arg-type]
        assert one.verdict != "violation", one  # a person may be asked to look now and then
