"""Researchers: agents that propose methods as code, whichever model chooses their next call."""

from aar.researchers.directions import assign as direction
from aar.researchers.models import EMBEDDED, check_model

__all__ = ["EMBEDDED", "check_model", "direction"]
