"""Changes that an audit makes to a run, to see what a method depends on: one record an intervention.

    swap       in every scored run: for a share of the groups, everything a model knows is another group's
    blind      the models are randomly initialised, weak labels are permuted, nothing is trained
    shuffle    weak labels are permuted among the items
    thin       a random half of each question's items is served, so that how often an answer stands there is a
               matter of chance
    part       half of the test's questions are asked about, in another order

The vocabulary is closed: an intervention is a record in `INTERVENTIONS`, and the student service asks it what to
show. A method's process gets the same messages as ever, at the same nominal cost. Not covered: a method that asks
whether a blind model knows anything learns that it does not, and one that counts its items sees that thin and part
serve fewer. The swap does not depend on a method being unaware, nor does a sealed split that has no majority.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aar.errors import BadRequest
from w2s.records import Example, FloatArray, IntArray, Split, SplitName

SWAPPED: Mapping[SplitName, float] = {"practice": 0.0, "dev": 0.15, "sealed": 0.5}
"""Share of the groups whose texts, weak labels and answers of models are another group's."""
PART = 0.5
"""Share of the items (thin) or of the test's questions (part) that is served."""


@dataclass(frozen=True)
class Shown:
    """Rows of the two pools that a run is shown, each counted from 0, in the order in which the method sees them."""

    unlabelled: IntArray
    test: IntArray


def _all_shown(split: Split, shown: Shown, salt: bytes) -> Shown:
    return shown


def _same_labels(soft: FloatArray, salt: bytes) -> FloatArray:
    return soft


@dataclass(frozen=True)
class Intervention:
    """Changes of one intervention to handles, labels and models; all its draws follow from the run's salt.

    Attributes:
        name: How runs and audits name it.
        show: (split, rows that a plain run is shown, salt) -> rows that this run is shown.
        label: (soft labels of one supervisor on the unlabelled items [n], salt) -> the labels that are shown, [n].
        blank_models: Whether the models are randomly initialised and nothing is trained.
    """

    name: str
    show: Callable[[Split, Shown, bytes], Shown] = _all_shown
    label: Callable[[FloatArray, bytes], FloatArray] = _same_labels
    blank_models: bool = False


def intervention(name: str) -> Intervention:
    """The intervention of this name; `BadRequest` for any other word.

    >>> intervention("blind").blank_models
    True
    """
    if name not in INTERVENTIONS:
        raise BadRequest(f"there is no intervention {name!r}; one of {', '.join(INTERVENTIONS)}")
    return INTERVENTIONS[name]


def stream(salt: bytes, purpose: str) -> np.random.Generator:
    """The chance that one run's salt holds for one purpose.

    >>> stream(b"salt", "swap").integers(100) == stream(b"salt", "swap").integers(100)
    np.True_
    """
    return np.random.default_rng(int.from_bytes(hashlib.sha256(purpose.encode() + salt).digest(), "big"))


def swap(examples: Sequence[Example], share: float, rng: np.random.Generator) -> IntArray:
    """For each row, the row whose text and models' answers it is served with: a permutation, [n].

    Groups change places in cycles with groups of the same partition into equal answers (of the same size for
    pairs), answer by answer, so that whatever holds among the items of a group holds as before.
    """
    members: dict[str, dict[str, list[int]]] = {}
    for row, example in enumerate(examples):
        answer = example.answer if example.answer is not None else example.id
        members.setdefault(example.group, {}).setdefault(answer, []).append(row)
    shapes: dict[tuple[int, ...], list[list[int]]] = {}
    for classes in members.values():
        # one row alone has one order, for which nothing is drawn
        drawn = [rng.permutation(rows).tolist() if len(rows) > 1 else rows for rows in classes.values()]
        places = [drawn[i] for i in rng.permutation(len(drawn))]
        places.sort(key=len, reverse=True)
        shapes.setdefault(tuple(map(len, places)), []).append([row for rows in places for row in rows])
    source = np.arange(len(examples), dtype=np.int64)
    for groups in shapes.values():
        wanted = share * len(groups)
        count = int(wanted) + int(rng.random() < wanted - int(wanted))
        chosen = [groups[i] for i in rng.permutation(len(groups))[: max(count, 2 if count else 0)]]
        for handle, text in zip(chosen, chosen[1:] + chosen[:1], strict=True):
            source[handle] = text
    return source


def thinned(examples: Sequence[Example], rng: np.random.Generator) -> IntArray:
    """Rows of a random half of each group, rounded up, in order."""
    order = rng.permutation(len(examples))
    sizes = Counter(example.group for example in examples)
    taken: Counter[str] = Counter()
    kept = []
    for row in order.tolist():
        group = examples[row].group
        if taken[group] < np.ceil(PART * sizes[group]):
            taken[group] += 1
            kept.append(row)
    return np.array(sorted(kept), dtype=np.int64)


def part(examples: Sequence[Example], rng: np.random.Generator) -> IntArray:
    """Rows of a random half of the groups, in another order."""
    groups = sorted({example.group for example in examples})
    chosen = {groups[i] for i in rng.permutation(len(groups))[: max(1, round(PART * len(groups)))]}
    rows = [row for row, example in enumerate(examples) if example.group in chosen]
    return rng.permutation(rows).astype(np.int64)


def _permuted(soft: FloatArray, salt: bytes) -> FloatArray:
    """Labels of other items; every supervisor's are moved alike, so that they still agree where they agreed."""
    return soft[stream(salt, "weak labels").permutation(len(soft))]


def _thin(split: Split, shown: Shown, salt: bytes) -> Shown:
    chance = stream(salt, "thin")
    kept, asked = thinned(split.unlabelled, chance), thinned(split.test, chance)
    return Shown(shown.unlabelled[np.isin(shown.unlabelled, kept)], shown.test[np.isin(shown.test, asked)])


def _part(split: Split, shown: Shown, salt: bytes) -> Shown:
    return replace(shown, test=part(split.test, stream(salt, "part")))


NONE = Intervention("none")
"""A plain run: the one that is scored."""

INTERVENTIONS: Mapping[str, Intervention] = {
    change.name: change
    for change in (
        NONE,
        Intervention("blind", label=_permuted, blank_models=True),
        Intervention("shuffle", label=_permuted),
        Intervention("thin", show=_thin),
        Intervention("part", show=_part),
    )
}
"""Every intervention by its name."""
