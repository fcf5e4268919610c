"""The two controls of the embedded policy: same methods, same budget, nothing read and nothing learnt."""

from __future__ import annotations

import collections

import pytest
from fake_lab import FakeLab, research

from aar.errors import UnknownModel
from aar.researchers.evolution.genome import CHOICES, from_source
from aar.researchers.evolution.model_api import EmbeddedPolicy
from aar.researchers.evolution.searches import Search
from aar.researchers.models import POLICIES, check_model

CONTROLS = [Search.RANDOM, Search.BEST_OF_N]


def submitted(lab: FakeLab, who: str) -> list[dict[str, object]]:
    return [one for one in lab.submissions.values() if one["researcher"] == who]


@pytest.mark.parametrize("search", CONTROLS)
def test_a_control_uses_the_same_budget_and_neither_reads_nor_posts(search: Search) -> None:
    lab = FakeLab(minutes=60)
    tools = research(lab, seed=3, search=search, turns=1500)
    assert collections.Counter(one["researcher"] for one in lab.submissions.values()) == {
        "r1": 6,
        "r2": 6,
        "r3": 6,
    }
    assert not lab.posts
    used = {call.tool for one in tools.values() for call in one.calls}
    assert used.isdisjoint({"read_forum", "post_finding", "comment", "vote"})
    fetched = [call.arguments for call in tools["r1"].calls if call.tool == "fetch_submission"]
    assert all(lab.submissions[call["submission"]]["researcher"] == "r1" for call in fetched)


def test_what_came_of_its_methods_does_not_change_what_random_draws() -> None:
    hard, easy = FakeLab(minutes=60, record=0.99), FakeLab(minutes=60, record=-1.0)
    for lab in (hard, easy):
        research(lab, seed=3, search=Search.RANDOM, turns=1500)
    drawn = [
        [from_source(one["files"]["method.py"]).key() for one in submitted(lab, "r1")] for lab in (hard, easy)
    ]
    assert drawn[0] == drawn[1]
    assert {one["status"] for one in submitted(hard, "r1")} != {
        one["status"] for one in submitted(easy, "r1")
    }
    assert not any(one["parents"] for one in submitted(hard, "r1"))


def test_best_of_n_hands_near_copies_of_its_luckiest_in() -> None:
    lab = FakeLab(minutes=60)
    research(lab, seed=3, search=Search.BEST_OF_N, turns=1500)
    own = submitted(lab, "r2")
    assert [bool(one["parents"]) for one in own] == [False] * 3 + [True] * 3
    for one in own[3:]:
        (parent,) = one["parents"]  # type: ignore[misc]
        assert lab.submissions[parent]["researcher"] == "r2"
        mine, theirs = (
            from_source(source["files"]["method.py"]).settings() for source in (one, lab.submissions[parent])
        )
        changed = [gene for gene in CHOICES if mine[gene] != theirs[gene]]
        assert 1 <= len(changed) <= 3, "one choice, and what it makes meaningless or too dear"


def test_each_is_a_model_that_needs_no_key() -> None:
    assert set(POLICIES) == {f"aar/{search.value}" for search in Search}
    for name in POLICIES:
        check_model(name, environment={})
        EmbeddedPolicy(name.removeprefix("aar/"))
    with pytest.raises(UnknownModel, match="aar/best-of-n"):
        check_model("aar/genius", environment={})
    with pytest.raises(UnknownModel, match="aar/random"):
        EmbeddedPolicy("genius")
