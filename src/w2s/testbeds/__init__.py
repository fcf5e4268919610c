"""Weak-to-strong problems: what is asked, which models answer, and which items are whose."""

from w2s.testbeds.measured import load_measured
from w2s.testbeds.registry import generate, load, names
from w2s.testbeds.testbed import Testbed, World

__all__ = ["Testbed", "World", "generate", "load", "load_measured", "names"]
