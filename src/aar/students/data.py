"""The service's own folder: the texts of all splits and the weak labels, never a true label.

    DIR/splits.json                     {"format": 1, "testbed", "splits": {name: [{"world", "unlabelled", "test"}]}}
    DIR/testbed.toml                    the definition of a testbed that does not ship; it holds no items
    DIR/weak/SPLIT-SEED.safetensors     one array `soft`, float64, parallel to the split's `unlabelled`

The scorer writes it once (`write_splits`, `write_weak`); services only read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np

from aar.errors import LabFolderError, WrongFormat
from w2s.errors import NotFound
from w2s.files import write_whole
from w2s.records import Example, FloatArray, ItemKind, Split, SplitName

if TYPE_CHECKING:
    from w2s.testbeds import Testbed

FORMAT = 1
DEFINITION = "testbed.toml"


def write_splits(directory: Path, testbed: str, splits: Mapping[SplitName, Sequence[Split]]) -> Path:
    """Write `splits.json`, whole or not at all; the examples that train supervisors stay out."""
    body = {
        "format": FORMAT,
        "testbed": testbed,
        "splits": {
            name: [
                {
                    "world": part.world,
                    "unlabelled": [_as_json(example) for example in part.unlabelled],
                    "test": [_as_json(example) for example in part.test],
                }
                for part in parts
            ]
            for name, parts in splits.items()
        },
    }
    path = directory / "splits.json"
    write_whole(path, json.dumps(body, ensure_ascii=False))
    return path


def read_splits(directory: Path) -> tuple[str, dict[SplitName, tuple[Split, ...]]]:
    """Testbed name and splits of `directory`, a part a world; `labelled` is always empty here.

    Raises `LabFolderError` if there is no `splits.json` and `WrongFormat` if it is of another version.
    """
    path = directory / "splits.json"
    try:
        body = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise LabFolderError(f"no {path}; prepare the lab first: python -m aar.scoring prepare LAB") from None
    if body.get("format") != FORMAT:
        raise WrongFormat(f"{path} has format {body.get('format')!r}, this version reads {FORMAT}")
    splits: dict[SplitName, tuple[Split, ...]] = {}
    for name, parts in body["splits"].items():
        if name not in get_args(SplitName):
            raise NotFound.among("split", name, get_args(SplitName))
        splits[name] = tuple(
            Split(
                name=name,
                world=part["world"],
                labelled=(),
                unlabelled=tuple(_from_json(example) for example in part["unlabelled"]),
                test=tuple(_from_json(example) for example in part["test"]),
            )
            # a lab of an earlier version has one part, and no list of it
            for part in (parts if isinstance(parts, list) else [parts])
        )
    return str(body["testbed"]), splits


def load_testbed(directory: Path) -> Testbed:
    """The testbed that `directory` serves: the definition that lies there, or the one that ships by that name."""
    from w2s.testbeds import load
    from w2s.testbeds.real.folder import open_definition

    if (directory / DEFINITION).is_file():
        return open_definition(directory)
    return load(read_splits(directory)[0])


def model_folders(directory: Path) -> list[Path]:
    """Host folders with the models that `directory` serves, apart from those that ship with the package."""
    from w2s.testbeds.real.folder import open_definition
    from w2s.testbeds.real.hub import folders_of

    if not (directory / DEFINITION).is_file():
        return []
    worlds = open_definition(directory).worlds.values()
    places = {Path(place) for world in worlds for place in (world.weak, world.strong)}
    return sorted({folder for place in places for folder in folders_of(place)})


def weak_path(directory: Path, split: SplitName, seed: int) -> Path:
    """Path of one supervisor's weak labels on one split."""
    return directory / "weak" / f"{split}-{seed}.safetensors"


def write_weak(directory: Path, split: SplitName, seed: int, soft: FloatArray) -> Path:
    """Write one supervisor's probabilities of class 1, [n_unlabelled], whole or not at all."""
    from safetensors.numpy import save

    path = weak_path(directory, split, seed)
    path.parent.mkdir(exist_ok=True)
    write_whole(path, save({"soft": np.ascontiguousarray(soft, dtype=np.float64)}))
    return path


def read_weak(directory: Path, split: SplitName, seed: int, *, n: int) -> FloatArray:
    """One supervisor's probabilities of class 1 on the `n` unlabelled examples of `split`.

    Raises `LabFolderError` if that supervisor was not made or does not fit the split.
    """
    from safetensors.numpy import load

    path = weak_path(directory, split, seed)
    try:
        soft = load(path.read_bytes())["soft"]
    except (FileNotFoundError, KeyError):
        raise LabFolderError(
            f"no weak labels at {path}; start the lab again: it trains what is missing"
        ) from None
    if soft.shape != (n,) or not np.isfinite(soft).all() or (soft < 0).any() or (soft > 1).any():
        raise LabFolderError(f"{path} does not hold {n} probabilities; make it again")
    return cast(FloatArray, soft.astype(np.float64))


def _as_json(example: Example) -> dict[str, Any]:
    return {
        "id": example.id,
        "kind": example.kind,
        "fields": dict(example.fields),
        "group": example.group,
        "answer": example.answer,
        "subset": example.subset,
    }


def _from_json(body: Mapping[str, Any]) -> Example:
    return Example(
        id=body["id"],
        kind=cast(ItemKind, body["kind"]),
        fields=body["fields"],
        group=body["group"],
        answer=body["answer"],
        subset=body["subset"],
    )


def all_texts(splits: Iterable[Split]) -> set[str]:
    """Every field value of every example in `splits`."""
    return {
        text
        for split in splits
        for example in (*split.unlabelled, *split.test)
        for text in example.fields.values()
    }
