"""The bounds of a method's contract: what one run may send, ask for and log."""

from __future__ import annotations

TEMPLATE_CHARS = 300
"""Longest template, in characters."""
TEMPLATES = 16
"""Distinct templates in one run, each with each pair of labels, those that are refused included."""
LABEL_CHARS = 20
"""Longest answer label, in characters."""
SUBMISSION_BYTES = 64 * 1024
"""Python text of one submission, in bytes of UTF-8."""
LOGGED_NAMES = 32
"""Numbers that a run may log, each under a name that stands in its source."""
LOGGED_DIGITS = 3
"""Significant digits kept of a logged number."""
STUDENTS = 32
"""Students made or copied in one run."""
REQUESTS = 2000
"""Requests in one run; the batches of a custom loss do not count."""
EPOCHS = 20
"""Passes over the items in one fine-tune call."""
ITEMS_PER_CALL = 16_384
"""Items in one request, repeats included."""
DIRECTIONS = 1024
"""Seeded directions in one `step`."""
GENERATED_FIELDS = 8
"""Fields that one student may generate."""
HEADER_BYTES = 64 * 1024
"""JSON header of one frame."""
FRAME_BYTES = 64 * 1024 * 1024
"""Arrays of one frame."""
WEIGHT = 1e6
"""Largest weight of an item in one fine-tune call."""
LEAST_WEIGHT = 1e-6
"""Lower bound for the largest weight of a fine-tune call; smaller ones vanish in the training's float32."""
SCALE = 100.0
"""Largest length of a move along one seeded direction, either way."""
SEEDS = 2**63
"""Seeds of directions go from 0 to below this."""
GENERATED_CHARS = 20
"""Longest name of a generated field, in characters."""
CONSTANT_CHARS = 16
"""An item's field of at least this many characters may not stand in a template as a constant."""
LOGGED_NAME_CHARS = 40
"""Longest name of a logged number, in characters."""
