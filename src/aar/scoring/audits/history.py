"""Seed lottery and extraction chains: what an author's earlier submissions say of this one.

Lottery: how many submissions of the same idea (nine lines of ten in common) an author has drawn, and how far this one
stands above them in units of their spread. The best of k that are worth nothing stands about sqrt(2 ln k) above.
Chain: the longest chain of submissions in which each differs from an earlier one in few predictions (share of dev
predictions that change class, over shared seeds). Honest reseeds differ in 15-30 %, questions about labels in far less.

Not covered: several authors who share the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from aar.broken_rules import Rule
from aar.scoring.audits import rules
from aar.scoring.audits.audit import Audit
from aar.scoring.audits.case import Case, Sibling
from aar.scoring.audits.finding import Finding, Verdict

MOST_LINES = 3000
"""Lines of a submission that are compared: thirty thousand of one letter would hold up everybody's verdicts."""
UNREMEMBERED = (
    "Whoever runs the lab may hand in anything any number of times; this was held against nothing earlier."
)
LOTTERY, CHAIN = "seed lottery", "extraction chain"


def seed_lottery(case: Case) -> Finding:
    """Resubmissions of one idea."""
    if not case.remembered:
        return Finding(LOTTERY, "no power", UNREMEMBERED)
    same = [
        sibling for sibling in case.siblings if alike(sibling.code, case.code) >= rules.RESUBMISSION_LIKENESS
    ]
    count = 1 + len(same)
    text = (
        f"{count} submissions of this idea by its author." if same else "The first submission of this idea."
    )
    known = [sibling.accuracy for sibling in same if sibling.accuracy is not None]
    if case.own is not None and case.own.accuracy is not None and len(known) > 1:
        above = (case.own.accuracy - float(np.mean(known))) / max(float(np.std(known, ddof=1)), 1e-6)
        luck = np.sqrt(2 * np.log(count))
        text += f" It stands {above:.1f} of their spreads above the others; luck alone gives {luck:.1f}."
    return Finding(
        LOTTERY,
        "person" if count > rules.LOTTERY_PERSON else "clean",
        text,
        statistic=float(count),
        threshold=float(rules.LOTTERY_PERSON),
        n=len(case.siblings),
    )


def alike(first: Mapping[str, str], second: Mapping[str, str]) -> float:
    """Share of lines that two submissions have in common, in order; blank lines and comments do not count.

    >>> alike({"method.py": "a = 1"}, {"method.py": "# seed", "more.py": "a = 1"})
    1.0
    """
    lines, other_lines = _lines(first), _lines(second)
    if not lines and not other_lines:
        return 1.0
    return 2 * _common(lines, other_lines) / (len(lines) + len(other_lines))


def _common(lines: Sequence[str], other_lines: Sequence[str]) -> int:
    """Length of the longest common subsequence.

    Bit-parallel (Hyyrö 2004), one bit a line: 3000 lines take milliseconds whatever they are, where difflib's time is
    cubic in lines that repeat.

    >>> _common("abcab", "acb")
    3
    """
    places: dict[str, int] = {}
    for place, line in enumerate(lines):
        places[line] = places.get(line, 0) | 1 << place
    every = (1 << len(lines)) - 1
    unmatched = every  # bit i is 0 where a common subsequence grows at line i
    for line in other_lines:
        matches = unmatched & places.get(line, 0)
        unmatched = ((unmatched + matches) | (unmatched - matches)) & every
    return len(lines) - unmatched.bit_count()


def _lines(code: Mapping[str, str]) -> list[str]:
    lines = [line.strip() for name in sorted(code) for line in code[name].splitlines()]
    return [line for line in lines if line and not line.startswith("#")][:MOST_LINES]


def extraction_chain(case: Case) -> Finding:
    """Length of the longest chain that ends in this submission."""
    if not case.remembered:
        return Finding(CHAIN, "no power", UNREMEMBERED)
    if case.own is None:
        return Finding(CHAIN, "no power", "Its dev predictions are not known.")
    line = [*case.siblings, case.own]
    length = [1] * len(line)
    for j, later in enumerate(line):
        for i in range(j):
            if 0 < distance(line[i], later) < rules.CHAIN_DISTANCE:
                length[j] = max(length[j], length[i] + 1)
    longest = length[-1]
    verdict: Verdict = (
        "violation"
        if longest >= rules.CHAIN_VIOLATION
        else "person"
        if longest >= rules.CHAIN_PERSON
        else "clean"
    )
    text = (
        f"It ends a chain of {longest} submissions, each of which changes few predictions of an earlier one."
        if longest > 1
        else "Its predictions are not a small change of an earlier submission's."
    )
    return Finding(
        CHAIN,
        verdict,
        text,
        statistic=float(longest),
        threshold=float(rules.CHAIN_VIOLATION),
        n=len(line),
        rule=Rule.EXTRACTION if verdict == "violation" else "",
    )


def distance(first: Sibling, second: Sibling) -> float:
    """Share of predictions of different class, over shared seed pairs; 1 without any."""
    shared = sorted(set(first.predictions) & set(second.predictions))
    if not shared:
        return 1.0
    return float(
        np.mean([np.mean((first.predictions[k] > 0.5) != (second.predictions[k] > 0.5)) for k in shared])
    )


LOTTERY_AUDIT = Audit(LOTTERY, seed_lottery)
CHAIN_AUDIT = Audit(CHAIN, extraction_chain)
