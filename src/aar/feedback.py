"""The policies of feedback: what an author is told of dev besides a word."""

from typing import Literal

Feedback = Literal["ladder", "noisy", "exact"]
"""Nothing, a rounded score on a random half of the items, or the exact count."""
