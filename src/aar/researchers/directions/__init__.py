"""Research directions: short and vague on purpose, one for each researcher.

In the 2026 study distinct directions climbed faster and higher than one shared prompt, and vague ones did
better than ideas written out in advance; so each file is a few sentences that name no recipe.
"""

from __future__ import annotations

from importlib import resources

from w2s.errors import NotFound

_ORDER = (
    "elicitation",
    "noise",
    "selection",
    "internals",
    "self_training",
    "committees",
    "losses",
    "consistency",
    "curricula",
    "search",
    "learnability",
)


def names() -> list[str]:
    """Every direction, in the order in which researchers get them.

    >>> len(names()) >= 9
    True
    """
    return list(_ORDER)


def assign(index: int) -> str:
    """Direction of researcher number `index`, counted from 0; after the last it starts over.

    >>> assign(0)
    'elicitation'
    """
    return _ORDER[index % len(_ORDER)]


def text(name: str) -> str:
    """The direction in words; raises `NotFound` with the nearest names.

    >>> text("noise").splitlines()[0]
    '# Weak labels as a noisy instrument'
    """
    if name not in _ORDER:
        raise NotFound.among("direction", name, _ORDER)
    return resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8").strip()
