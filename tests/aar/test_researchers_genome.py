from __future__ import annotations

import ast
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aar.researchers.evolution.choosing import Candidate, Chooser
from aar.researchers.evolution.genome import CHOICES, BadGenome, Genome, from_source, tidy, within_budget
from aar.researchers.evolution.rendering import render

genomes = st.builds(Genome, **{gene: st.sampled_from(choices) for gene, choices in CHOICES.items()})


@settings(max_examples=60)
@given(genomes)
def test_a_genome_is_read_back_from_the_source_it_was_written_as(genome: Genome) -> None:
    source = render(genome, researcher="r1", parents=["s1"])
    assert from_source(source) == tidy(genome)
    assert from_source(source).key() == genome.key()


@settings(max_examples=60)
@given(genomes)
def test_a_rendered_method_is_python_that_imports_only_what_it_uses(genome: Genome) -> None:
    source = render(genome, researcher="r1", parents=[])
    tree = ast.parse(source)
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert "run" in functions
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", "") != "__future__":
            for alias in node.names:
                assert (alias.asname or alias.name) in names | {"w2s"}
    assert max(len(line) for line in source.splitlines()) <= 120
    assert len(source.encode()) < 8000


@settings(max_examples=60)
@given(genomes, st.floats(min_value=1.0, max_value=6.0))
def test_a_budget_is_kept_where_it_can_be(genome: Genome, most: float) -> None:
    assert within_budget(genome, most=most).cost() <= most


@pytest.mark.parametrize(
    "source",
    [
        "",
        "SETTINGS = 3",
        "SETTINGS = {'signals': ['weak']}",
        "SETTINGS = __import__('os').system('true')",
        "SETTINGS = {}\nSETTINGS = {}",
        "x = " + "[" * 5000 + "]" * 5000,
        "def run(bench:",
        "\x00",
        "SETTINGS = {" + "'a': " * 10 + "}",
        "SETTINGS = " + "9" * 70000,
    ],
)
def test_a_source_without_valid_settings_is_no_genome(source: str) -> None:
    with pytest.raises(BadGenome):
        from_source(source)


@pytest.mark.parametrize(
    "change", [("0.7", "0.75"), ("0.7", "True"), ('"hard"', '"harder"'), ("3", "'3'"), ("false", "0")]
)
def test_settings_out_of_range_are_no_genome(change: tuple[str, str]) -> None:
    source = render(Genome(signals=("weak", "zero_shot")), researcher="r1", parents=[]).replace(
        "False", "false"
    )
    with pytest.raises(BadGenome):
        from_source(source.replace(*change).replace("false", "False"))


def test_a_child_has_its_genes_from_its_parents() -> None:
    first = Genome(signals=("weak",), keep=0.3, targets="soft", epochs=2)
    second = Genome(signals=("zero_shot", "likelihood"), combine="channel", keep=0.9, students=2)
    for seed in range(30):
        chooser = Chooser(random.Random(seed), direction="", evidence={}, most_cost=9.0)
        child = chooser.crossed(first, second)
        foreign = [g for g in CHOICES if getattr(child, g) not in (getattr(first, g), getattr(second, g))]
        assert len(foreign) <= 2


def test_evidence_moves_what_is_drawn() -> None:
    def share(evidence: dict[str, float]) -> float:
        chooser = Chooser(random.Random(0), direction="", evidence=evidence, most_cost=3.0)
        return sum("probe" in chooser.fresh().signals for _ in range(400)) / 400

    assert share({"signal:probe": -1.5}) < share({}) < share({"signal:probe": 1.5})


def test_a_direction_moves_what_is_drawn() -> None:
    def share(direction: str) -> float:
        chooser = Chooser(random.Random(0), direction=direction, evidence={}, most_cost=3.0)
        return sum("probe" in chooser.fresh().signals for _ in range(400)) / 400

    assert share("internals") > share("") + 0.2


def test_better_submissions_are_built_on_more_often() -> None:
    good = Candidate("s1", Genome(signals=("zero_shot",)), worth=1.0, mine=False)
    poor = Candidate("s2", Genome(signals=("weak",)), worth=-0.3, mine=True)
    chooser = Chooser(random.Random(0), direction="", evidence={}, most_cost=3.0)
    plans = [chooser.plan([good, poor], tried=frozenset()) for _ in range(300)]
    first = [plan.parents[0] for plan in plans if plan.parents]
    assert first.count("s1") > 3 * first.count("s2")
