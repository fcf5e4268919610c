"""Denied system calls: what the code tried that a sandbox denies to every method.

Covered: calls of the filter's known dangers (`aar.sandboxes.syscalls`), in every scored run of the submission, audits
included, whether it ended well or not. It is asked about and never a violation: a library may try something and go
on without it. Not covered: providers that do not count (all but root with bubblewrap); what a denied file, host or
limit answers, which is no denied call; see `aar.sandboxes.inside.warm_listener` for calls that nobody is asked about.
"""

from __future__ import annotations

from collections import Counter

from aar.scoring.audits import rules
from aar.scoring.audits.audit import Audit
from aar.scoring.audits.case import Case
from aar.scoring.audits.finding import Finding

NAME = "denied calls"


def denied_calls(case: Case) -> Finding:
    """Number of denied system calls, over the runs that counted them."""
    known = [counts for counts in case.denied if counts is not None]
    if not known:
        return Finding(NAME, "no power", "No run reports what the sandbox denied.")
    names: Counter[str] = Counter()
    for counts in known:
        names.update(counts)
    count = names.total()
    runs = (
        f"{len(known)} of {len(case.denied)} runs" if len(known) < len(case.denied) else f"{len(known)} runs"
    )
    asked = count > rules.DENIED_PERSON
    listed = ", ".join(f"{name} ({times})" for name, times in sorted(names.items()))
    text = (
        f"It tried what no method may, and was denied it, {count} times in {runs}: {listed}; "
        "somebody should read the code."
        if asked
        else f"Nothing that it tried was denied, in {runs}."
    )
    return Finding(
        NAME,
        "person" if asked else "clean",
        text,
        statistic=float(count),
        threshold=float(rules.DENIED_PERSON),
        n=len(known),
    )


AUDIT = Audit(NAME, denied_calls)
