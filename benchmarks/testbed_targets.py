"""Does a testbed leave room to climb? Floor, ceiling and methods' PGR on fresh item seeds, as a table.

    python benchmarks/testbed_targets.py --testbed mini-chat --seeds 5

Each seed draws new items, a new supervisor and new students, in-process (`w2s.bench.LocalBench`): the same
training code as the lab's, without its sandboxes. Intervals are Student's t over seeds. Public seeds: no
lab ever uses them. About 40 s a seed and split on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
from collections.abc import Sequence

import numpy as np
from scipy import stats

from w2s import methods, testbeds
from w2s.bench import LocalBench
from w2s.models import BaseModel, Prompting, TextStudent, load_model
from w2s.records import Example, FloatArray, Recipe, SplitName

DEFAULT = ("vanilla", "confident_labels", "zero_shot", "em_posterior", "agreement", "elicit_then_train")


def measure(
    testbed: testbeds.Testbed, split_name: SplitName, seed: int, chosen: Sequence[str]
) -> dict[str, float]:
    """Accuracies of floor and ceiling, and PGR of each method, for one fresh item seed."""
    item_seed = hashlib.sha256(f"fresh public seed {seed}".encode()).digest()[:16]
    splits, truth = testbeds.generate(testbed, item_seed=item_seed)
    split = splits[split_name]
    world = testbed.worlds[split.world]

    def labels(examples: Sequence[Example]) -> FloatArray:
        return np.array([truth[example.id] for example in examples], dtype=np.float64)

    def taught(base: BaseModel, recipe: Recipe, examples: Sequence[Example]) -> TextStudent:
        student = TextStudent(base, Prompting.of(testbed), recipe, seed)
        student.finetune(examples, np.zeros(len(examples), dtype=bool), labels(examples))
        return student

    def accuracy(probabilities: FloatArray) -> float:
        return float(np.mean((probabilities > 0.5) == labels(split.test)))

    upright = np.zeros(len(split.test), dtype=bool)
    supervisor = taught(load_model(world.weak), testbed.weak_recipe, split.labelled)
    soft = supervisor.predict(split.unlabelled, np.zeros(len(split.unlabelled), dtype=bool))
    floor = accuracy(supervisor.predict(split.test, upright))
    ceiling = accuracy(
        taught(load_model(world.strong), testbed.recipe, split.unlabelled).predict(split.test, upright)
    )
    row = {"floor accuracy": floor, "ceiling accuracy": ceiling}
    for name in chosen:
        bench = LocalBench.from_split(testbed, split, soft, seed=seed)
        row[name] = (accuracy(methods.load(name)(bench).probabilities) - floor) / (ceiling - floor)
    return row


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--testbed", default="mini-chat")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1000, help="first of the public seeds")
    parser.add_argument("--methods", default=",".join(DEFAULT))
    parser.add_argument("--splits", default="dev,sealed")
    given = parser.parse_args()
    testbed = testbeds.load(given.testbed)
    columns: dict[str, dict[str, list[float]]] = {}
    for split in given.splits.split(","):
        for seed in range(given.first, given.first + given.seeds):
            for name, value in measure(testbed, split, seed, given.methods.split(",")).items():
                columns.setdefault(name, {}).setdefault(split, []).append(value)
    print("| | " + " | ".join(given.splits.split(",")) + " |\n|---|" + "---|" * len(given.splits.split(",")))
    for name, by_split in columns.items():
        cells = [interval(values) for values in by_split.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


def interval(values: Sequence[float]) -> str:
    """Mean with its 95 % t interval over seeds."""
    mean, n = statistics.mean(values), len(values)
    half = stats.t.ppf(0.975, n - 1) * statistics.stdev(values) / n**0.5 if n > 1 else float("nan")
    return f"{mean:.2f} [{mean - half:.2f}, {mean + half:.2f}]"


if __name__ == "__main__":
    main()
