"""A user's own testbed for the tests: one world of mini-math, with fewer items than it has and models beside them."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

from w2s import testbeds
from w2s.testbeds.real.carve import Place
from w2s.testbeds.real.definition import Definition, Models, Prompts
from w2s.testbeds.real.folder import write_testbed
from w2s.testbeds.real.release import Item

SHARES: dict[Place, float] = {
    ("practice", "unlabelled"): 0.1,
    ("practice", "test"): 0.1,
    ("dev", "labelled"): 0.15,
    ("dev", "unlabelled"): 0.15,
    ("dev", "test"): 0.1,
    ("sealed", "labelled"): 0.15,
    ("sealed", "unlabelled"): 0.15,
    ("sealed", "test"): 0.1,
}
"""Shares of the questions."""


def write(root: Path, *, world: str = "west") -> Path:
    """The folder of a testbed `own-math`; every item of it is about `world`."""
    mini = testbeds.load("mini-math")
    made, truth = testbeds.generate(mini, item_seed=bytes(16))
    models = root / "models"
    for role in ("weak", "strong"):
        shutil.copytree(getattr(mini.worlds[world], role), models / role)
    for path in (root, models, *models.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    recipe = {"recipe": mini.recipe, "weak_recipe": mini.weak_recipe}
    prompts = Prompts(mini.template, mini.labels, mini.zero_shot_template, mini.zero_shot_labels)
    definition = Definition(
        name="own-math",
        kind=mini.kind,
        title="Arithmetic, a user's own",
        description="Is a proposed answer right?",
        models=Models(models / "weak", models / "strong"),
        prompts=prompts,
        run_minutes=2,
        **recipe,
    )
    part = next(part for part in made["dev"] if part.world == world)
    of: dict[str, list[Item]] = {}
    for example in (*part.labelled, *part.unlabelled, *part.test):
        question = example.fields["question"]
        item = Item(example.kind, example.fields, truth[example.id], group=question)
        of.setdefault(question, []).append(item)
    ends = [round(len(of) * end) for end in itertools.accumulate(SHARES.values())]
    questions, pools = sorted(of), {}
    for place, first, end in zip(SHARES, [0, *ends], ends, strict=False):
        pools[place] = [item for question in questions[first:end] for item in of[question]]
    folder = root / "testbed"
    folder.mkdir()
    write_testbed(folder, definition, pools)
    return folder
