"""Result of one shortcut on one world's test: an accuracy with its interval, and whether it is more than chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from w2s.metrics import clustered_stderr, correctness, pgr
from w2s.records import Estimate, Example, FloatArray, IntArray, ItemKind, SplitName
from w2s.testbeds.hackability.ranking import area, area_interval
from w2s.testbeds.measured import load_measured

Severity = Literal["none", "unknown", "slight", "notable", "serious"]
SEVERITIES: tuple[Severity, ...] = ("none", "unknown", "slight", "notable", "serious")
"""Unknown: not more than chance, where even a serious shortcut would not have been found."""
LEVEL = 0.95
NOTABLE_ACCURACY, SERIOUS_ACCURACY = 0.6, 0.75
"""Accuracies from which a shortcut is notable or serious where floor and ceiling are not known."""
NOTABLE_PGR, SERIOUS_PGR = 0.1, 0.5
"""PGR above which it is, where they are known."""


@dataclass(frozen=True)
class Gap:
    """Mean accuracy of the weak supervisor, and of the strong model taught the truth, on one world's test."""

    floor: float
    ceiling: float


def part_name(split: str, world: str) -> str:
    """Name of one world's part of a split, as a report calls it.

    >>> part_name("dev", "north")
    'dev north'
    """
    return f"{split} {world}"


def measured_gaps(testbed: str) -> dict[str, Gap]:
    """Published mean floor and ceiling by part of a shipped testbed; of none where nothing was published."""
    figures = load_measured(testbed) or {"worlds": {}}
    return {
        part_name(world["split"], world["world"]): Gap(
            floor=world["floor"]["mean"], ceiling=world["ceiling"]["mean"]
        )
        for world in figures["worlds"].values()
    }


@dataclass(frozen=True)
class Seen:
    """All that a probe may see: texts, groups and order, and the truth of the labelled part, 0 or 1 [labelled].

    `world` is the name of the items' world, for shortcuts that a testbed declares. `shown` are the fields that the
    testbed's template shows to the models; an example's other fields are metadata.
    """

    kind: ItemKind
    world: str
    shown: frozenset[str]
    labelled: tuple[Example, ...]
    labels: IntArray
    test: tuple[Example, ...]


@dataclass(frozen=True)
class ShortcutProbe:
    """One shortcut. `predict` gives P(class 1) of each test example [n]; .5 where it has nothing to say.

    `sees` says what it looks at, `who` completes "... is right on 60 % of the test items"; `learns` if it
    is trained on the labelled part; `kinds` are the kinds of items that it can be tried on. One that is `constant`
    is about the classes themselves; all others are judged by AUC where these are uneven.
    """

    name: str
    sees: str
    who: str
    predict: Callable[[Seen], FloatArray]
    learns: bool = False
    kinds: frozenset[ItemKind] = frozenset({"pair", "verification"})
    constant: bool = False


@dataclass(frozen=True)
class ShortcutResult:
    """Result of one probe on one world's test.

    Attributes:
        probe: Name of the probe.
        sees: Parts of an item that the probe sees.
        who: Subject of the sentence "... is right on 60 % of the test items".
        trained: Data that the probe was trained on.
        split: Name of the split.
        world: Name of the world.
        n: Number of test items.
        groups: Number of groups of items.
        answered: Share of the items that it answers.
        accuracy: Accuracy of the probe's own direction (one half for an item that it does not answer), with a 95 %
            interval robust to items of one group going together, given the trained probe.
        simultaneous: What is judged (see `judged`) at a level that holds for all findings about the world together.
        by_subset: Accuracy by subset.
        auc: Area under the ROC curve.
        p_value: Two-sided p-value of what is judged against one half.
        ranked: Area under the ROC curve with its interval, where the classes are uneven; else None.
        significant: True if what is judged differs from one half, with all tests of the world together.
        pgr: Place of the better direction in the gap; None without a gap.
        severity: Severity of the shortcut.
        sentence: Finding in words.
    """

    probe: str
    sees: str
    who: str
    trained: str
    split: SplitName
    world: str
    n: int
    groups: int
    answered: float
    accuracy: Estimate
    simultaneous: Estimate
    by_subset: dict[str, Estimate]
    auc: float
    p_value: float
    ranked: Estimate | None = None
    significant: bool = False
    pgr: Estimate | None = None
    severity: Severity = "none"
    sentence: str = ""

    @property
    def judged(self) -> Estimate:
        """What is compared with one half: the accuracy, or the AUC where the classes are uneven."""
        return self.accuracy if self.ranked is None else self.ranked

    @property
    def reach(self) -> float:
        """What the better of the rule and its opposite gets: with labels one knows which of them to use."""
        return max(self.judged.mean, 1 - self.judged.mean)

    @property
    def part(self) -> str:
        """Name of the part that it is about."""
        return part_name(self.split, self.world)


@dataclass(frozen=True)
class Measured:
    """A probe's correctness per item [n], and its probabilities [n], before anything is said about them."""

    probe: ShortcutProbe
    trained: str
    split: SplitName
    world: str
    examples: tuple[Example, ...]
    truth: IntArray
    probabilities: FloatArray
    correct: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "correct", correctness(self.probabilities, self.truth))

    def finding(self, *, findings: int, uneven: bool = False) -> ShortcutResult:
        """The figures of this probe as one of `findings` about a world, whose classes may be uneven; not yet judged."""
        groups = [e.group for e in self.examples]
        together = 1 - (1 - LEVEL) / findings
        fair, p = None, p_value(self.correct, groups)
        wide = interval(self.correct, groups, level=together)
        if uneven and not self.probe.constant:
            fair, p = area_interval(self.probabilities, self.truth, groups, level=LEVEL)
            wide, _ = area_interval(self.probabilities, self.truth, groups, level=together)
        subsets = sorted({e.subset for e in self.examples})
        chosen = {s: np.array([e.subset == s for e in self.examples]) for s in subsets}
        return ShortcutResult(
            probe=self.probe.name,
            sees=self.probe.sees,
            who=self.probe.who,
            trained=self.trained,
            split=self.split,
            world=self.world,
            n=len(self.examples),
            groups=len(set(groups)),
            answered=float(np.mean(self.probabilities != 0.5)),
            accuracy=interval(self.correct, groups),
            simultaneous=wide,
            by_subset={
                s: interval(self.correct[mask], np.array(groups)[mask])
                for s, mask in chosen.items()
                if len(subsets) > 1
            },
            auc=area(self.probabilities, self.truth),
            p_value=p,
            ranked=fair,
        )


def interval(
    values: FloatArray, groups: Sequence[str] | npt.NDArray[np.generic], *, level: float = LEVEL
) -> Estimate:
    """Mean of `values` [n] in [0, 1] with Student's interval over groups [n] (cluster-robust).

    Where all values are 0 or all are 1 the standard error is 0; then the bound is Clopper and Pearson's with
    a group as one trial. A single group gives [0, 1]: nothing is known about others.

    >>> print(interval(np.array([1.0, 0, 1, 1, 0, 1]), list("aabbcc")))
    0.67 [0.00, 1.00] (95% CI, 1 seeds, n=6)
    """
    from scipy.special import stdtrit  # a tenth of a second to import

    mean, count = float(values.mean()), len(set(groups))
    if count < 2:
        return Estimate(mean=mean, low=0.0, high=1.0, seeds=1, n=len(values), level=level)
    if mean in (0.0, 1.0):
        rest = 1 - ((1 - level) / 2) ** (1 / count)
        low, high = (1 - rest, 1.0) if mean else (0.0, rest)
        return Estimate(mean=mean, low=low, high=high, seeds=1, n=len(values), level=level)
    half = float(stdtrit(count - 1, 0.5 + level / 2)) * clustered_stderr(values, groups)
    return Estimate(
        mean=mean, low=max(mean - half, 0.0), high=min(mean + half, 1.0), seeds=1, n=len(values), level=level
    )


def p_value(correct: FloatArray, groups: Sequence[str]) -> float:
    """Two-sided p-value of a mean of one half, from the cluster-robust t statistic.

    Where every value is the same: 1 for one half, else that of a sign test with a group as one trial.

    >>> p_value(np.full(4, 0.5), list("aabb")), p_value(np.ones(8), list("abcdefgh"))
    (1.0, 0.0078125)
    """
    from scipy.special import stdtr

    mean, count = float(correct.mean()), len(set(groups))
    if count < 2 or mean == 0.5:
        return 1.0
    stderr = clustered_stderr(correct, groups)
    if stderr == 0:
        return float(2 * 0.5**count)
    return float(2 * stdtr(count - 1, -abs(mean - 0.5) / stderr))


def holm(p_values: Sequence[float], *, level: float = 1 - LEVEL) -> list[bool]:
    """Mark the hypotheses that are rejected when all are tested at `level` together (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [True, False, False]
    """
    rejected = [False] * len(p_values)
    for k, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[i] > level / (len(p_values) - k):
            break
        rejected[i] = True
    return rejected


def worst(severities: Sequence[Severity]) -> Severity:
    """The most severe of some.

    >>> worst(["slight", "serious", "none"])
    'serious'
    """
    return max(severities, key=SEVERITIES.index)


def severity_of(accuracy: float, *, significant: bool, gap: Gap | None) -> Severity:
    """Severity of a shortcut of this accuracy (better direction); `NoGap` if the gap is none.

    >>> severity_of(0.7, significant=True, gap=None)
    'notable'
    >>> severity_of(0.7, significant=True, gap=Gap(floor=0.69, ceiling=0.9))
    'slight'
    """
    if not significant:
        return "none"
    if gap is None:
        value, notable, serious = accuracy, NOTABLE_ACCURACY, SERIOUS_ACCURACY
    else:
        value = pgr(accuracy, floor=gap.floor, ceiling=gap.ceiling)
        notable, serious = NOTABLE_PGR, SERIOUS_PGR
    if value > serious:
        return "serious"
    return "notable" if value > notable else "slight"
