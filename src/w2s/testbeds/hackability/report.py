"""A hackability report: every probe on every scored split, judged together, with one line of verdict a split."""

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
    SEVERITIES,
    Gap,
    Measured,
    Seen,
    ShortcutProbe,
    ShortcutResult,
    holm,
    severity_of,
)
from w2s.testbeds.hackability.leaks import ROLES, Balance, ItemLeak, balances, leaks
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
        items: Number of items in each pool.
        gaps: Gap between floor and ceiling, by split.
        findings: Results of the probes, by severity.
        leaks: Cases that should not occur between items, such as one item in two pools.
        balance: Shares of the classes.
        verdicts: Verdict in words, by split.
    """

    testbed: str
    kind: str
    items: dict[str, int]
    gaps: dict[SplitName, Gap]
    findings: tuple[ShortcutResult, ...]
    leaks: tuple[ItemLeak, ...]
    balance: tuple[Balance, ...]
    verdicts: dict[SplitName, str]

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values; a mapping of the format version and every field."""
        return {"format": 1, **asdict(self)}


def audit(
    testbed: Testbed,
    splits: Mapping[SplitName, Split],
    truth: Mapping[str, int],
    *,
    gaps: Mapping[SplitName, Gap] | None = None,
    probes: Sequence[ShortcutProbe] = PROBES,
    progress: Progress = lambda what: None,
) -> Report:
    """Try every probe that fits the testbed, and its declared shortcuts, on the test of every split but practice.

    `truth` maps example ids to 0 or 1. A probe sees texts, groups, order and the labelled truth, never the
    test's. One that learns is trained on the split's labelled part; where there is none it is cross-fitted:
    trained on the truth of four fifths of the test's groups, asked about the rest. `gaps` by split turn
    accuracies into PGR; their own uncertainty is not in the intervals. Whether a finding is more than chance is
    decided by Holm's procedure over all findings of the report. `progress` is told what is tried. Nothing
    is random. Raises `NoGap` for a ceiling that is not above its floor, `BadPredictions` for a declared
    shortcut that gives no probabilities, `WrongIds` for examples without truth.

    Not covered: what takes outside knowledge or a language model, shortcuts that nobody has named, and
    what the corpus of the models gives away.
    """
    unknown = [e.id for s in splits.values() for r in ROLES for e in getattr(s, r) if e.id not in truth]
    if unknown:
        raise WrongIds(f"{len(unknown)} examples of {testbed.name} have no truth, e.g. {min(unknown)}")
    gaps = gaps or {}
    for gap in gaps.values():
        pgr(gap.floor, floor=gap.floor, ceiling=gap.ceiling)  # a gap that is none is refused at once
    shown = frozenset(name for _, name, _, _ in Formatter().parse(testbed.template) if name)
    measured: list[Measured] = []
    for split in splits.values():
        if split.name == "practice" or not split.test:
            continue
        for probe in (*probes, *declared(testbed)):
            if testbed.kind in probe.kinds:
                progress(f"{split.name}: {probe.name}")
                measured.append(_measure(probe, testbed, split, truth, shown))
    findings = [m.finding(findings=len(measured)) for m in measured]
    significant = holm([f.p_value for f in findings])
    judged = [
        _judged(replace(f, significant=s), gaps.get(f.split))
        for f, s in zip(findings, significant, strict=True)
    ]
    judged.sort(key=lambda f: (f.split, -SEVERITIES.index(f.severity), -f.reach, f.probe))
    progress("copies")
    return Report(
        testbed=testbed.name,
        kind=testbed.kind,
        items={f"{s.name} {role}": len(getattr(s, role)) for s in splits.values() for role in ROLES},
        gaps={name: gap for name, gap in gaps.items() if name in {f.split for f in judged}},
        findings=tuple(judged),
        leaks=leaks(splits, truth),
        balance=balances(splits, truth),
        verdicts={
            name: _verdict([f for f in judged if f.split == name])
            for name in dict.fromkeys(f.split for f in judged)
        },
    )


def _measure(
    probe: ShortcutProbe, testbed: Testbed, split: Split, truth: Mapping[str, int], shown: frozenset[str]
) -> Measured:
    labels = _labels(split.test, truth)
    if probe.learns and not split.labelled:
        trained, probabilities = CROSS_FITTED, _cross_fitted(probe, testbed, split.test, labels, shown)
    else:
        trained = LABELLED if probe.learns else UNTRAINED
        seen = Seen(testbed.kind, shown, split.labelled, _labels(split.labelled, truth), split.test)
        probabilities = probe.predict(seen)
    return Measured(probe, trained, split.name, split.test, labels, probabilities)


def _labels(examples: Sequence[Example], truth: Mapping[str, int]) -> IntArray:
    return np.array([truth[e.id] for e in examples], dtype=np.int64)


def _cross_fitted(
    probe: ShortcutProbe, testbed: Testbed, test: tuple[Example, ...], labels: IntArray, shown: frozenset[str]
) -> FloatArray:
    """Probabilities of each item from the truth of other groups: groups go to folds in order of their size."""
    sizes = Counter(e.group for e in test)
    fold = {group: k % FOLDS for k, (group, _) in enumerate(sizes.most_common())}
    folds = np.array([fold[e.group] for e in test])
    out = np.full(len(test), 0.5)
    for k in range(FOLDS):
        asked = folds == k
        if asked.any() and not asked.all():
            seen = Seen(
                testbed.kind,
                shown,
                labelled=tuple(e for e, a in zip(test, asked, strict=True) if not a),
                labels=labels[~asked],
                test=tuple(e for e, a in zip(test, asked, strict=True) if a),
            )
            out[asked] = probe.predict(seen)
    return out


def _judged(finding: ShortcutResult, gap: Gap | None) -> ShortcutResult:
    """The finding with its PGR, severity and sentence."""
    share: Estimate | None = None
    if gap is not None:
        a = finding.accuracy
        low, high = (a.low, a.high) if a.mean >= 0.5 else (1 - a.high, 1 - a.low)
        share = replace(
            a,
            mean=pgr(finding.reach, floor=gap.floor, ceiling=gap.ceiling),
            low=pgr(low, floor=gap.floor, ceiling=gap.ceiling),
            high=pgr(high, floor=gap.floor, ceiling=gap.ceiling),
        )
    severity = severity_of(finding.reach, significant=finding.significant, gap=gap)
    a = finding.accuracy
    sentence = (
        f"{finding.who[0].upper()}{finding.who[1:]} is right on {a.mean:.0%} [{a.low:.0%}, {a.high:.0%}] of the "
        f"{finding.split} test items"
    )
    if not finding.significant:
        sentence += ": no more than chance, given how many shortcuts were tried."
    else:
        sentence += "" if a.mean >= 0.5 else f", so its opposite on {finding.reach:.0%}"
        sentence += f": {share.mean:.2f} of the gap." if share else ": more than chance."
    return replace(finding, pgr=share, severity=severity, sentence=sentence)


def _verdict(findings: Sequence[ShortcutResult]) -> str:
    """The best shortcut of one split, with the interval that holds for all that were tried."""
    significant = [f for f in findings if f.significant]
    split, tried = findings[0].split, len(findings)
    if not significant:
        return f"{split}: none of {tried} shortcuts without a model does better than chance."
    best = max(significant, key=lambda f: f.reach)
    s = best.simultaneous
    low, high = (s.low, s.high) if s.mean >= 0.5 else (1 - s.high, 1 - s.low)
    name = best.probe if s.mean >= 0.5 else f"the opposite of “{best.probe}”"
    gap = f", PGR {best.pgr.mean:.2f} of the gap" if best.pgr else ""
    return (
        f"{split}: best shortcut without a model: {name} gets accuracy {best.reach:.3f} [{low:.3f}, {high:.3f}]"
        f"{gap} ({best.severity}); {len(significant)} of {tried} shortcuts are better than chance. "
        "The interval holds for all shortcuts tried together."
    )
