"""Brief of a researcher: the Markdown files of this folder, filled with the facts of its study.

It is the same for all researchers of a study but for the direction. Its version changes with every word.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources

from aar.researchers.brief.facts import Facts, Pool, Shape

__all__ = ["Brief", "Facts", "Pool", "Shape", "compose"]

_PARTS = ("task", "testbed", "method", "blocks", "lab", "record", "bounds", "habits")


@dataclass(frozen=True)
class Brief:
    """A brief: what all researchers of a study are told, one's direction behind it.

    Attributes:
        common: What is the same for all.
        direction: The direction in words; empty where the researcher is free.
    """

    common: str
    direction: str = ""

    @property
    def version(self) -> str:
        """Eight letters that change with every word of what is common.

        >>> Brief("a").version == Brief("a", "look at noise").version, Brief("a").version == Brief("b").version
        (True, False)
        """
        return hashlib.sha256(self.common.encode()).hexdigest()[:8]

    @property
    def text(self) -> str:
        """The whole brief as Markdown."""
        direction = self.direction or "You are free to choose one."
        return f"{self.common}\n\n# Your direction\n\n{direction}"


def compose(facts: Facts, direction: str = "") -> Brief:
    """The brief of a study with these facts, for a researcher with this direction (in words)."""
    parts = [*_PARTS, "structured"] if facts.workflow == "structured" else _PARTS
    return Brief("\n\n".join(_part(name, facts) for name in parts), _demoted(direction))


def _part(name: str, facts: Facts) -> str:
    import jinja2

    text = resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(text).render(f=facts).strip()


def _demoted(direction: str) -> str:
    """A direction whose own heading becomes a line in bold: the brief has one heading above it."""
    first, _, rest = direction.strip().partition("\n")
    return f"**{first.lstrip('# ')}**\n{rest}".strip() if first.startswith("#") else direction.strip()
