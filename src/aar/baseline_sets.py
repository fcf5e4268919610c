"""Methods that `aar baselines` measures: the whole library as it is, or what people tuned in the 2026 study.

A protocol is fixed before anything is measured. A variant is a method's name with the settings that differ from
its defaults, as `w2s.methods.source` reads it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from w2s.testbeds import Testbed

Protocol = Literal["library", "human"]

PLAIN = "vanilla"
"""The baseline that a gain of the others is over: Burns et al. 2023's plain fine-tune on the weak labels."""

HUMAN: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "vanilla": {"SOFT": (False, True), "RATE": (0.5, 1.0, 2.0)},
    "confident_labels": {"THRESHOLD": (0.55, 0.6, 0.65, 0.75, 0.85, 0.95)},
    "elicit_then_train": {"FRACTION": (0.3, 0.5, 0.7, 0.8, 0.9, 1.0)},
    "critic": {"FRACTION": (0.5, 0.7, 1.0), "TRUST": (0.5, 1.0)},
}
"""The four methods that two of the study's authors tuned for seven days, each over a grid of six settings."""


def variants(protocol: Protocol) -> tuple[str, ...]:
    """Every variant of a protocol, in the order in which it is queued; vanilla is always among them.

    >>> variants("human")[:2]
    ('vanilla RATE=0.5', 'vanilla')
    """
    from w2s import methods

    if protocol == "library":
        return (PLAIN, *(name for name in methods.names() if name != PLAIN))
    return tuple(
        _named(name, dict(zip(grid, values, strict=True)))
        for name, grid in HUMAN.items()
        for values in itertools.product(*grid.values())
    )


def fingerprint(testbed: Testbed, variants: Sequence[str], *, seeds: int, sealed: bool) -> str:
    """Eight digits that differ where what is measured does: code of methods and blocks, models, seeds, splits."""
    from w2s import methods
    from w2s.measurements import weights

    code = [methods.source(variant) for variant in variants]
    what = [code, methods.building_blocks(), testbed.name, weights(testbed), seeds, sealed]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:8]


def method_of(variant: str) -> str:
    """The method that a variant is of.

    >>> method_of("confident_labels THRESHOLD=0.6")
    'confident_labels'
    """
    return variant.split()[0]


def _named(name: str, settings: Mapping[str, Any]) -> str:
    """The variant of `name`, without the settings that are its defaults."""
    from w2s import methods

    defaults = methods.constants(name)
    changed = [f"{key}={value!r}" for key, value in settings.items() if defaults[key] != value]
    return " ".join([name, *changed])
