"""Weak-to-strong problems: what is asked, which models answer, and which items are whose."""

from w2s.testbeds.measured import load_measured
from w2s.testbeds.real.folder import open_testbed
from w2s.testbeds.registry import Listed, describe, generate, listed, load, names
from w2s.testbeds.testbed import Testbed, World

__all__ = [
    "Listed",
    "Testbed",
    "World",
    "describe",
    "generate",
    "listed",
    "load",
    "load_measured",
    "names",
    "open_testbed",
]
