"""Runs the arms on fresh seeds, over some processes, one JSON line a result; what is there is not run again.

The unit is a world's part of a split under one seed: its items, supervisor and students.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

from w2s import methods, testbeds, workers
from w2s.errors import NotFound, NotMeasured
from w2s.measurements.arms import METHODS, PROMPT, SHORTCUT, Setting, arms
from w2s.metrics import correctness
from w2s.records import Example, Split, SplitName
from w2s.testbeds.testbed import MadeItems
from w2s.weak_labels.training_code import accepted_code_versions

SPLITS: tuple[SplitName, ...] = ("dev", "sealed")
FRESH_FROM: Mapping[str, int] = {"mini-chat": 9000, "mini-math": 9006, "mini-code": 9000}
"""Public seeds from here on are only measured on, by testbed; some setting was chosen on one below."""
_FIELDS: Mapping[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": (int, float)}


@dataclass(frozen=True)
class ArmResult:
    """Result of one arm on one world's part of a split under one seed.

    Attributes:
        key: Content key of all inputs of the result.
        testbed: Name of the testbed.
        split: Name of the split.
        world: Name of the world.
        seed: Seed.
        arm: Name of the arm.
        accuracy: Accuracy on the test items.
        n: Number of test items.
        seconds: Duration, in seconds.
    """

    key: str
    testbed: str
    split: str
    world: str
    seed: int
    arm: str
    accuracy: float
    n: int
    seconds: float


@dataclass(frozen=True)
class Unit:
    """Unit of work of one process: some arms of one world's part of a split under one seed."""

    testbed: str
    split: SplitName
    world: str
    seed: int
    missing: tuple[tuple[str, str], ...]
    chosen: tuple[str, ...]


def item_seed(seed: int) -> bytes:
    """The item seed behind a public seed: never a lab's, which draws 128 secret bits."""
    return hashlib.sha256(f"fresh public seed {seed}".encode()).digest()[:16]


def collect(
    testbed_name: str,
    out: Path,
    *,
    seeds: Sequence[int],
    splits: Sequence[SplitName] = SPLITS,
    worlds: Collection[str] = (),
    chosen: Sequence[str] = METHODS,
    only: Collection[str] = (),
    jobs: int | None = None,
    progress: Callable[[int, int, ArmResult | None], None] = lambda done, total, line: None,
) -> list[ArmResult]:
    """Lines of every arm, split, world and seed, appended to `out` as they come and returned in full.

    Every world of `splits` is measured under every seed, or those that `worlds` names; `NotFound` for one that these
    splits do not have. `chosen` are the methods among the arms, and `only` the arms to run, all of them by default.
    A line that is there already, of the same models, items, prompts, recipes and code, is not run again, so that a
    measurement resumes where it was cut off. `jobs` processes, one thread each (all cores unless given).
    """
    testbed = testbeds.load(testbed_name)
    names = [name for name in arms(testbed, chosen=chosen) if not only or name in only]
    have = {line.key: line for line in read_lines(out)} if out.exists() else {}
    wanted: list[str] = []
    units: list[Unit] = []
    for seed in seeds:
        made, truth = _made(testbed, seed)
        for part in _wanted(made, splits, worlds):
            keys = {
                arm: next((key for key in known if key in have), known[0])
                for arm, known in _keys(testbed, part, truth, seed, names).items()
            }
            wanted += keys.values()
            missing = tuple((arm, key) for arm, key in keys.items() if key not in have)
            if missing:
                units.append(Unit(testbed_name, part.name, part.world, seed, missing, tuple(chosen)))
    progress(sum(key in have for key in wanted), len(wanted), None)
    with _opened(out) as file:
        for line in _results(units, jobs or os.cpu_count() or 1):
            have[line.key] = line
            file.write(json.dumps(asdict(line)) + "\n")
            file.flush()
            progress(sum(key in have for key in wanted), len(wanted), line)
    return [have[key] for key in wanted]


def read_lines(path: Path) -> list[ArmResult]:
    """The lines of a measurement.

    A last line without its end was cut off and is left out; `NotMeasured`, which names the line, for any other bad one,
    and for a file that cannot be read.
    """
    results = []
    for number, row in enumerate(_whole_lines(path), start=1):
        try:
            results.append(_line(json.loads(row)))
        except (ValueError, TypeError) as error:
            raise NotMeasured(
                f"{path}, line {number}: not a result of a measurement ({error}); give another file with --out"
            ) from None
    return results


def _line(fields: Any) -> ArmResult:
    """A result from its JSON object; `ValueError` or `TypeError` for what is none."""
    result = ArmResult(**fields)
    for field in dataclasses.fields(ArmResult):
        value, wanted = getattr(result, field.name), _FIELDS[str(field.type)]
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise TypeError(f"{field.name} is {value!r}")
    if not 0 <= result.accuracy <= 1:
        raise ValueError(f"accuracy is {result.accuracy}")
    return result


def _whole_lines(path: Path) -> list[str]:
    """The lines of a file but a last one without its end; `NotMeasured` where it cannot be read as text."""
    try:
        return path.read_bytes().decode().split("\n")[:-1]
    except (OSError, UnicodeDecodeError) as error:
        raise NotMeasured(f"cannot read results from {path}: {error}; give another file with --out") from None


def _opened(path: Path) -> TextIO:
    """The file of results, to append to; a line that was cut off must not join the next one.

    `NotMeasured` for a place that cannot be written, and for a file with content of which no line is a result.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes() if path.exists() else b""
        if content and not content.endswith(b"\n"):
            if b"\n" not in content and not content.startswith(b'{"key": "'):
                raise NotMeasured(f"{path} is not a file of results; give another one with --out")
            path.write_bytes(content[: content.rfind(b"\n") + 1])
        return path.open("a", encoding="utf-8")
    except OSError as error:
        raise NotMeasured(f"cannot write results to {path}: {error}; give another file with --out") from None


def _made(testbed: testbeds.Testbed, seed: int) -> MadeItems:
    return testbeds.generate(testbed, item_seed=item_seed(seed))


def _wanted(
    made: Mapping[SplitName, tuple[Split, ...]], splits: Sequence[SplitName], worlds: Collection[str]
) -> list[Split]:
    """The parts of `splits` about `worlds`, or all of them."""
    parts = [part for name in splits for part in made[name]]
    known = {part.world for part in parts}
    for world in worlds:
        if world not in known:
            raise NotFound.among(f"world of {' and '.join(splits)}", world, known)
    return [part for part in parts if not worlds or part.world in worlds]


def run_unit(unit: Unit, testbed: testbeds.Testbed, made: MadeItems) -> list[ArmResult]:
    """Run the missing arms of one unit in this process, on the items `made` of its seed."""
    splits, truth = made
    part = next(part for part in splits[unit.split] if part.world == unit.world)
    setting = Setting(testbed, part, truth, unit.seed)
    truths = setting.labels(setting.split.test)
    arm_of = arms(testbed, chosen=unit.chosen)
    lines = []
    for name, key in unit.missing:
        start = time.monotonic()
        accuracy = float(correctness(arm_of[name](setting), truths).mean())
        lines.append(
            ArmResult(
                key=key,
                testbed=unit.testbed,
                split=unit.split,
                world=setting.split.world,
                seed=unit.seed,
                arm=name,
                accuracy=round(accuracy, 6),
                n=len(truths),
                seconds=round(time.monotonic() - start, 2),
            )
        )
    return lines


def _results(units: Sequence[Unit], jobs: int) -> Iterator[ArmResult]:
    if jobs == 1 or len(units) <= 1:
        for (name, seed), of_seed in groupby(units, key=lambda unit: (unit.testbed, unit.seed)):
            testbed = testbeds.load(name)
            made = _made(testbed, seed)
            for unit in of_seed:
                yield from run_unit(unit, testbed, made)
        return
    with workers.pool(min(jobs, len(units))) as pool:
        for done in as_completed([pool.submit(_run_in_worker, unit) for unit in units]):
            yield from done.result()


def _run_in_worker(unit: Unit) -> list[ArmResult]:
    return run_unit(unit, *_made_in_worker(unit.testbed, unit.seed))


@lru_cache(maxsize=1)  # units come seed by seed: a worker makes the items of all worlds once a seed
def _made_in_worker(testbed_name: str, seed: int) -> tuple[testbeds.Testbed, MadeItems]:
    testbed = testbeds.load(testbed_name)
    return testbed, _made(testbed, seed)


def _keys(
    testbed: testbeds.Testbed, part: Split, truth: Mapping[str, int], seed: int, names: Sequence[str]
) -> dict[str, list[str]]:
    """Hashes of all that a result comes from, by arm: models and items of its world, prompts, recipes and code.

    The first is by the code of today, the others by former code that gives the same results.
    """
    asked = [testbed.template, testbed.labels, testbed.zero_shot_template, testbed.zero_shot_labels]
    recipes = [asdict(testbed.recipe), asdict(testbed.weak_recipe)]
    prompts = {PROMPT + prompt.name: asdict(prompt) for prompt in testbed.corpus_prompts}
    world, examples = testbed.worlds[part.world], _examples(part)
    models = [_weights(world.weak), _weights(world.strong)]
    items = _hash([[asdict(example), truth[example.id]] for example in examples])
    keys: dict[str, list[str]] = {}
    for arm in names:
        own: object = prompts.get(arm)
        if arm in methods.names():
            own = methods.source(arm)
        elif arm.startswith(SHORTCUT):
            own = testbed.shortcuts[arm.removeprefix(SHORTCUT)](part.world, part.test).tolist()
        inputs = [testbed.name, part.name, part.world, seed, arm, own, models, asked, recipes, items]
        keys[arm] = [
            _hash([*inputs, code, methods.building_blocks()])[:24] for code in accepted_code_versions()
        ]
    return keys


def _examples(split: Split) -> list[Example]:
    return [*split.labelled, *split.unlabelled, *split.test]


def weights(testbed: testbeds.Testbed) -> dict[str, dict[str, str]]:
    """SHA-256 of the weights of both models by world (a hub's name for itself): what figures belong to."""
    return {
        name: {"weak": _weights(world.weak), "strong": _weights(world.strong)}
        for name, world in sorted(testbed.worlds.items())
    }


def _weights(model: Path | str) -> str:
    """A name from a hub is its own digest; a folder's is that of its weights, of all their files together."""
    files = sorted(Path(model).glob("*.safetensors"))
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    return str(model) if not files else digests[0] if len(files) == 1 else _hash(digests)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
