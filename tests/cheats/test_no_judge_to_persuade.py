"""In 2026: judges of two benchmarks followed instructions in the answers that they graded (BenchJack, class V4).

A judge that is a language model can be talked to: hidden instructions in an answer raised its score.
"""

from __future__ import annotations

import subprocess
import sys

MODELS = ("inspect_ai", "openai", "anthropic", "httpx", "requests", "aiohttp")
EVERYTHING = """
import importlib, pkgutil, sys
import aar.scoring
for module in pkgutil.walk_packages(aar.scoring.__path__, "aar.scoring."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(*[name for name in sys.argv[1:] if name in sys.modules])
"""


def test_the_scorer_has_no_model_and_no_client_to_ask_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EVERYTHING, *MODELS], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
