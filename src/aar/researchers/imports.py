"""What a session imports sooner or later, so that a host can import it once for all.

Wrong names cost time and memory and nothing else: what is not imported here is imported by each session that needs it.
`tests/aar/test_researchers_host.py` says when a session imports much that stands not here.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Sequence

OURS = (
    "aar.researchers.evolution.model_api",
    "aar.researchers.inspect_registry",
    "aar.researchers.inspect_tools",
    "aar.researchers.session",
    "aar.researchers.standing",
    "aar.researchers.workspace_sandbox",
    "aar.sandboxes.provider.bubblewrap",
    "httpx",
    "inspect_ai",
    "stamina",
)
"""Without these nothing works, so that a missing one is an error."""
THEIRS = (
    "anyio._backends._asyncio",
    "httpcore2",
    "inspect_ai.agent._acp.server",
    "inspect_ai.agent._acp.transport_live",
    "inspect_ai.hooks._startup",
    "inspect_ai.model._openai_responses",
    "inspect_ai.model._providers.anthropic",
    "jsonschema",
    "rich.markdown",
)
"""What Inspect imports inside functions: each evaluation imports both SDKs that are installed, whatever its model."""
LOCAL = ("aar", "hf", "llama-cpp-python", "mockllm", "sglang", "vllm")
"""Providers that compute in the process, or start servers: what they import is large, and may start threads."""
FILES = {"openai-api": "openai_compatible"}
"""Where Inspect's module is not named as the provider."""


def for_models(models: Sequence[str]) -> None:
    """Import what researchers with these models need; raises `ImportError` only for what every session needs."""
    for name in OURS:
        importlib.import_module(name)
    providers = dict.fromkeys(model.partition("/")[0] for model in models)
    files = [FILES.get(name, name.replace("-", "_")) for name in providers if name not in LOCAL]
    for name in (*THEIRS, *(f"inspect_ai.model._providers.{file}" for file in files)):
        with contextlib.suppress(ImportError):  # a package that a session misses is told by that session
            importlib.import_module(name)
