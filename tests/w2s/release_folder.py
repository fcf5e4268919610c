"""A release in the study's format, made up for the tests: its words are enough to tell where an item came from."""

from __future__ import annotations

import json
import random
from pathlib import Path

COUNTS = {"train_label.jsonl": 40, "train_unlabel.jsonl": 80, "test.jsonl": 40}
NOUNS = [
    f"{first}{second}" for first in ("bar", "fen", "lom", "sil", "tar") for second in ("ak", "el", "om", "un")
]


def question(rng: random.Random) -> str:
    return f"What does {' '.join(rng.choices(NOUNS, k=12))} mean?"


def pair(rng: random.Random, **more: object) -> dict[str, object]:
    first, second = (" ".join(rng.choices(NOUNS, k=6)) for _ in range(2))
    return {"prompt": question(rng), "first": first, "second": second, "label": rng.choice("AB"), **more}


def proposals(rng: random.Random, **more: object) -> list[dict[str, object]]:
    asked = question(rng)
    return [
        {"question": asked, "choice": f"So it is \\boxed{{{value}}}.", "label": value == 1, **more}
        for value in rng.sample(range(1, 9), k=2)
    ]


def lines(kind: str = "pair", *, seed: int = 0) -> dict[str, list[dict[str, object]]]:
    """Items by file; half of the test items are out of distribution."""
    rng = random.Random(seed)
    made: dict[str, list[dict[str, object]]] = {}
    for name, count in COUNTS.items():
        made[name] = []
        for i in range(count):
            more = {"subset": "id" if i % 2 else "ood-hard"} if name == "test.jsonl" else {}
            made[name] += [pair(rng, **more)] if kind == "pair" else proposals(rng, **more)
        if kind == "verification":  # both classes everywhere, whatever was drawn
            for i, item in enumerate(made[name]):
                item["label"] = i % 4 in (1, 2)
    return made


def write(folder: Path, made: dict[str, list[dict[str, object]]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, items in made.items():
        (folder / name).write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return folder
