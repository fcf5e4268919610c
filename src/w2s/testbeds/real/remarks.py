"""What a user should know of imported items: defaults that were taken, imbalance, pools too small to show much."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from w2s.testbeds.real.carve import Place
from w2s.testbeds.real.definition import Definition
from w2s.testbeds.real.problems import Problem, Problems
from w2s.testbeds.real.release import Item

UNEVEN, LOPSIDED = 0.65, 0.8
"""Shares of the more frequent class from which on it is noted, and warned about."""
FEW_PRACTICE = 30
_TELLING = 0.1
"""A test that cannot tell an accuracy this far above chance from chance is noted."""


def smallest_seen(groups: int) -> float:
    """Distance from an accuracy of one half that a test over so many groups sees in four of five cases, at 5 %.

    >>> round(smallest_seen(100), 2), round(smallest_seen(13), 2)
    (0.14, 0.39)
    """
    # 1.96 and 0.84: the normal quantiles of a two-sided level of 5 % and of a power of 80 %
    return min(0.5, (1.96 + 0.84) * math.sqrt(0.25 / max(1, groups)))


def balance(pools: Mapping[Place, Sequence[Item]]) -> tuple[list[str], list[str]]:
    """(warnings, notes) about classes of very different size; of pairs, about a side that is nearly always better."""
    worst: list[tuple[float, str, Item, float]] = []
    for (split, role), items in pools.items():
        share = sum(item.label for item in items) / max(1, len(items))
        # three standard errors of a coin: small pools are uneven by chance
        if abs(share - 0.5) > 3 * math.sqrt(0.25 / max(1, len(items))):
            worst.append((max(share, 1 - share), f"{split}/{role}", items[0], share))
    uneven = sorted((found for found in worst if found[0] >= UNEVEN), key=lambda found: -found[0])
    if not uneven:
        return [], []
    most, place, item, share = uneven[0]
    others = f" (and in {len(uneven) - 1} more pools)" if len(uneven) > 1 else ""
    if item.kind == "pair":
        side = "first" if share > 0.5 else "second"
        told = (
            f"{side} is the better answer in {most:.0%} of {place}{others}: the position alone is right that often; "
            "swap the answers and the label of half of the pairs, or give chosen and rejected, whose sides are drawn"
        )
    else:
        told = (
            f"{most:.0%} of {place}{others} are {'right' if share > 0.5 else 'wrong'}: always saying so is right that "
            "often; leave items of that class out until both are about as many"
        )
    return ([told], []) if most >= LOPSIDED else ([], [told])


def sizes(pools: Mapping[Place, Sequence[Item]]) -> list[str]:
    """Notes on pools in which little can be shown."""
    notes = []
    for split in ("dev", "sealed"):
        items = pools[split, "test"]
        groups = len({item.group for item in items})
        if (seen := smallest_seen(groups)) > _TELLING:
            notes.append(
                f"{split}/test has {len(items)} items of {groups} questions: an accuracy below {0.5 + seen:.2f} is "
                "hardly told from chance there (80 % power at 5 %); give more questions"
            )
    few = [pools["practice", "unlabelled"], pools["practice", "test"]]
    if min(map(len, few)) < FEW_PRACTICE:
        notes.append(
            f"practice has {len(few[0])} unlabelled and {len(few[1])} test items: enough to see that a method runs, "
            "not whether it is good"
        )
    return notes


def defaults(definition: Definition, like: str, missing: Sequence[str]) -> list[str]:
    """Notes on the models, prompts and recipe that a user did not give; `missing` names which."""
    notes = []
    recipe = definition.recipe
    if "models" in missing:
        notes.append(
            f"models by default: {definition.models.weak} supervises {definition.models.strong}; "
            "others: --weak, --strong"
        )
    if "prompts" in missing:
        shown = " / ".join(definition.prompts.template.split("\n\n")).replace("\n", " ")
        notes.append(
            f"prompts by default those of {like}: {shown!r}; "
            "others: --like, or [prompts] in a testbed.toml beside the files"
        )
    if "recipe" in missing:
        how = f"LoRA of rank {recipe.lora_rank}" if recipe.lora_rank else "all parameters"
        notes.append(
            f"recipe by default the study's: {how}, {recipe.epochs} epochs at {recipe.learning_rate:g}, batches of "
            f"{recipe.batch_size}, up to {recipe.max_length} tokens; others: [recipe] in testbed.toml"
        )
    return notes


def one_question(files: Mapping[str, Sequence[Item]], found: Problems) -> Problems:
    """The error for files that cannot be divided: where most items ask one question, that is what to change."""
    items = [item for part in files.values() for item in part]
    groups = Counter(item.group for item in items)
    group, count = groups.most_common(1)[0] if groups else ("", 0)
    if count <= len(items) / 2 or len(items) < 2:
        return found
    example = next(item for item in items if item.group == group)
    name = "prompt" if example.kind == "pair" else "question"
    what = (
        f"{count} of {len(items)} items ask (nearly) the same question ({example.question.strip()[:60]!r}), and a "
        "question stays in one split, so that nothing is left for the others"
    )
    remedy = (
        f"put what differs between the items into {name}, and what they share into the template of testbed.toml "
        f"(more items of the same question do not help)"
    )
    return Problems([Problem(example.file, example.line, name, what, remedy), *found.problems])
