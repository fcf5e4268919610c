"""Where runs happen: the same job description on every engine, and an end for every job.

An engine tells a method's own failure (a result, final) from a loss that is nobody's fault (repeated).
"""

from __future__ import annotations

from aar.engines.records import Engine, Job, Outcome, RunSpec
from aar.submissions.source import code_hash, names_companions

__all__ = ["Engine", "Job", "Outcome", "RunSpec", "code_hash", "names_companions"]
