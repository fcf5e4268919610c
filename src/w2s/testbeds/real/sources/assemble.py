"""Items of a domain become the three files of a release, in the study's sizes as far as there are items."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from w2s.testbeds.real.archive import NAMES
from w2s.testbeds.real.digests import digest
from w2s.testbeds.real.release import TEXT_CHARS, Item

TOKENS_PER_CHAR = 0.25
LONGEST_CHARS = int(8192 / TOKENS_PER_CHAR * 0.75)
"""Items whose texts are longer are left out: they would not fit the study's context of 8192 tokens."""


@dataclass(frozen=True)
class Sizes:
    """Items in the study's files; half of the test items are out of distribution here (the study does not say)."""

    labelled: int
    unlabelled: int
    test: int


SIZES: Mapping[str, Sizes] = {
    "qwen-chat": Sizes(2245, 6826, 1263),
    "qwen-math": Sizes(2061, 4735, 1315),
    "qwen-code": Sizes(897, 8166, 2567),
}


@dataclass
class ItemPool:
    """Items in and out of distribution as they are found, and how many rows were of no use, by reason."""

    near: list[Item] = field(default_factory=list)
    far: list[Item] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)

    def skip(self, reason: str) -> None:
        """Count a row that gives no item."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def add(self, item: Item, *, far: bool = False) -> None:
        """Keep an item, unless its texts are empty, too long or equal."""
        texts = [text.strip() for text in item.fields.values()]
        if not all(texts) or any("\0" in text for text in texts):
            self.skip("a text is empty or holds a zero byte")
        elif sum(map(len, texts)) > min(LONGEST_CHARS, TEXT_CHARS):
            self.skip("longer than the context")
        elif len(set(texts[1:])) < len(texts[1:]):
            self.skip("both answers are the same")
        else:
            (self.far if far else self.near).append(item)


def assemble(pool: ItemPool, sizes: Sizes, *, seed: int) -> dict[str, list[Item]]:
    """Items by file: whole questions, in an order that the seed draws, scaled down where there are too few."""
    near_test = sizes.test - sizes.test // 2
    wanted = sizes.labelled + sizes.unlabelled + near_test
    scale = min(1.0, len(pool.near) / wanted)
    files: dict[str, list[Item]] = {name: [] for name in NAMES}
    goals = {
        "test.jsonl": scale * near_test,
        "train_label.jsonl": scale * sizes.labelled,
        "train_unlabel.jsonl": scale * sizes.unlabelled,
    }
    order = list(goals)
    for question in _by_question(pool.near, seed):
        while order and len(files[order[0]]) >= goals[order[0]]:
            order.pop(0)
        if not order:
            break
        files[order[0]] += question
    far: list[Item] = []
    for question in _by_question(pool.far, seed):
        if len(far) < sizes.test // 2:
            far += question
    files["test.jsonl"] += far
    return files


def write_files(folder: Path, files: Mapping[str, Sequence[Item]]) -> None:
    """Write the three files of a release into the existing `folder`."""
    for name, items in files.items():
        text = "".join(f"{item.as_line()}\n" for item in items)
        (folder / name).write_text(text.encode("utf-8", "replace").decode("utf-8"), encoding="utf-8")


def coin(*words: str) -> int:
    """A number that follows from a text alone: which answer of a pair comes first, which of several is taken."""
    return int(digest(json.dumps(words)), 16)


def _by_question(items: Sequence[Item], seed: int) -> list[list[Item]]:
    questions: dict[str, list[Item]] = {}
    for item in items:
        questions.setdefault(item.question.strip(), []).append(item)
    return [
        questions[question]
        for question in sorted(questions, key=lambda question: digest(str(seed), question))
    ]
