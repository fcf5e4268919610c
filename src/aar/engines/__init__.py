"""Engines, which run jobs: the same job description on every engine, and an end for every job.

An engine tells a method's own failure (a result, final) from a loss that is nobody's fault (repeated).
"""

from __future__ import annotations

from aar.engines.records import Engine, Folders, Job, Outcome, RunSpec, Setup
from aar.submissions.source import code_hash, names_companions
from w2s.plugins import Seam

__all__ = [
    "ENGINES",
    "Engine",
    "Folders",
    "Job",
    "Outcome",
    "RunSpec",
    "Setup",
    "code_hash",
    "names_companions",
]

ENGINES: Seam[[Setup], Engine] = Seam(
    "engine",
    "aar.engines",
    {"local": "aar.engines.local:local"},
    protocol="aar.engines:Engine",
    suite="tests/conformance/test_engine.py --engine {}",
)
"""Engines by name."""
