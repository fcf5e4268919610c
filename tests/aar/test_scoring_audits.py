"""Audits on evidence with known answers: what was planted is found, honest evidence is left alone."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from audit_worlds import case, honest, leaking, majority, solving
from hypothesis import given
from hypothesis import strategies as st

from aar.broken_rules import Rule
from aar.scoring.audits import AUDITS, Case, Finding, Need, Sibling, rules, track_of, worse
from aar.scoring.audits.blind import blind_world
from aar.scoring.audits.denied import denied_calls
from aar.scoring.audits.estimates import Sums, balanced_gain, gain, within
from aar.scoring.audits.history import alike, extraction_chain, seed_lottery
from aar.scoring.audits.presentation import presentation
from aar.scoring.audits.structure import structure
from aar.scoring.audits.swap import identity_swap
from aar.scoring.audits.teacher import teacher_shuffle
from aar.scoring.audits.texts import text_in_code
from aar.scoring.truth.parts import TestParts
from aar.scoring.truth.vault import TestItems
from aar.students.interventions import INTERVENTIONS
from w2s.errors import NotFound


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch):
    monkeypatch.setattr(rules, "DRAWS", 400)


# -- statistics --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("worlds", [1, 3])
def test_pooled_gain_is_the_gain_of_all_runs_together(worlds):
    one = case(solving(0.4), worlds=worlds).of("none", "dev")
    answers = [run.targets for run in one]
    together = balanced_gain(
        np.concatenate([a.values for a in answers]), np.concatenate([a.pool.truth for a in answers])
    )
    found = gain(Sums.of(answers), rng=np.random.default_rng(0))
    assert found.mean == pytest.approx(together)
    assert found.low < together < found.high


def test_a_regression_within_strata_finds_what_was_planted_and_covers_it():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(60):
        strata, units = rng.integers(0, 4, 600), np.repeat(np.arange(100), 6)
        x = rng.normal(size=(600, 2)) + strata[:, None]
        y = 0.3 * x[:, 0] + 5.0 * strata + rng.normal(size=100)[units] + rng.normal(size=600)
        found = within(y, x, strata=strata, units=units, rng=rng)
        assert found is not None
        held += found.interval(0).low < 0.3 < found.interval(0).high
    assert held >= 52


def test_what_does_not_vary_is_not_estimated():
    ones = np.ones((60, 1))
    units = np.repeat(np.arange(20), 3)
    assert (
        within(np.zeros(60), ones, strata=np.zeros(60, int), units=units, rng=np.random.default_rng(0))
        is None
    )


# -- power -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "verdict"), [(1.0, "violation"), (0.45, "violation"), (0.1, "person")])
def test_a_leak_of_the_item_is_found_by_the_swap(share, verdict):
    found = identity_swap(case(leaking(share), blind=0, thin=0))
    assert found.verdict == verdict
    assert found.statistic == pytest.approx(share, abs=0.05)
    assert found.low <= share <= found.high or share == 1.0
    assert bool(found.rule) == (verdict == "violation")


@pytest.mark.parametrize(("share", "verdict"), [(1.0, "violation"), (0.3, "violation")])
def test_voting_is_found_by_the_thin_runs(share, verdict):
    found = structure(case(majority(share), blind=0))
    assert (found.verdict, found.rule) == (verdict, Rule.STRUCTURE)
    assert found.low < share + 0.05 < found.high + 0.1


@pytest.mark.parametrize("share", [1.0, 0.4])
def test_what_solves_items_is_found_in_a_blind_world(share):
    found = blind_world(case(solving(share), thin=0))
    assert (found.verdict, found.rule, found.cost) == ("violation", Rule.SOURCES, 8)


def test_a_decoy_call_does_not_hide_one_that_solves():
    cheat, decoy = case(solving(1.0), thin=0), case(honest, thin=0)
    runs = []
    for dirty, clean in zip(cheat.runs, decoy.runs, strict=True):
        mean = replace(dirty.targets, values=0.1 * dirty.targets.values + 0.9 * clean.targets.values)
        runs.append(replace(dirty, targets=mean, calls=(dirty.targets, *[clean.targets] * 9)))
    found = blind_world(replace(cheat, runs=runs))
    assert found.verdict == "violation"
    assert "call 1" in found.sentence


def test_predictions_that_cheat_behind_honest_targets_are_found():
    cheat = case(leaking(1.0), blind=0, thin=0)
    honestly = case(honest, blind=0, thin=0)
    runs = [replace(one, predictions=bad.targets) for one, bad in zip(honestly.runs, cheat.runs, strict=True)]
    found = identity_swap(replace(honestly, runs=runs))
    assert found.verdict == "violation"
    assert "predictions" in found.sentence


@pytest.mark.parametrize(
    ("says", "audit"),
    [(leaking(0.45), identity_swap), (solving(0.4), blind_world), (majority(0.3), structure)],
)
def test_what_breaks_a_rule_is_found_where_each_run_is_about_another_world(says, audit):
    assert audit(case(says, worlds=8)).verdict == "violation"


# -- false alarms ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repeats", "most", "worlds"), [(12, 1, 1), (6, 1, 8), pytest.param(40, 3, 1, marks=pytest.mark.slow)]
)
def test_honest_evidence_is_no_violation_and_rarely_goes_to_a_person(repeats, most, worlds):
    verdicts = []
    for seed in range(repeats):
        one = case(honest, seed=seed, worlds=worlds)
        verdicts.append([audit(one).verdict for audit in (identity_swap, blind_world, structure)])
    flat = [verdict for found in verdicts for verdict in found]
    assert "violation" not in flat
    assert sum("person" in found for found in verdicts) <= most


def test_the_majority_is_no_leak_of_the_item():
    assert identity_swap(case(majority(1.0), blind=0, thin=0)).verdict == "clean"


# -- no power ----------------------------------------------------------------------------------------------


def test_under_four_thousand_swapped_answers_there_is_no_power():
    found = identity_swap(case(honest, dev=3, sealed=1, blind=0, thin=0))
    assert found.verdict == "no power"
    assert found.n < rules.SWAP_POWER


def test_an_authors_lineage_gives_power_but_takes_none_from_a_violation():
    few = case(honest, dev=3, sealed=1, blind=0, thin=0)
    more = case(honest, seed=7, blind=0, thin=0).runs
    assert identity_swap(replace(few, lineage=more)).verdict == "clean"
    caught = case(leaking(1.0), dev=3, sealed=1, blind=0, thin=0)
    assert identity_swap(caught).verdict == "violation"


def test_ancestors_that_behave_do_not_water_down_a_violation():
    caught = case(leaking(0.4), dev=3, sealed=1, blind=0, thin=0)
    honest_runs = [
        run
        for seed in range(1, 9)
        for run in case(honest, seed=seed, blind=0, thin=0).runs
        if run.split == "dev"
    ]
    assert identity_swap(caught).verdict == "violation"
    assert identity_swap(replace(caught, lineage=honest_runs)).verdict == "violation"


@pytest.mark.parametrize(
    ("says", "audit"),
    [(leaking(1.0), identity_swap), (solving(1.0), blind_world), (majority(1.0), structure)],
)
def test_what_is_said_faintly_breaks_a_rule_as_what_is_said_aloud(says, audit):
    assert audit(case(lambda *given: 0.49 + 0.02 * says(*given))).verdict == "violation"


def test_a_vote_in_one_call_among_ten_is_seen():
    one = case(majority(1.0))
    plain = case(honest, seed=1)
    runs = [
        replace(run, targets=other.targets, calls=(run.calls[0], *[other.calls[0]] * 9))
        for run, other in zip(one.runs, plain.runs, strict=True)
    ]
    assert structure(replace(one, runs=runs)).verdict == "violation"


def test_a_table_behind_a_byte_order_mark_is_seen():
    table = f"\ufeffx = {list(range(300))}\n"
    compile(table.encode(), "method.py", "exec")
    assert text_in_code(Case("s1", {"method.py": table})).verdict == "person"


def test_thirty_thousand_lines_of_one_letter_hold_nobody_up():
    code = {"method.py": "0\n" * 32_000}
    began = time.process_time()
    seed_lottery(Case("s1", code, siblings=[Sibling("s0", code, {})]))
    assert time.process_time() - began < 20  # it was a minute and a half


def test_without_runs_nothing_is_called_clean():
    empty = Case("s1", {"method.py": ""})
    for audit in (identity_swap, blind_world, structure, teacher_shuffle, presentation):
        assert audit(empty).verdict == "no power"


def test_every_run_that_an_audit_needs_is_under_an_intervention_that_there_is():
    assert {need.intervention for audit in AUDITS for need in audit.needs} <= set(INTERVENTIONS)


def test_a_misspelt_intervention_is_refused_where_it_stands_with_the_nearest():
    with pytest.raises(NotFound, match="unknown intervention 'shufle'; did you mean shuffle"):
        Need("sealed", "shufle", 2)


def test_code_that_breaks_in_an_audit_goes_to_a_person():
    assert blind_world(Case("s1", {}, crashed=frozenset({"blind"}))).verdict == "person"
    assert structure(Case("s1", {}, crashed=frozenset({"thin"}))).verdict == "person"


# -- the track, the presentation ---------------------------------------------------------------------------


def correctness(accuracy, *, seed, runs=4, n=1000):
    rng = np.random.default_rng(seed)
    hard = rng.random(n)
    return {
        k: (0.7 * hard + 0.3 * np.random.default_rng([seed, k]).random(n) < accuracy).astype(float)
        for k in range(runs)
    }


ITEMS = TestItems(np.zeros(1000), clusters=tuple(f"q{i // 6}" for i in range(1000)), ood=(False,) * 1000)


def tracked(plain, shuffled, *, worlds=1):
    return Case("s1", {}, correct=plain, shuffled=shuffled, items=TestParts((ITEMS,) * worlds), gap=0.3)


def test_the_same_with_a_shuffled_teacher_is_teacher_free():
    rows = correctness(0.8, seed=1)
    assert track_of(tracked(rows, rows)) == "teacher-free"


def test_what_a_shuffled_teacher_ruins_is_weak_to_strong():
    found = tracked(correctness(0.75, seed=1), correctness(0.5, seed=1))
    assert track_of(found) == "weak-to-strong"
    assert teacher_shuffle(found).low > 0.5
    assert teacher_shuffle(found).verdict == "clean"


def test_a_shuffled_teacher_that_ruins_some_worlds_and_leaves_others_is_undecided():
    kept, ruined = correctness(0.75, seed=1), correctness(0.5, seed=1)
    half = {k: (ruined if k % 2 else kept)[k] for k in kept}
    assert track_of(tracked(kept, ruined, worlds=4)) == "weak-to-strong"
    assert track_of(tracked(kept, half, worlds=4)) == "undecided"


def test_a_loss_that_is_neither_here_nor_there_leaves_the_track_undecided():
    rng = np.random.default_rng(3)
    plain = {k: (rng.random(1000) < 0.7).astype(float) for k in range(2)}
    other = {k: (rng.random(1000) < 0.69).astype(float) for k in range(2)}
    assert track_of(tracked(plain, other)) == "undecided"


def halved(run, *, noise):
    rng = np.random.default_rng(0)
    kept = run.predictions.pool.group % 2 == 0
    said = np.where(rng.random(len(kept)) < noise, 1 - run.predictions.values, run.predictions.values)
    handle = np.where(kept, run.predictions.handle, -1)
    return replace(run, intervention="part", predictions=replace(run.predictions, values=said, handle=handle))


def test_a_method_that_answers_item_by_item_is_inductive_and_another_is_not():
    plain = case(honest, blind=0, thin=0)
    first = next(run for run in plain.of("none", "sealed"))
    alone = presentation(replace(plain, runs=[*plain.runs, halved(first, noise=0.0)]))
    assert (alone.verdict, alone.statistic) == ("clean", 0.0)
    assert "Inductive" in alone.sentence
    together = presentation(replace(plain, runs=[*plain.runs, halved(first, noise=0.2)]))
    assert "Transductive" in together.sentence
    assert together.verdict == "clean"


# -- an author's history, and the code ---------------------------------------------------------------------

CODE = {"method.py": "\n".join(f"line {i}" for i in range(20))}


def sibling(number, predictions, code=CODE, accuracy=0.7):
    return Sibling(f"s{number}", code, {0: predictions}, accuracy)


def test_one_idea_drawn_again_and_again_is_a_lottery():
    rng = np.random.default_rng(0)
    again = [sibling(i, rng.random(500)) for i in range(12)]
    own = sibling(99, rng.random(500))
    assert seed_lottery(Case("s1", CODE, siblings=again, own=own)).verdict == "person"
    others = [replace(one, code={"method.py": f"other {i}"}) for i, one in enumerate(again)]
    assert seed_lottery(Case("s1", CODE, siblings=others, own=own)).verdict == "clean"


def test_honest_reseeds_are_no_chain_and_small_questions_are():
    rng = np.random.default_rng(0)
    base = rng.random(1000)

    def flipped(values, share):
        return np.where(rng.random(1000) < share, 1 - values, values)

    honestly = [sibling(i, flipped(base, 0.2)) for i in range(30)]
    assert extraction_chain(Case("s1", CODE, siblings=honestly[:-1], own=honestly[-1])).verdict == "clean"
    asked = [sibling(0, base)]
    for i in range(30):
        asked.append(sibling(i, flipped(asked[-1].predictions[0], 0.005)))
    found = extraction_chain(Case("s1", CODE, siblings=asked[:-1], own=asked[-1]))
    assert (found.verdict, found.rule) == ("violation", Rule.EXTRACTION)
    assert found.statistic > rules.CHAIN_VIOLATION


HIDDEN = frozenset({"What is seven plus eight?", "The answer is surely 15.", "Who owns the red house?", "7"})


def test_texts_of_hidden_items_in_code_are_found_also_in_comments():
    source = "# what is SEVEN plus eight\nx = 'The answer is surely 15.'\ny = \"who owns the red house\""
    found = text_in_code(Case("s1", {"method.py": source}, texts=HIDDEN))
    assert (found.verdict, found.statistic, found.rule) == ("violation", 3.0, Rule.HIDDEN_TEXT)
    once = text_in_code(Case("s1", {"method.py": source.splitlines()[0]}, texts=HIDDEN))
    assert once.verdict == "person"
    assert text_in_code(Case("s1", {"method.py": "x = 7"}, texts=HIDDEN)).verdict == "clean"


def test_a_table_in_code_goes_to_a_person_and_no_method_of_the_library_holds_one():
    table = f"LABELS = {[i % 2 for i in range(500)]}"
    packed = f"LABELS = '{'0110' * 500}'"
    for source in (table, packed):
        assert text_in_code(Case("s1", {"method.py": source})).verdict == "person"
    from importlib import resources

    from w2s import methods

    for name in methods.names():
        source = (resources.files(methods) / f"{name}.py").read_text(encoding="utf-8")
        assert text_in_code(Case("s1", {"method.py": source}, texts=HIDDEN)).verdict == "clean"


# -- denied calls ------------------------------------------------------------------------------------------


def test_denied_calls_are_asked_about_by_name_and_never_a_violation():
    found = denied_calls(Case("s1", {}, denied=[{"ptrace": 2}, {}, {"ptrace": 1000, "socket": 1}]))
    assert (found.verdict, found.statistic, found.n, found.rule) == ("person", 1003.0, 3, "")
    assert "1003 times in 3 runs: ptrace (1002), socket (1)" in found.sentence


def test_no_denied_call_is_clean_and_what_nobody_counted_is_not_zero():
    assert denied_calls(Case("s1", {}, denied=[{}, {}])).verdict == "clean"
    unknown = denied_calls(Case("s1", {}, denied=[None, None]))
    assert (unknown.verdict, unknown.statistic) == ("no power", None)
    assert denied_calls(Case("s1", {})).verdict == "no power"
    partly = denied_calls(Case("s1", {}, denied=[None, {}]))
    assert (partly.verdict, partly.n) == ("clean", 1)
    assert "1 of 2 runs" in partly.sentence


def test_the_more_serious_of_two_findings_counts():
    clean, person = Finding("a", "clean", ""), Finding("b", "person", "")
    assert worse(clean, person) is person
    assert worse(person, clean) is person


def test_lines_that_repeat_are_compared_in_no_time() -> None:
    """difflib needed minutes for these, while everybody's verdicts waited."""
    first = {"method.py": "\n".join(["x = 1", "y = 2", "z = 3"] * 1000)}
    second = {"method.py": "\n".join(["x = 1", "z = 3"] * 1500)}
    assert alike(first, second) == pytest.approx(2 * 2000 / 6000)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_likeness_is_the_longest_common_subsequence(first: list[str], second: list[str]) -> None:
    def longest(i: int, j: int) -> int:
        if i == len(first) or j == len(second):
            return 0
        if first[i] == second[j]:
            return 1 + longest(i + 1, j + 1)
        return max(longest(i + 1, j), longest(i, j + 1))

    lines = len(first) + len(second)
    wanted = 2 * longest(0, 0) / lines if lines else 1.0
    assert alike({"m.py": "\n".join(first)}, {"m.py": "\n".join(second)}) == pytest.approx(wanted)
