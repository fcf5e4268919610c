"""The vault: items with their truth, the secret they were drawn from, and the references' correctness.

    vault/secret.json                   128 bits from the operating system; every seed below follows from it
    vault/items.json                    all splits, a part a world, with the examples that train supervisors
    vault/truth.json                    true label by example id; written last: with it the lab is prepared
    vault/references/KIND-SPLIT-K.safetensors     `correct`, [n_test], of floor or ceiling K, with the key of what
                                        it was made from

Covered: a crash at any moment (every file is whole or missing, and is made again from the secret), other
users of the machine (mode 0700, and the scorer's own user where we are root). Not covered: root itself;
without root, other processes of the same user that no sandbox confines.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from aar.errors import ScoringError, WrongFormat
from aar.seeds import pair_of, split_seed
from w2s import files
from w2s.errors import NotFound
from w2s.metrics import correctness
from w2s.records import Example, FloatArray, Split, SplitName, part_of

FORMAT = 1
ReferenceKind = Literal["floor", "ceiling"]


@dataclass(frozen=True)
class TestItems:
    """Test items of one part of a split for scoring, in their own order."""

    __test__ = False  # the name starts with Test; pytest must not collect it

    truth: FloatArray
    clusters: tuple[str, ...]
    ood: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.clusters)

    def correct(self, probabilities: FloatArray) -> FloatArray:
        """Per-item correctness of probabilities of class 1; `BadPredictions` if they do not fit."""
        return correctness(probabilities, self.truth)


@dataclass(frozen=True)
class Vault:
    """An opened vault. Only the scorer and its jobs make one."""

    path: Path

    def seed(self, role: str, split: SplitName, k: int, *, again: int = 0) -> int:
        """The 31-bit seed of the `k`-th training of a role; that of another split is always another one.

        `again` counts the trainings of this number that collapsed: each is drawn another seed.
        """
        return split_seed(self._secret, f"{role}|{k}" + (f"|{again}" if again else ""), split)

    def bytes_for(self, *purpose: str | int) -> bytes:
        """32 secret bytes for a purpose."""
        return hmac.new(self._secret, "|".join(map(str, purpose)).encode(), hashlib.sha256).digest()

    @property
    def prepared(self) -> bool:
        """True if items and truth are all there."""
        return (self.path / "truth.json").is_file()

    @cached_property
    def splits(self) -> Mapping[SplitName, tuple[Split, ...]]:
        """Every split, a part a world, the labelled examples included."""
        return {
            cast(SplitName, name): tuple(
                Split(
                    name=cast(SplitName, name),
                    world=part["world"],
                    labelled=tuple(Example(**example) for example in part["labelled"]),
                    unlabelled=tuple(Example(**example) for example in part["unlabelled"]),
                    test=tuple(Example(**example) for example in part["test"]),
                )
                for part in parts_of(body)
            )
            for name, body in self._read("items.json")["splits"].items()
        }

    def part(self, split: SplitName, k: int) -> Split:
        """The part of a split that supervisor or ceiling `k`, and runs of pair `k`, are about."""
        if split not in self.splits:
            raise NotFound.among("split", split, self.splits)
        return part_of(self.splits[split], pair_of(k))

    @cached_property
    def truth(self) -> Mapping[str, int]:
        """The true label, 0 or 1, by example id."""
        return cast(Mapping[str, int], self._read("truth.json")["truth"])

    def labels(self, examples: tuple[Example, ...]) -> FloatArray:
        """True labels of `examples`, [n]."""
        return np.array([self.truth[example.id] for example in examples], dtype=np.float64)

    def test_items(self, part: Split) -> TestItems:
        """Truth, questions and subset of the test items of a part."""
        return TestItems(
            truth=self.labels(part.test),
            clusters=tuple(example.group for example in part.test),
            ood=tuple(example.subset == "ood" for example in part.test),
        )

    def create(self) -> None:
        """Make the folder and the secret where they are missing; the first of several callers wins."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.path / "references").mkdir(mode=0o700, exist_ok=True)
        secret = self.path / "secret.json"
        if secret.exists():
            return
        content = json.dumps({"format": FORMAT, "secret": os.urandom(16).hex()}).encode()
        temporary = write_beside(secret, content)
        try:
            os.link(temporary, secret)  # unlike a rename, never replaces another process's secret
        except FileExistsError:
            pass
        finally:
            temporary.unlink()

    def store_items(self, splits: Mapping[SplitName, Sequence[Split]]) -> None:
        """Write every part of every split with its labelled examples."""
        body = {
            name: [
                {
                    "world": part.world,
                    "labelled": [asdict(example) for example in part.labelled],
                    "unlabelled": [asdict(example) for example in part.unlabelled],
                    "test": [asdict(example) for example in part.test],
                }
                for part in parts
            ]
            for name, parts in splits.items()
        }
        write(self.path / "items.json", json.dumps({"format": FORMAT, "splits": body}).encode())

    def store_truth(self, truth: Mapping[str, int]) -> None:
        """Write the truth: the last step of preparing a lab."""
        body = {"format": FORMAT, "truth": dict(truth)}
        write(self.path / "truth.json", json.dumps(body).encode())

    def reference_path(self, kind: ReferenceKind, split: SplitName, k: int) -> Path:
        """Path of the correctness of one floor or ceiling."""
        return self.path / "references" / f"{kind}-{split}-{k}.safetensors"

    def store_reference(
        self,
        kind: ReferenceKind,
        split: SplitName,
        k: int,
        correct: FloatArray,
        *,
        key: str,
        collapsed: int = 0,
    ) -> None:
        """Write the per-item correctness, [n_test], of one floor or ceiling, and the key of what it was made from.

        `collapsed` trainings of this number were thrown away before.
        """
        from safetensors.numpy import save

        metadata = {"key": key, "collapsed": str(collapsed)}
        data = save({"correct": np.ascontiguousarray(correct, dtype=np.float64)}, metadata=metadata)
        write(self.reference_path(kind, split, k), data)

    def reference_key(self, kind: ReferenceKind, split: SplitName, k: int) -> str | None:
        """The key that one floor or ceiling was stored with; None while it is not measured, or has none."""
        return self._metadata(kind, split, k).get("key")

    def collapsed(self, kind: ReferenceKind, split: SplitName, k: int) -> int:
        """How many trainings of this number collapsed and were drawn again."""
        return int(self._metadata(kind, split, k).get("collapsed", "0"))

    def _metadata(self, kind: ReferenceKind, split: SplitName, k: int) -> Mapping[str, str]:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.reference_path(kind, split, k), framework="numpy") as file:
                return cast("Mapping[str, str]", file.metadata() or {})
        except (FileNotFoundError, SafetensorError):
            return {}

    def reference(self, kind: ReferenceKind, split: SplitName, k: int) -> FloatArray | None:
        """Per-item correctness of one floor or ceiling, or None while it is not measured."""
        from safetensors.numpy import load

        path = self.reference_path(kind, split, k)
        if not path.is_file():
            return None
        correct = load(path.read_bytes())["correct"]
        if correct.shape != (len(self.part(split, k).test),):
            raise ScoringError(f"{path} does not fit the items of {split}; make it again")
        return cast(FloatArray, correct.astype(np.float64))

    @cached_property
    def _secret(self) -> bytes:
        return bytes.fromhex(self._read("secret.json")["secret"])

    def _read(self, name: str) -> dict[str, Any]:
        path = self.path / name
        try:
            body = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise ScoringError(
                f"{path} is missing; prepare the lab first: python -m aar.scoring prepare LAB"
            ) from None
        if body.get("format") != FORMAT:
            raise WrongFormat(f"{path} has format {body.get('format')!r}, this version reads {FORMAT}")
        return cast(dict[str, Any], body)


def parts_of(body: Any) -> list[Any]:
    """The parts of a split as JSON has them; a lab of an earlier version has one, and no list of it."""
    return body if isinstance(body, list) else [body]


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by its folder's owner alone."""
    write_beside(path, content).replace(path)


def write_beside(path: Path, content: bytes) -> Path:
    """Write `content` to a hidden file next to `path`, on disk when this returns; its folder's owner alone reads it."""
    temporary = files.write_beside(path, content, mode=0o600)
    give_to_folder_owner(temporary)
    return temporary


def give_to_folder_owner(path: Path) -> None:
    """Give `path` to the owner of its folder; only where we are root."""
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)
