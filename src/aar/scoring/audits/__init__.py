"""Causal audits of what a method lives off: evidence in (`Case`), finding out (`Finding`), rules in one file.

Covered: see each audit. Not covered by any: a cheat that touches under 5 % of the items; text that is decoded out of
hidden states; artefacts that go through the models themselves.
"""

from collections.abc import Sequence

from aar.scoring.audits.blind import blind_world
from aar.scoring.audits.case import Answers, Audit, AuditRun, Case, Pool, Sibling
from aar.scoring.audits.denied import denied_calls
from aar.scoring.audits.finding import Finding, Track, Verdict, worse
from aar.scoring.audits.history import extraction_chain, seed_lottery
from aar.scoring.audits.presentation import presentation
from aar.scoring.audits.structure import structure
from aar.scoring.audits.swap import identity_swap
from aar.scoring.audits.teacher import teacher_shuffle, track_of
from aar.scoring.audits.texts import text_in_code

ALWAYS: Sequence[Audit] = (
    identity_swap,
    text_in_code,
    denied_calls,
    seed_lottery,
    extraction_chain,
)
"""Audits that need no run of their own."""
CONFIRMING: Sequence[Audit] = (blind_world, structure, teacher_shuffle, presentation)
"""Audits of a record that was reproduced: each needs runs under an intervention."""

__all__ = [
    "ALWAYS",
    "CONFIRMING",
    "Answers",
    "Audit",
    "AuditRun",
    "Case",
    "Finding",
    "Pool",
    "Sibling",
    "Track",
    "Verdict",
    "blind_world",
    "denied_calls",
    "extraction_chain",
    "identity_swap",
    "presentation",
    "seed_lottery",
    "structure",
    "teacher_shuffle",
    "text_in_code",
    "track_of",
    "worse",
]
