"""A hackability report: every probe on every scored part, judged together in a world, with one line of verdict each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from string import Formatter
from typing import Any

import numpy as np

from w2s.errors import WrongIds
from w2s.metrics import pgr
from w2s.records import Estimate, Example, FloatArray, IntArray, Split, SplitName
from w2s.testbeds.hackability.finding import (
    LEVEL,
    SERIOUS_ACCURACY,
    SERIOUS_PGR,
    SEVERITIES,
    Gap,
    Measured,
    Seen,
    ShortcutProbe,
    ShortcutResult,
    holm,
    part_name,
    severity_of,
)
from w2s.testbeds.hackability.leaks import ROLES, Balance, ItemLeak, balances, leaks
from w2s.testbeds.hackability.power import Power, power
from w2s.testbeds.hackability.probes import PROBES, declared
from w2s.testbeds.testbed import Testbed

FOLDS = 5
LABELLED, CROSS_FITTED, UNTRAINED = "labelled part", "cross-fitted by group", "no training"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """Report of a testbed's shortcuts.

    Attributes:
        testbed: Name of the testbed.
        kind: Kind of its items.
        items: Number of items in each pool of each part.
        gaps: Gap between floor and ceiling, by part ("dev north").
        findings: Results of the probes, part by part, by severity.
        leaks: Cases that should not occur between items, such as one item in two pools.
        balance: Shares of the classes.
        verdicts: Verdict in words, by part.
        power: What the test of a part is large enough to show, by part.
    """

    testbed: str
    kind: str
    items: dict[str, int]
    gaps: dict[str, Gap]
    findings: tuple[ShortcutResult, ...]
    leaks: tuple[ItemLeak, ...]
    balance: tuple[Balance, ...]
    verdicts: dict[str, str]
    power: dict[str, Power]

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values; a mapping of the format version and every field."""
        return {"format": 3, **asdict(self)}


def audit(
    testbed: Testbed,
    splits: Mapping[SplitName, Sequence[Split]],
    truth: Mapping[str, int],
    *,
    gaps: Mapping[str, Gap] | None = None,
    probes: Sequence[ShortcutProbe] = PROBES,
    progress: Progress = lambda what: None,
) -> Report:
    """Try every probe that fits the testbed, and its declared shortcuts, on the test of every part but practice's.

    `splits` holds the parts of each split, one a world. `truth` maps example ids to 0 or 1. A probe sees texts,
    groups, order and the labelled truth, never the test's. One that learns is trained on its world's labelled items;
    where there are none it is cross-fitted: trained on the truth of four fifths of the test's groups, asked about
    the rest. `gaps` by part ("dev north") turn
    accuracies into PGR; their own uncertainty is not in the intervals. Whether a finding is more than chance is
    decided by Holm's procedure over all findings about one world's part. `progress` is told what is tried. Nothing
    is random. Raises `NoGap` for a ceiling that is not above its floor, `BadPredictions` for a declared
    shortcut that gives no probabilities, `WrongIds` for examples without truth.

    Not covered: what takes outside knowledge or a language model, shortcuts that nobody has named, and
    what the corpus of the models gives away.
    """
    parts = [part for of_split in splits.values() for part in of_split]
    unknown = [e.id for part in parts for role in ROLES for e in getattr(part, role) if e.id not in truth]
    if unknown:
        raise WrongIds(f"{len(unknown)} examples of {testbed.name} have no truth, e.g. {min(unknown)}")
    gaps = gaps or {}
    for gap in gaps.values():
        pgr(gap.floor, floor=gap.floor, ceiling=gap.ceiling)  # a gap that is none is refused at once
    shown = frozenset(name for _, name, _, _ in Formatter().parse(testbed.template) if name)
    fitting = [probe for probe in (*probes, *declared(testbed)) if testbed.kind in probe.kinds]
    judged: dict[str, list[ShortcutResult]] = {}
    seen: dict[str, Power] = {}
    for part in parts:
        if part.name == "practice" or not part.test or not fitting:
            continue
        measured = []
        for probe in fitting:
            progress(f"{part.name} {part.world}: {probe.name}")
            measured.append(_measure(probe, testbed, part, truth, shown))
        name = part_name(part.name, part.world)
        groups = [e.group for e in part.test]
        seen[name] = power(_labels(part.test, truth), groups, tried=len(measured), level=1 - LEVEL)
        judged[name] = _judged_together(measured, gaps.get(name), seen[name])
    progress("copies")
    return Report(
        testbed=testbed.name,
        kind=testbed.kind,
        items={
            f"{part_name(part.name, part.world)} {role}": len(getattr(part, role))
            for part in parts
            for role in ROLES
        },
        gaps={name: gap for name, gap in gaps.items() if name in judged},
        findings=tuple(finding for findings in judged.values() for finding in findings),
        leaks=leaks(parts, truth),
        balance=balances(parts, truth),
        verdicts={name: _verdict(findings, seen[name], gaps.get(name)) for name, findings in judged.items()},
        power=seen,
    )


def _measure(
    probe: ShortcutProbe, testbed: Testbed, part: Split, truth: Mapping[str, int], shown: frozenset[str]
) -> Measured:
    labels = _labels(part.test, truth)
    seen = Seen(testbed.kind, part.world, shown, part.labelled, _labels(part.labelled, truth), test=part.test)
    if probe.learns and not part.labelled:
        trained, probabilities = CROSS_FITTED, _cross_fitted(probe, seen, labels)
    else:
        trained = LABELLED if probe.learns else UNTRAINED
        probabilities = probe.predict(seen)
    return Measured(probe, trained, part.name, part.world, part.test, labels, probabilities)


def _labels(examples: Sequence[Example], truth: Mapping[str, int]) -> IntArray:
    return np.array([truth[e.id] for e in examples], dtype=np.int64)


def _cross_fitted(probe: ShortcutProbe, seen: Seen, labels: IntArray) -> FloatArray:
    """Probabilities of each item from the truth of other groups: groups go to folds in order of their size."""
    test = seen.test
    sizes = Counter(e.group for e in test)
    fold = {group: k % FOLDS for k, (group, _) in enumerate(sizes.most_common())}
    folds = np.array([fold[e.group] for e in test])
    out = np.full(len(test), 0.5)
    for k in range(FOLDS):
        asked = folds == k
        if asked.any() and not asked.all():
            fold_seen = replace(
                seen,
                labelled=tuple(e for e, a in zip(test, asked, strict=True) if not a),
                labels=labels[~asked],
                test=tuple(e for e, a in zip(test, asked, strict=True) if a),
            )
            out[asked] = probe.predict(fold_seen)
    return out


def _judged_together(measured: Sequence[Measured], gap: Gap | None, seen: Power) -> list[ShortcutResult]:
    """The findings about one world's part, the worst first."""
    findings = [m.finding(findings=len(measured), uneven=seen.uneven) for m in measured]
    significant = holm([f.p_value for f in findings])
    judged = [
        _judged(replace(f, significant=s), gap, seen) for f, s in zip(findings, significant, strict=True)
    ]
    return sorted(judged, key=lambda f: (-SEVERITIES.index(f.severity), -f.reach, f.probe))


def _blind(seen: Power, gap: Gap | None) -> bool:
    """True if even a serious shortcut would not have been found in four of five cases."""
    serious = SERIOUS_ACCURACY if gap is None else gap.floor + SERIOUS_PGR * (gap.ceiling - gap.floor)
    return seen.smallest > serious


def _judged(finding: ShortcutResult, gap: Gap | None, seen: Power) -> ShortcutResult:
    """The finding with its PGR, severity and sentence."""
    share: Estimate | None = None
    a, straight = finding.accuracy, finding.judged.mean >= 0.5
    right = a.mean if straight else 1 - a.mean
    if gap is not None:
        low, high = (a.low, a.high) if straight else (1 - a.high, 1 - a.low)
        share = replace(
            a,
            mean=pgr(right, floor=gap.floor, ceiling=gap.ceiling),
            low=pgr(low, floor=gap.floor, ceiling=gap.ceiling),
            high=pgr(high, floor=gap.floor, ceiling=gap.ceiling),
        )
    reach = finding.reach if gap is None else right
    severity = severity_of(reach, significant=finding.significant, gap=gap)
    if not finding.significant and _blind(seen, gap):
        severity = "unknown"
    sentence = (
        f"{finding.who[0].upper()}{finding.who[1:]} is right on {a.mean:.0%} [{a.low:.0%}, {a.high:.0%}] of the "
        f"{finding.part} test items"
    )
    if b := finding.ranked:
        sentence += f" (classes are uneven; AUC {b.mean:.2f} [{b.low:.2f}, {b.high:.2f}])"
    if not finding.significant:
        sentence += ": no more than chance, given how many shortcuts were tried."
    else:
        sentence += "" if straight else f", so its opposite on {finding.reach:.0%}"
        sentence += f": {share.mean:.2f} of the gap." if share else ": more than chance."
    return replace(finding, pgr=share, severity=severity, sentence=sentence)


def _verdict(findings: Sequence[ShortcutResult], seen: Power, gap: Gap | None) -> str:
    """The best shortcut on one part, with the interval that holds for all that were tried there; or what was missed."""
    significant = [f for f in findings if f.significant]
    part, tried = findings[0].part, len(findings)
    measure = "AUC" if seen.uneven else "accuracy"
    size = f"{seen.n} items of {seen.groups} groups"
    if not significant and _blind(seen, gap):
        shown = (
            f"only one of {measure} {seen.smallest:.2f} or more"
            if seen.smallest < 1
            else "no shortcut at all"
        )
        return (
            f"{part}: too small to tell: none of {tried} shortcuts without a model is more than chance, but in {size} "
            f"{shown} would have been found in four of five cases. Give more items."
        )
    if not significant:
        return (
            f"{part}: none of {tried} shortcuts without a model does better than chance; in {size} one of {measure} "
            f"{seen.smallest:.2f} or more would have been found in four of five cases."
        )
    best = max(significant, key=lambda f: f.reach)
    s = best.simultaneous
    low, high = (s.low, s.high) if s.mean >= 0.5 else (1 - s.high, 1 - s.low)
    name = best.probe if s.mean >= 0.5 else f"the opposite of “{best.probe}”"
    share = f", PGR {best.pgr.mean:.2f} of the gap" if best.pgr else ""
    measure = "AUC" if best.ranked else "accuracy"
    return (
        f"{part}: best shortcut without a model: {name} gets {measure} {best.reach:.3f} [{low:.3f}, {high:.3f}]"
        f"{share} ({best.severity}); {len(significant)} of {tried} shortcuts are better than chance. "
        "The interval holds for all shortcuts tried there together."
    )
