"""Choices that the embedded policy varies: one choice for each step from weak labels to predictions."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from w2s.errors import W2SError

SIGNALS = ("weak", "zero_shot", "likelihood", "probe")
RECIPE_EPOCHS = 3
MOST_SOURCE_CHARACTERS = 65536

Value = str | float | int | bool | tuple[str, ...]

CHOICES: Mapping[str, tuple[Value, ...]] = {
    "signals": (
        ("weak",),
        ("zero_shot",),
        ("likelihood",),
        ("weak", "zero_shot"),
        ("weak", "likelihood"),
        ("zero_shot", "likelihood"),
        ("weak", "zero_shot", "likelihood"),
        ("weak", "probe"),
        ("zero_shot", "probe"),
        ("weak", "zero_shot", "probe"),
        ("zero_shot", "likelihood", "probe"),
        ("weak", "zero_shot", "likelihood", "probe"),
    ),
    "combine": ("sum", "votes", "channel"),
    "agree": (False, True),
    "keep": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    "targets": ("hard", "soft", "tempered"),
    "loss": ("plain", "log_confidence", "product", "reverse_kl"),
    "schedule": ("one_pass", "sure_first"),
    "epochs": (2, 3, 4),
    "rounds": (1, 2),
    "students": (1, 2, 3),
    "blend": (0.0, 0.25, 0.5),
}
"""Every gene and what it may be; the order of the values is an order only for keep, epochs and blend."""


class BadGenome(W2SError):
    """A submission's settings are not a genome: missing, of the wrong type, or out of range."""


@dataclass(frozen=True)
class Genome:
    """One method in the space that is searched.

    `signals` are read for each unlabelled item and joined by `combine`; with `agree` only items on which all
    signals name the same class are trained on; of these the surest share `keep` (of all items), half from
    each class. `targets`, `loss`, `schedule`, `epochs` say how a student is taught; `rounds` 2 lets a
    first student's answers join the signals; `students` are averaged; `blend` is the share of the frozen
    model's zero-shot answer in the final log-odds.
    """

    signals: tuple[str, ...]
    combine: str = "sum"
    agree: bool = False
    keep: float = 0.7
    targets: str = "hard"
    loss: str = "plain"
    schedule: str = "one_pass"
    epochs: int = 3
    rounds: int = 1
    students: int = 1
    blend: float = 0.0

    def settings(self) -> dict[str, Any]:
        """Plain values, as they stand in a submission's `SETTINGS`."""
        return {gene: _plain(getattr(self, gene)) for gene in CHOICES}

    def key(self) -> str:
        """Equal for equal methods, whatever genes have no effect."""
        return hashlib.sha256(repr(sorted(tidy(self).settings().items())).encode()).hexdigest()[:16]

    def features(self) -> frozenset[str]:
        """Features of this method in the evidence: "gene:value", signals one by one."""
        tidied = tidy(self)
        words = {f"signal:{signal}" for signal in tidied.signals}
        words |= {f"{gene}:{getattr(tidied, gene)}" for gene in CHOICES if gene not in ("signals", "keep")}
        words.add(f"keep:{'few' if tidied.keep < 0.55 else 'most' if tidied.keep < 0.95 else 'all'}")
        return frozenset(words)

    def cost(self) -> float:
        """Fine-tunes of all items for the recipe's epochs that one run takes, at most."""
        cost = self.keep * self.epochs / RECIPE_EPOCHS
        if self.schedule == "sure_first":
            cost += 0.5 * self.keep
        return round(cost * (self.students + self.rounds - 1), 3)


def tidy(genome: Genome) -> Genome:
    """The same method with genes that have no effect set to their plainest value."""
    if len(genome.signals) == 1:
        genome = replace(genome, combine="sum", agree=False)
    return genome


def within_budget(genome: Genome, *, most: float) -> Genome:
    """The genome with fewer students, rounds, epochs, until its cost is at most `most` fine-tunes."""
    while genome.cost() > most:
        if genome.students > 1:
            genome = replace(genome, students=genome.students - 1)
        elif genome.rounds > 1:
            genome = replace(genome, rounds=1)
        elif genome.schedule != "one_pass":
            genome = replace(genome, schedule="one_pass")
        elif genome.epochs > 2:
            genome = replace(genome, epochs=genome.epochs - 1)
        else:
            break
    return genome


def from_settings(settings: object) -> Genome:
    """A genome from plain values; every gene must be there and one of its choices."""
    if not isinstance(settings, dict):
        raise BadGenome(
            f"settings are {type(settings).__name__}; a dict with {', '.join(CHOICES)} is expected"
        )
    if set(settings) != set(CHOICES):
        odd = sorted(map(str, set(settings) ^ set(CHOICES)))
        raise BadGenome(f"settings differ from a genome's genes in {', '.join(odd)[:200]}")
    values: dict[str, Any] = {}
    for gene, choices in CHOICES.items():
        setting = settings[gene]
        value = (
            tuple(setting)
            if isinstance(setting, list) and all(isinstance(part, str) for part in setting)
            else setting
        )
        match = [choice for choice in choices if type(choice) is type(value) and choice == value]
        if not match:
            raise BadGenome(f"{gene} is {str(setting)[:60]!r}, which is none of its choices")
        values[gene] = match[0]
    return Genome(**values)


def from_source(source: str) -> Genome:
    """The genome in a submission's source, read without running any of it.

    The text is untrusted: it must be short, parse as Python, and assign one literal dict to `SETTINGS` at
    the top level; anything else is `BadGenome`.
    """
    if len(source) > MOST_SOURCE_CHARACTERS:
        raise BadGenome(f"{len(source)} characters of source; at most {MOST_SOURCE_CHARACTERS} are read")
    try:
        tree = ast.parse(source)
        literals = [
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            and [target.id for target in node.targets if isinstance(target, ast.Name)] == ["SETTINGS"]
        ]
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise BadGenome(f"the source cannot be read as settings: {type(error).__name__}") from error
    if len(literals) != 1:
        raise BadGenome(f"SETTINGS is assigned {len(literals)} times at the top level; once is expected")
    return from_settings(literals[0])


def in_words(genome: Genome) -> str:
    """The method in one line, for titles.

    >>> in_words(Genome(signals=("zero_shot",)))
    'surest 70 % by zero-shot; hard targets'
    """
    g = tidy(genome)
    names = {"weak": "weak labels", "zero_shot": "zero-shot", "likelihood": "likelihood", "probe": "probe"}
    how = {"sum": "", "votes": " (EM over votes)", "channel": " (noisy-channel EM)"}[g.combine]
    share = "everything" if g.keep == 1.0 else f"surest {g.keep:.0%}".replace("%", " %")
    parts = [f"{share} by {' + '.join(names[signal] for signal in g.signals)}{how}"]
    if g.agree:
        parts.append("where all agree")
    parts.append(f"{g.targets} targets")
    if g.loss != "plain":
        parts.append(
            {"log_confidence": "log-confidence loss", "product": "product loss"}.get(g.loss, "reverse KL")
        )
    if g.schedule == "sure_first":
        parts.append("surest first")
    if g.epochs != RECIPE_EPOCHS:
        parts.append(f"{g.epochs} epochs")
    if g.rounds > 1:
        parts.append(f"{g.rounds} rounds")
    if g.students > 1:
        parts.append(f"{g.students} students averaged")
    if g.blend > 0:
        parts.append(f"{g.blend:.0%} zero-shot at the end".replace("%", " %"))
    return "; ".join(parts)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
