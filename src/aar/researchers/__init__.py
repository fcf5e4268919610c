"""Researchers: agents that propose methods as code, whichever model chooses their next call."""

from aar.researchers.inspect_models import ModelOptions
from aar.researchers.models import EMBEDDED, check_model
from aar.researchers.runtime import RUNTIMES, Assignment, Hosted, Runtime

__all__ = ["EMBEDDED", "RUNTIMES", "Assignment", "Hosted", "ModelOptions", "Runtime", "check_model"]
