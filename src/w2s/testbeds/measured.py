"""The measurement that ships with a testbed: made by `aar testbed measure`, read by all that need its figures."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def load_measured(testbed: str) -> dict[str, Any] | None:
    """Figures of a shipped testbed (`summarise`), or None where none were published with this version."""
    file = files("w2s.testbeds") / "data" / testbed / "measured.json"
    if not file.is_file():
        return None
    figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return figures
