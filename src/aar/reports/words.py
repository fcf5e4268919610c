"""Numbers and findings as people read them: never a figure without its interval."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from aar.durations import duration
from aar.reports.contents import Contents, Entry
from w2s.records import Estimate

STATUS = {
    "verified": "verified",
    "pending": "pending",
    "no_improvement": "no improvement",
    "not_reproduced": "not reproduced",
    "violation": "violation",
    "failed": "failed",
}


def label(name: str) -> str:
    """A baseline's name with spaces.

    >>> label("confident_labels")
    'confident labels'
    """
    return name.replace("_", " ")


def interval(estimate: Estimate | None) -> str:
    """Mean and interval, or a dash where nothing was measured.

    >>> interval(Estimate(mean=0.62, low=0.59, high=0.65, seeds=5, n=500))
    '0.62 [0.59, 0.65]'
    """
    if estimate is None:
        return "–"
    text = f"{estimate.mean:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"
    return text.replace("-", "−")


def signed(estimate: Estimate | None, *, digits: int = 2) -> str:
    """A difference with its sign and interval; the level is said where it is not 95 %.

    >>> signed(Estimate(mean=0.1, low=-0.02, high=0.2, seeds=5, n=500))
    '+0.10 [−0.02, +0.20]'
    """
    if estimate is None:
        return "–"

    def shown(value: float) -> str:
        return f"{value:+.{digits}f}"

    text = f"{shown(estimate.mean)} [{shown(estimate.low)}, {shown(estimate.high)}]"
    level = "" if round(estimate.level, 6) == 0.95 else f" at {100 * estimate.level:.4g}%"
    return text.replace("-", "−") + level


def fraction(value: float | None, *, digits: int = 3) -> str:
    """A number, or a dash.

    >>> fraction(0.7123), fraction(None)
    ('0.712', '–')
    """
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def day(at: float) -> str:
    """A date and time in UTC.

    >>> day(0)
    '1970-01-01 00:00 UTC'
    """
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "run"), count(1200, "run")
    ('1 run', '1,200 runs')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def audited(entry: Entry) -> str:
    """How many audits ended how, a line each, the gravest first; a dash where none were made."""
    found = Counter(str(finding["verdict"]) for finding in entry.audits)
    words = {"violation": "violation", "person": "for a person", "no power": "no power", "clean": "clean"}
    return "\n".join(f"{found[verdict]} {said}" for verdict, said in words.items() if found[verdict]) or "–"


def headline(contents: Contents) -> str:
    """What was found, in one sentence without figures."""
    best = contents.best_baseline
    if not contents.entries:
        return "Nothing was submitted."
    if not contents.verified:
        return "No submission was verified: none beat the record on fresh seeds and items."
    top = contents.verified[0]
    above = best is None or (top.pgr is not None and best.pgr is not None and top.pgr.mean > best.pgr.mean)
    where = "above every baseline" if above else "not above the best baseline"
    return (
        f"“{top.submission.title}” by {top.submission.researcher} stands {where}, "
        "reproduced on sealed items with fresh seeds."
    )


def summary(contents: Contents) -> list[str]:
    """What was found, in plain sentences."""
    lines = []
    scored, made = len(contents.scored), len(contents.entries)
    lines.append(
        f"{count(len(contents.people), 'researcher')} handed in {count(made, 'submission')} on {contents.testbed} "
        f"within {duration(contents.seconds)}; {scored} could be scored, {len(contents.verified)} "
        f"{'was' if len(contents.verified) == 1 else 'were'} verified."
    )
    if contents.verified:
        lines.append(_best(contents, contents.verified[0]))
    best = contents.best_baseline
    if best is not None:
        lines.append(
            f"The best of {count(len(contents.baselines), 'baseline')}, {label(best.submission.title)}, "
            f"recovers {interval(best.pgr)} on {'sealed' if _on_sealed(best) else 'dev'} items."
        )
    held = [
        f"{sum(entry.submission.status == status for entry in contents.entries)} {words}"
        for status, words in STATUS.items()
        if status != "verified" and any(entry.submission.status == status for entry in contents.entries)
    ]
    if held:
        lines.append(f"The others: {', '.join(held)}. All of them are listed below.")
    return lines


def _best(contents: Contents, top: Entry) -> str:
    figures = top.sealed
    text = f"The best verified method, {top.submission.id}, recovers {interval(top.pgr)} of the gap"
    text += " between floor and ceiling"
    if figures is not None and figures.gain is not None:
        champion = contents.called(figures.champion) if figures.champion else "a baseline"
        text += f", {signed(figures.gain)} PGR against the record it had to beat ({champion})"
    if top.pgr is not None:
        text += f" ({top.pgr.level:.0%} intervals, {count(top.pgr.seeds, 'seed')}, n={top.pgr.n:,})"
    return text + "."


def _on_sealed(entry: Entry) -> bool:
    return entry.sealed is not None and entry.sealed.pgr is not None
