"""Submitted code may import a building block by the place that it had until 0.1: `from w2s.probes import whitened`.

The code of a study is frozen, and it is run again after an upgrade. `RemoteBench` and this project's own code know
nothing of this; only the runner installs it, in the process that then runs the submission and nothing else.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from w2s import blocks


def install() -> None:
    """Let `import w2s.NAME` give `w2s.blocks.NAME`, the same module."""
    if not any(isinstance(finder, _Blocks) for finder in sys.meta_path):
        sys.meta_path.append(_Blocks())  # asked last: a real module of `w2s` is never hidden


class _Blocks(MetaPathFinder, Loader):
    """Finds `w2s.NAME` where that is a building block."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parent, _, block = name.rpartition(".")
        return ModuleSpec(name, self) if parent == "w2s" and block in blocks.names() else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(f"w2s.blocks.{spec.name.rpartition('.')[2]}")
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # it has run under its own name; the import system has just overwritten what it is called
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state
