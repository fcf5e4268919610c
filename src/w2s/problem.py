"""A weak-to-strong problem whose truth you hold: measure a method on it in this process.

    problem = w2s.Problem.load("mini-chat")
    print(problem.measure("vanilla", seeds=3))

A lab keeps the truth from the method; here the method could read it. So a figure from here says how good a method is
only as long as its author did not look.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from w2s.contract import fields_of, log_names
from w2s.errors import BadTestbed, NoGap, NotFound
from w2s.records import Estimate, Example, FloatArray, ItemKind, Recipe, Split, SplitName

if TYPE_CHECKING:
    from w2s.bench import LocalBench
    from w2s.models import BaseModel
    from w2s.testbeds import Testbed
    from w2s.weak_labels import References

Row = Sequence[Any] | Mapping[str, Any]
Method = str | Path | Callable[[Any], Any]


@dataclass(frozen=True)
class Measured:
    """Result of a method, with floor and ceiling of the same seeds and items.

    `pgr` is None where the gap between floor and ceiling is not established; `print` says why.
    """

    accuracy: Estimate
    floor: Estimate
    ceiling: Estimate
    pgr: Estimate | None
    no_gap: str = ""

    def __str__(self) -> str:
        recovered = f"none: {self.no_gap}" if self.pgr is None else str(self.pgr)
        rows = {"PGR": recovered, "accuracy": self.accuracy, "floor": self.floor, "ceiling": self.ceiling}
        return "\n".join(f"{name:<9} {value}" for name, value in rows.items())


@dataclass(frozen=True)
class Problem:
    """One world's part of a split with its truth (0 or 1 by example id), and where its models are loaded."""

    testbed: Testbed
    split: Split
    truth: Mapping[str, int]
    device: str = "cpu"

    @classmethod
    def load(
        cls,
        testbed: str | Path,
        *,
        split: SplitName = "dev",
        world: str | None = None,
        most: int | None = None,
        item_seed: bytes = bytes(16),
    ) -> Problem:
        """A testbed by name or folder, with items of a seed that everybody may know.

        The items are about the first world of the split, or about `world`; `NotFound` if the split has no such world.
        `most` keeps at most that many items of each pool, in the order of the split.
        """
        from w2s import testbeds

        loaded = testbeds.load(testbed)
        splits, truth = testbeds.generate(loaded, item_seed=item_seed)
        parts = {part.world: part for part in splits[split]}
        chosen = splits[split][0].world if world is None else world
        if chosen not in parts:
            raise NotFound.among(f"world of {split}", chosen, parts)
        pools = {name: getattr(parts[chosen], name)[:most] for name in ("labelled", "unlabelled", "test")}
        return cls(loaded, replace(parts[chosen], **pools), truth)

    @classmethod
    def of(
        cls,
        *,
        labelled: Iterable[Row],
        unlabelled: Iterable[Row],
        test: Iterable[Row],
        weak: str | Path,
        strong: str | Path,
        template: str | None = None,
        labels: tuple[str, str] | None = None,
        recipe: Recipe | None = None,
        device: str = "cpu",
    ) -> Problem:
        """A problem from rows of your own and two models, each a folder or a name on the hub.

        A row is `(question, proposed answer, label)` or `(prompt, first, second, label)`, or a mapping with these
        names (`question`, `choice`, `label`; `prompt`, `first`, `second`, `label`). A label is true where the answer
        is right, or the first is better. That of an unlabelled row is used for the ceiling only. Template, label
        words and recipe are those of the study unless given: LoRA of rank 32, 5 epochs. Raises `BadTestbed` for a
        row that is neither.
        """
        from w2s.testbeds.real.qwen import DEFAULT_LIKE, QWEN

        truth: dict[str, int] = {}
        pools = {
            "labelled": _examples("labelled", labelled, truth),
            "unlabelled": _examples("unlabelled", unlabelled, truth),
            "test": _examples("test", test, truth),
        }
        kinds = {example.kind for pool in pools.values() for example in pool}
        if len(kinds) != 1 or not all(pools.values()):
            raise BadTestbed(
                "rows are all pairs or all proposed answers, and each of the three pools has some"
            )
        kind = kinds.pop()
        like = QWEN[DEFAULT_LIKE[kind]]
        if labels is not None and template is None:
            raise BadTestbed("labels of your own go with a template of your own, which asks for them")
        prompts = like.prompts
        if template is not None:
            words = labels or prompts.labels
            prompts = replace(prompts, template=template, labels=words, zero_shot_template=template)
            prompts = replace(prompts, zero_shot_labels=words)
        own = replace(
            like,
            name="own",
            title="Your own problem",
            description="Rows and models of your own.",
            models=replace(like.models, weak=_place(weak), strong=_place(strong)),
            prompts=prompts,
            recipe=recipe or like.recipe,
            weak_recipe=recipe or like.weak_recipe,
        )
        split = Split("dev", own.world_of("dev"), **{name: tuple(pool) for name, pool in pools.items()})
        return cls(own.testbed(lambda seed: ({"dev": (split,)}, truth)), split, truth, device)

    def bench(self, *, seed: int = 0, log_names: Collection[str] | None = None) -> LocalBench:
        """The bench of one run: weak labels of the supervisor of `seed`, students of the same seed."""
        return self._bench(self._references([seed]).soft[0], seed, log_names)

    def measure(self, method: Method, *, seeds: int = 3) -> Measured:
        """Run `method` with as many supervisors as `seeds` (two or more), each with a student seed of its own.

        `method` is a function of a bench, the name of a library method, or a folder with `method.py`, which may
        then log only the names that stand in its source, as in the lab. Raises what the method raises, and what the
        contract refuses.
        """
        from w2s.metrics import correctness, paired_gain, pgr_interval

        run, names = _runnable(method)
        references = self._references(range(seeds))
        answers = []
        for seed in range(seeds):
            bench = self._bench(references.soft[seed], seed, names)
            answers.append(bench.finish(run(bench)))
        right = np.array([self.truth[example.id] for example in self.split.test], dtype=np.float64)
        student = correctness(np.stack(answers), right)
        floors, ceilings, groups = references.floors, references.ceilings, references.groups
        pgr, no_gap = None, ""
        try:
            pgr = pgr_interval(student, floors, ceilings, groups, same_supervisors=True)
        except NoGap as error:
            no_gap = str(error)
        accuracy = paired_gain(student, np.zeros_like(student), groups)
        return Measured(accuracy, references.floor, references.ceiling, pgr, no_gap)

    def _bench(self, soft: FloatArray, seed: int, names: Collection[str] | None) -> LocalBench:
        from w2s.bench import LocalBench
        from w2s.models import Prompting

        strong, weak = self._models
        return LocalBench(
            strong=strong,
            weak=weak,
            prompting=Prompting.of(self.testbed),
            kind=self.testbed.kind,
            recipe=self.testbed.recipe,
            weak_recipe=self.testbed.weak_recipe,
            unlabelled=self.split.unlabelled,
            test=self.split.test,
            supervisors=[soft],
            seed=seed,
            log_names=names,
        )

    @cached_property
    def _models(self) -> tuple[BaseModel, BaseModel]:
        from w2s.models import load_model

        world = self.testbed.worlds[self.split.world]
        return load_model(world.strong, device=self.device), load_model(world.weak, device=self.device)

    def _references(self, seeds: Iterable[int]) -> References:
        """Supervisors and ceilings of `seeds`, each trained once in the life of this problem."""
        from w2s.weak_labels import references

        key = tuple(seeds)
        if key not in self._trained:
            strong, weak = self._models
            self._trained[key] = references(
                self.testbed, self.split, self.truth, seeds=key, models=(weak, strong)
            )
        return self._trained[key]

    @cached_property
    def _trained(self) -> dict[tuple[int, ...], References]:
        return {}


def _examples(pool: str, rows: Iterable[Row], truth: dict[str, int]) -> list[Example]:
    examples = []
    for number, row in enumerate(rows):
        where = f"row {number} of {pool}"
        values, label = _fields(row, where)
        kind: ItemKind = "pair" if len(values) == 3 else "verification"
        names = fields_of(kind)
        if not all(isinstance(value, str) and value for value in values):
            raise BadTestbed(f"{where}: {', '.join(names)} are texts")
        fields = dict(zip(names, values, strict=True))
        answer = None if kind == "pair" else fields["choice"]
        example = Example(f"{pool}-{number}", kind, fields, group=values[0], answer=answer)
        truth[example.id] = int(bool(label))
        examples.append(example)
    return examples


def _fields(row: Row, where: str) -> tuple[list[Any], Any]:
    if isinstance(row, Mapping):
        kinds: tuple[ItemKind, ...] = ("verification", "pair")
        for kind in kinds:
            names = fields_of(kind)
            if all(name in row for name in (*names, "label")):
                return [row[name] for name in names], _label(row["label"], where)
        raise BadTestbed(f"{where} has no question, choice and label, and no prompt, first, second and label")
    if isinstance(row, str) or len(row) not in (3, 4):
        raise BadTestbed(f"{where} is not (question, answer, label) or (prompt, first, second, label)")
    return list(row[:-1]), _label(row[-1], where)


def _label(label: Any, where: str) -> bool:
    if isinstance(label, str) and label in ("A", "B"):  # as in the study's release of pairs
        return label == "A"
    if label in (0, 1):
        return bool(label)
    raise BadTestbed(f"{where}: label {label!r} is not true or false")


def _place(model: str | Path) -> str:
    folder = Path(model).expanduser()
    return str(folder.resolve()) if folder.is_dir() else str(model)


def _runnable(method: Method) -> tuple[Callable[[Any], Any], Collection[str] | None]:
    """The function of a method, and the names that it may log where its source is known."""
    from w2s import methods

    if callable(method):
        return method, None
    if isinstance(method, str) and not Path(method).is_dir():
        code = methods.source(method)
        return methods.load(method), log_names({"method.py": code})
    folder = Path(method).resolve()
    return _Folder(folder), log_names({file.name: file.read_text() for file in folder.rglob("*.py")})


@dataclass(frozen=True)
class _Folder:
    """A folder with `method.py`, imported anew for each run, as the lab does in a process of its own."""

    folder: Path

    def __call__(self, bench: Any) -> Any:
        from w2s.runner import load

        before, path, unwritten = set(sys.modules), list(sys.path), sys.dont_write_bytecode
        # Python takes bytecode for current if the second of the change and the size agree: an edit may keep both.
        sys.dont_write_bytecode = True
        importlib.invalidate_caches()
        try:
            return load(self.folder)(bench)
        finally:
            sys.dont_write_bytecode = unwritten
            sys.path[:] = path
            for name in set(sys.modules) - before:
                if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(self.folder):
                    del sys.modules[name]
