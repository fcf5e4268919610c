"""A hackability report as Markdown, to be read and kept beside its JSON: by split, a column a world."""

from __future__ import annotations

from collections.abc import Sequence

from w2s.records import Estimate
from w2s.testbeds.hackability.finding import ShortcutResult, worst
from w2s.testbeds.hackability.leaks import Balance
from w2s.testbeds.hackability.report import Report


def markdown(report: Report) -> str:
    """The report: verdicts, what each shortcut gets in each world, details of what is more than chance, leaks, classes.

    The figures of shortcuts that are no more than chance are in the JSON only, except for their accuracies.
    """
    lines = [f"# Hackability of {report.testbed}", ""]
    lines += [f"- **{_escaped(verdict)}**" for verdict in report.verdicts.values()]
    lines += [
        "",
        "Accuracies without any model, on test items, with 95 % intervals over groups of items. A shortcut is more "
        "than chance in a world when all that were tried there are judged together (Holm); severity counts only that.",
    ]
    if not report.gaps:
        lines += ["", "Floor and ceiling were not given, so there is no PGR."]
    for split in dict.fromkeys(f.split for f in report.findings):
        lines += _split(report, split, [f for f in report.findings if f.split == split])
    lines += ["", "## Copies and contradictions", ""]
    lines += _table(
        ["what", "items", "of", "severity", ""],
        [[leak.name, str(leak.count), str(leak.of), leak.severity, leak.sentence] for leak in report.leaks],
    )
    lines += ["", "## Share of class 1", ""]
    return "\n".join([*lines, *_balance(report)]) + "\n"


def _split(report: Report, split: str, findings: Sequence[ShortcutResult]) -> list[str]:
    """One row a shortcut, one column a world; then each world's shortcuts that are more than chance."""
    worlds = list(dict.fromkeys(f.world for f in findings))
    rows: dict[str, dict[str, ShortcutResult]] = {}
    for f in findings:
        rows.setdefault(f.probe, {})[f.world] = f
    lines = ["", f"## {split}: accuracy in each world", ""]
    lines += _table(
        ["shortcut", "sees", "trained on", *worlds, "worst severity"],
        [
            [
                probe,
                row[worlds[0]].sees,
                row[worlds[0]].trained,
                *(span(row[world].accuracy) for world in worlds),
                worst([f.severity for f in row.values()]),
            ]
            for probe, row in rows.items()
        ],
    )
    for world in worlds:
        lines += _world(report, [f for f in findings if f.world == world])
    return lines


def _world(report: Report, findings: Sequence[ShortcutResult]) -> list[str]:
    first, found = findings[0], [f for f in findings if f.significant]
    subsets = sorted({subset for f in findings for subset in f.by_subset})
    gap = report.gaps.get(first.part)
    lines = ["", f"### {first.part}: {first.n} items in {first.groups} groups", ""]
    lines += [f"Floor {gap.floor:.3f}, ceiling {gap.ceiling:.3f}.", ""] if gap else []
    seen = report.power[first.part]
    measure = "AUC" if seen.uneven else "accuracy"
    shown = f"a shortcut of {measure} {seen.smallest:.2f} or more" if seen.smallest < 1 else "none at all"
    lines += [f"Found in four of five cases: {shown}.", ""]
    if seen.uneven:
        lines += [
            "The classes are uneven: all but a constant answer are judged by AUC.",
            "",
        ]
    if not found:
        return [*lines, f"None of {len(findings)} shortcuts is more than chance."]
    alike = ["both classes alike"] if seen.uneven else []
    head = [
        "more than chance",
        "accuracy",
        *alike,
        *subsets,
        "AUC",
        "answers",
        *(["PGR"] if gap else []),
        "severity",
    ]
    return lines + _table(
        head,
        [
            [
                f.probe,
                span(f.accuracy),
                *(span(f.by_subset[subset]) for subset in subsets),
                span(f.ranked) if f.ranked else f"{f.auc:.2f}",
                f"{f.answered:.0%}",
                *([span(f.pgr)] if f.pgr else []),
                f.severity,
            ]
            for f in found
        ],
    )


def _balance(report: Report) -> list[str]:
    """One row a role of a split: the worlds where class 1 is rarest and most frequent."""
    rows = []
    for split, role in dict.fromkeys((b.split, b.role) for b in report.balance):
        shares = [b for b in report.balance if (b.split, b.role) == (split, role)]
        low, high = min(shares, key=_class_1), max(shares, key=_class_1)
        rows.append(
            [
                f"{split} {role}",
                str(len(shares)),
                f"{span(low.class_1)} ({low.world})",
                f"{span(high.class_1)} ({high.world})",
                worst([b.severity for b in shares]),
            ]
        )
    return _table(["items", "worlds", "least", "most", "worst severity"], rows)


def _class_1(balance: Balance) -> float:
    return balance.class_1.mean


def span(estimate: Estimate) -> str:
    """An estimate and its interval, two decimals.

    >>> span(Estimate(mean=0.62, low=0.59, high=0.65, seeds=1, n=500))
    '0.62 [0.59, 0.65]'
    """
    return f"{estimate.mean:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(map(_escaped, row)) + " |" for row in rows),
    ]


def _escaped(text: str) -> str:
    """Text of a testbed cannot break a table or become markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
