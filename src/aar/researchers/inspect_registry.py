"""Entry points for Inspect AI: the embedded policy as a provider, workspaces as sandboxes."""

from __future__ import annotations

from inspect_ai.model import ModelAPI, modelapi
from inspect_ai.util import SandboxEnvironment, sandboxenv


@modelapi(name="aar")
def aar() -> type[ModelAPI]:
    """Provider "aar": its one model `aar/evolution` is a policy, not a language model."""
    from aar.researchers.evolution.model_api import EmbeddedPolicy

    return EmbeddedPolicy


@sandboxenv(name="aar_workspace")
def aar_workspace() -> type[SandboxEnvironment]:
    """Sandbox "aar_workspace": a researcher's workspace."""
    from aar.researchers.workspace_sandbox import WorkspaceSandbox

    return WorkspaceSandbox
