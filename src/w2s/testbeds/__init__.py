"""Weak-to-strong problems: what is asked, which models answer, and which items are whose."""

from w2s.testbeds.registry import Testbed, World, generate, load, names

__all__ = ["Testbed", "World", "generate", "load", "names"]
