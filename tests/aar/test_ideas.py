"""Families by rules on code, their effective number, and the size of a method."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from aar.database.researchers import Role
from aar.database.submissions import Submission
from aar.ideas import Complexity, Family, Idea, complexity, diversity, family, over_time, read
from aar.ideas.diversity import WINDOW, effective_number
from aar.reports.ideas import shown
from aar.researchers.evolution.genome import Genome
from aar.researchers.evolution.rendering import render
from aar.submissions.snapshots import Snapshot, Snapshots
from w2s import methods

LIBRARY = {
    "evolutionary": ["ccs_evolution", "evolution"],
    "model internals": ["ccs", "mass_mean", "neighbour_relabelling", "overlap_density", "probe"],
    "curriculum": ["curriculum", "epiplexity"],
    "loss function": ["confidence_window", "logconf", "low_rank", "product_loss", "reverse_kl"],
    "ensemble": ["weak_ensemble"],
    "self-training": ["bootstrap", "early_stopping", "kfold_elicitation"],
    "distillation": ["born_again"],
    "confidence weighting": ["em_posterior"],
    "unsupervised elicitation": ["agreement", "critic", "elicit_then_train", "icm", "zero_shot"],
    "data filtering": ["co_teaching", "confident_labels", "confident_learning"],
    "other": ["vanilla"],
}


def test_every_method_of_the_library_has_the_family_of_its_source() -> None:
    found: dict[str, list[str]] = {}
    for name in methods.names():
        found.setdefault(family({"method.py": methods.source(name)}).value, []).append(name)
    assert found == LIBRARY


def body(text: str) -> dict[str, str]:
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return {"method.py": f"import w2s\n\ndef run(bench):\n    student = bench.strong()\n{lines}"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("student.finetune(bench.unlabelled, bench.weak.hard, loss=mine)", Family.LOSS_FUNCTION),
        ("student.finetune(bench.unlabelled, bench.weak.hard, loss=None)", Family.OTHER),
        ("student.finetune(bench.unlabelled, bench.weak.hard, order=o)", Family.CURRICULUM),
        ("student.finetune(bench.unlabelled, bench.weak.soft, weights=w)", Family.CONFIDENCE_WEIGHTING),
        ("student.finetune(bench.unlabelled[kept], bench.weak.hard[kept])", Family.DATA_FILTERING),
        ("x = student.predict(bench.unlabelled[::2]).probabilities", Family.DISTILLATION),
        ("items, y = bench.unlabelled, bench.weak.hard\nx = student.predict(items)", Family.DISTILLATION),
        ("x = student.predict(bench.test)", Family.OTHER),
        ("student.finetune(a, y)\nstudent.finetune(b, y)", Family.CURRICULUM),
        ("student.finetune(a, y)\nother.finetune(b, y)", Family.OTHER),
        ("for _ in range(9):\n    student.finetune(a, y)", Family.OTHER),
        ("h = student.hidden_states(bench.unlabelled, 2)", Family.MODEL_INTERNALS),
        ("from w2s.blocks import folds\nfolds.relabelled(bench, y)", Family.SELF_TRAINING),
        ("labels = [one.hard for one in bench.supervisors]", Family.ENSEMBLE),
    ],
)
def test_a_sign_names_the_family(text: str, wanted: Family) -> None:
    assert family(body(text)) is wanted


def test_a_sign_in_any_file_counts_and_names_and_layout_do_not() -> None:
    code = {
        "method.py": "import parts.f as q\ndef run(b):\n  return q.go(b)",
        "parts/f.py": "def go(b): b.strong().perturb(\n1,.1)",
    }
    assert family(code) is Family.EVOLUTIONARY


@pytest.mark.parametrize("text", ["def run(:", "\0", "(" * 5000, "x = " + "-" * 20000 + "1"])
def test_code_that_cannot_be_read_is_other_and_has_no_size(text: str) -> None:
    assert family({"method.py": text}) is Family.OTHER
    assert complexity({"method.py": text}) is None


@pytest.mark.parametrize("depth", [10, 500, 1000, 1500, 2000, 3000, 15_000])
def test_no_depth_of_a_strangers_code_stops_who_looks_at_it(depth: int) -> None:
    deep = "student" + ".a" * depth
    for text in (f"{deep}.finetune(a, y)\n{deep}.finetune(b, y)", f"student.predict({deep})", f"x = {deep}"):
        code = body(text)
        assert isinstance(family(code), Family)
        complexity(code)


def test_the_embedded_policys_methods_are_of_several_families() -> None:
    drawn = [
        Genome(signals=("weak",), keep=1.0),
        Genome(signals=("zero_shot",)),
        Genome(signals=("weak", "probe")),
        Genome(signals=("weak",), students=3),
        Genome(signals=("weak",), loss="product"),
        Genome(signals=("weak", "zero_shot"), combine="channel"),
    ]
    families = {family({"method.py": render(genome, researcher="r1", parents=())}) for genome in drawn}
    assert len(families) >= 4


@pytest.mark.parametrize("k", [1, 2, 5])
def test_equal_families_are_counted_as_they_are(k: int) -> None:
    assert effective_number([4000] * k) == pytest.approx(k, rel=1e-3)


def test_the_correction_takes_most_of_the_bias_of_few_ideas_away() -> None:
    rng = np.random.default_rng(0)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    truth = math.exp(-(shares * np.log(shares)).sum())
    draws = rng.multinomial(WINDOW, shares, size=2000).tolist()
    plain = [math.exp(-sum(c / WINDOW * math.log(c / WINDOW) for c in row if c)) for row in draws]
    corrected = np.mean([effective_number(row) for row in draws])
    assert abs(corrected - truth) < 0.3 * abs(np.mean(plain) - truth)


def test_the_interval_covers_the_effective_number() -> None:
    rng = np.random.default_rng(1)
    families = list(Family)[:4]
    shares = [0.4, 0.3, 0.2, 0.1]
    truth = math.exp(-sum(share * math.log(share) for share in shares))
    covered = 0
    for _ in range(100):
        found = diversity([families[i] for i in rng.choice(4, size=60, p=shares)])
        assert found is not None
        assert found.ideas == 60
        covered += found.low <= truth <= found.high
    assert covered >= 85
    assert diversity([]) is None


def test_the_curve_looks_back_on_a_window_of_equal_size() -> None:
    first = [family for _ in range(9) for family in list(Family)[:4]]
    assert over_time(first[:-1]) == []
    ((n, effective),) = over_time(first)
    assert n == WINDOW == 36
    assert effective == pytest.approx(4, rel=0.05)
    assert over_time([*first, *[Family.OTHER] * WINDOW])[-1] == (72, 1.0)


def test_lines_without_comments_and_docstrings_and_blocks_once() -> None:
    code = {
        "method.py": '"""What it does\nin words."""\nimport w2s  # the library\n\n\ndef run(bench):\n    """One."""\n'
        "    soft = w2s.targets.soften(\n        bench.weak.soft,\n        0.5,\n    )\n"
        "    a = w2s.ensembles.average([soft])\n    return w2s.ensembles.average([a])\n",
    }
    assert complexity(code) == Complexity(lines=8, blocks=1)


def row(number: int, code: str, commit: str, role: Role = Role.RESEARCHER) -> Submission:
    fields = {
        "id": f"s{number}",
        "number": number,
        "code_hash": code,
        "commit": commit,
        "researcher": "r1",
        "role": role,
        "title": "",
        "summary": "",
        "parents": (),
        "claim": "",
        "status": "no_improvement",
        "stage": "done",
        "ended": None,
        "reply": "",
        "request": None,
        "created": float(number),
        "decided": None,
    }
    return Submission(**fields)


def test_each_code_of_a_researcher_is_an_idea_once(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "snapshots.git")

    def put(text: str) -> Snapshot:
        return snapshots.put(body(text), researcher="r1", message="m")

    one, two = put("student.perturb(1, 0.1)"), put("x = 1")
    rows = [
        row(4, two.tree, two.commit),
        row(2, one.tree, one.commit),
        row(3, one.tree, one.commit),
        row(1, "baseline", one.commit, Role.BASELINE),
        row(5, "lost", "0" * 40),
    ]
    ideas = read(snapshots, rows)
    assert [(idea.submission, idea.family) for idea in ideas] == [
        ("s2", Family.EVOLUTIONARY),
        ("s4", Family.OTHER),
    ]
    assert ideas[0].size == Complexity(lines=4, blocks=0)


def test_the_report_draws_a_curve_only_where_there_are_enough_ideas() -> None:
    def ideas(n: int) -> list[Idea]:
        return [
            Idea(f"s{i}", "", "r1", "verified", float(i), list(Family)[i % 3], Complexity(i, 1))
            for i in range(n)
        ]

    assert shown([]) is None
    few, many = shown(ideas(50)), shown(ideas(100))
    assert few is not None
    assert many is not None
    assert few.curve == ""
    assert "3.1 after 36 ideas, 3.1 after 100" in many.curve
    assert (few.early, few.late) == (12, 37)
    assert many.rows[0].verified == 34
