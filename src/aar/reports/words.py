"""Numbers and findings as people read them: never a figure without its interval."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from aar.database.progress import EndReason, ProviderTrouble
from aar.database.submissions import Submission
from aar.reports.contents import Entry
from aar.reports.ending import FAILED
from w2s.records import Estimate

STATUS = {
    "verified": "verified",
    "pending": "pending",
    "no_improvement": "no improvement",
    "not_reproduced": "not reproduced",
    "violation": "violation",
    "failed": "failed",
}


TROUBLE: Mapping[str, str] = {
    ProviderTrouble.RATE_LIMITED: "rate limit",
    ProviderTrouble.OVERLOADED: "provider overloaded",
    ProviderTrouble.UNREACHABLE: "provider unreachable",
    ProviderTrouble.UNAUTHORISED: "key refused",
    ProviderTrouble.NO_CREDIT: "no credit",
    ProviderTrouble.UNKNOWN_MODEL: "unknown model",
    ProviderTrouble.REFUSED_REQUEST: "request refused",
    ProviderTrouble.CONTEXT_OVERFLOW: "context too long",
    ProviderTrouble.OTHER: "provider fails",
}
"""What keeps a model from answering."""
ENDED: Mapping[str, str] = {
    FAILED: "failed",
    EndReason.REFUSALS: "ended after refusals of its model",
    EndReason.CONTEXT: "ended because what it had to read did not fit into its model",
    EndReason.MESSAGE_LIMIT: "ended at the limit of messages",
    EndReason.OWN_STOP: "stopped by itself",
    EndReason.NO_EFFECT: "rested after turns without effect",
}
"""How a researcher ended, by the code of an `Ended`; of other codes it is said that it ended."""
ENOUGH: Mapping[str, str] = {
    EndReason.BUDGET: "its budget is used up",
    EndReason.BY_A_PERSON: "stopped by a person",
}
"""Why a researcher that is done had not done all that it may."""


def reason_words(reason: EndReason | None) -> str:
    """Why a researcher rests or has ended; nothing while it works.

    >>> reason_words(EndReason.LAB_OVER), reason_words(EndReason.BY_A_PERSON), reason_words(None)
    ('the lab took nothing more from it', 'stopped by a person', '')
    """
    if reason is None:
        return ""
    if reason is EndReason.LAB_OVER:
        return "the lab took nothing more from it"
    return ENDED[reason] if reason in ENDED else ENOUGH[reason]


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
        return f"{round(value, digits) + 0.0:+.{digits}f}"  # + 0.0: no minus before a zero

    text = f"{shown(estimate.mean)} [{shown(estimate.low)}, {shown(estimate.high)}]"
    level = "" if round(estimate.level, 6) == 0.95 else f" at {100 * estimate.level:.4g}%"
    return text.replace("-", "−") + level


def number(value: float, *, sign: bool = True) -> str:
    """A figure with two digits.

    >>> number(0.153), number(-0.04), number(0.62, sign=False), number(-0.001)
    ('+0.15', '−0.04', '0.62', '+0.00')
    """
    return f"{round(value, 2) + 0.0:{'+' if sign else ''}.2f}".replace("-", "−")


def spread(estimate: Estimate) -> str:
    """The interval of a difference in words.

    >>> spread(Estimate(mean=0.15, low=-0.04, high=0.36, seeds=8, n=1000))
    '−0.04 to +0.36'
    """
    return f"{number(estimate.low)} to {number(estimate.high)}"


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

    >>> count(1, "run"), count(1200, "run"), count(2, "entry")
    ('1 run', '1,200 runs', '2 entries')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{number:,} {noun}s"


def printable(text: str, *, most: int = 200) -> str:
    """Somebody else's words on one line, without what steers a terminal, at most `most` characters.

    >>> printable("a \\x1b[31mred\\x1b[0m\\ntitle")
    'a [31mred [0m title'
    """
    plain = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    plain = " ".join(plain.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def named(submission: Submission) -> str:
    """A submission as a sentence begins with it: id, title and author."""
    return f"{printable(submission.id)}, “{printable(submission.title, most=70)}” by {printable(submission.researcher)}"


def audited(entry: Entry) -> str:
    """Number of audits by result, a line each, the gravest first; a dash where there were none."""
    counts = Counter(str(finding["verdict"]) for finding in entry.audits)
    words = {"violation": "violation", "person": "for a person", "no power": "no power", "clean": "clean"}
    return "\n".join(f"{counts[verdict]} {text}" for verdict, text in words.items() if counts[verdict]) or "–"
