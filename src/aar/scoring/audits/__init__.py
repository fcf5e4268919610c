"""Causal audits of what a method depends on: evidence in (`Case`), finding out (`Finding`), rules in one file.

Covered: see each audit. Not covered by any: a cheat that touches under 5 % of the items; text that is decoded out of
hidden states; artefacts that go through the models themselves.
"""

from collections.abc import Sequence

from aar.scoring.audits import blind, denied, history, presentation, structure, swap, teacher, texts
from aar.scoring.audits.audit import Audit, Need
from aar.scoring.audits.case import Answers, AuditRun, Case, Pool, Sibling
from aar.scoring.audits.finding import Finding, Track, Verdict, worse
from aar.scoring.audits.teacher import track_of

AUDITS: Sequence[Audit] = (
    swap.AUDIT,
    texts.AUDIT,
    denied.AUDIT,
    history.LOTTERY_AUDIT,
    history.CHAIN_AUDIT,
    blind.AUDIT,
    structure.AUDIT,
    teacher.AUDIT,
    presentation.AUDIT,
)
"""Every audit, in the order in which findings are listed; of several broken rules the first is told."""

__all__ = [
    "AUDITS",
    "Answers",
    "Audit",
    "AuditRun",
    "Case",
    "Finding",
    "Need",
    "Pool",
    "Sibling",
    "Track",
    "Verdict",
    "track_of",
    "worse",
]
