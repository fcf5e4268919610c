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


EVERY = "all"
"""The name of all directions together."""


def names() -> list[str]:
    """Every direction, in the order in which researchers get them.

    >>> len(names()) >= 9
    True
    """
    return list(_ORDER)


def words(direction: str) -> str:
    """A direction in words: that of a name, all of them for `EVERY`, or the words that it is already.

    >>> words("look at noise")
    'look at noise'
    """
    if direction == EVERY:
        return "\n\n".join(text(name) for name in _ORDER)
    return text(direction) if direction in _ORDER else direction


def title(direction: str) -> str:
    """A direction in a few words, for tables: its name, or the first line of its words.

    >>> title("noise"), title("# Look at noise\\n\\nOf all kinds.")
    ('noise', 'Look at noise')
    """
    return direction.strip().partition("\n")[0].lstrip("# ").strip()[:60]


def text(name: str) -> str:
    """The direction in words; raises `NotFound` with the nearest names.

    >>> text("noise").splitlines()[0]
    '# Weak labels as a noisy instrument'
    """
    if name not in _ORDER:
        raise NotFound.among("direction", name, _ORDER)
    return resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8").strip()
