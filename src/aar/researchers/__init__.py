"""Researchers: agents that propose methods as code, whichever model chooses their next call."""
