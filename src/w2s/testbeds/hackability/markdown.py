"""A hackability report as Markdown, to be read and kept beside its JSON."""

from __future__ import annotations

from collections.abc import Sequence

from w2s.records import Estimate
from w2s.testbeds.hackability.report import Report


def markdown(report: Report) -> str:
    """The whole report: verdicts, what each shortcut gets on each split, leaks, shares of the classes."""
    lines = [f"# Hackability of {report.testbed}", ""]
    lines += [f"- **{_escaped(verdict)}**" for verdict in report.verdicts.values()]
    lines += [
        "",
        "Accuracies without any model, on test items, with 95 % intervals over groups of items. Severity counts "
        "only what differs from chance when all shortcuts are judged together (Holm). "
        + (
            "PGR uses "
            + "; ".join(
                f"{name}: floor {gap.floor:.3f}, ceiling {gap.ceiling:.3f}"
                for name, gap in report.gaps.items()
            )
            + "."
            if report.gaps
            else "Floor and ceiling were not given, so there is no PGR."
        ),
    ]
    for split in report.verdicts:
        findings = [f for f in report.findings if f.split == split]
        subsets = sorted({s for f in findings for s in f.by_subset})
        head = ["shortcut", "sees", "trained on", "accuracy", *subsets, "AUC", "answers"]
        head += ["PGR"] if split in report.gaps else []
        lines += ["", f"## {split}: {findings[0].n} items in {findings[0].groups} groups", ""]
        lines += _table(
            [*head, "severity"],
            [
                [
                    f.probe,
                    f.sees,
                    f.trained,
                    span(f.accuracy),
                    *(span(f.by_subset[s]) for s in subsets),
                    f"{f.auc:.2f}",
                    f"{f.answered:.0%}",
                    *([span(f.pgr)] if f.pgr else []),
                    f.severity,
                ]
                for f in findings
            ],
        )
        lines += ["", *(f"- {_escaped(f.sentence)}" for f in findings if f.significant)]
    lines += ["", "## Copies and contradictions", ""]
    lines += _table(
        ["what", "items", "of", "severity", ""],
        [[leak.name, str(leak.count), str(leak.of), leak.severity, leak.sentence] for leak in report.leaks],
    )
    lines += ["", "## Share of class 1", ""]
    lines += _table(
        ["part", "items", "groups", "class 1", "severity"],
        [[b.part, str(b.n), str(b.groups), span(b.class_1), b.severity] for b in report.balance],
    )
    return "\n".join(lines) + "\n"


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
