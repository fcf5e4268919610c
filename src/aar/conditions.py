"""Conditions of a study: how directions are given out, and whether steps are prescribed."""

from __future__ import annotations

from typing import Literal

Directions = Literal["diverse", "identical", "none", "all"]
"""Each researcher another one; all the same, drawn from the study's seed; nobody one; everybody all of them."""

Workflow = Literal["free", "structured"]
"""A way of working that is the researcher's own, or steps as the study's control had them."""

MOST_DIRECTION = 4000
"""Characters of a direction of one's own."""
