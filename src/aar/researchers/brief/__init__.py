"""Brief of a researcher, put together from the Markdown files in this folder."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from aar.researchers import directions

_PARTS = ("task", "method", "blocks", "lab", "habits")

_FEEDBACK = {
    "ladder": "You will not be told numbers, but for the accuracy of the record that has to be beaten.",
    "noisy": (
        "With the word comes a `score`: the accuracy on a random half of the scored items, another half for each "
        "code, rounded to .01. It is a hint; only what the lab verifies counts."
    ),
    "exact": (
        "With the word comes a `score`: the accuracy on the scored items, exactly. It is a hint; only what the lab "
        "verifies, on other items and fresh seeds, counts."
    ),
}


def compose(me: Mapping[str, Any]) -> str:
    """The brief for the researcher whom `me` describes (the lab's answer to GET /v1/me).

    >>> "hidden states" in compose({"direction": "internals"})
    True
    """
    parts = [part(name) for name in _PARTS]
    parts.insert(1, _FEEDBACK[str(me.get("feedback", "ladder"))])
    named = str(me.get("direction", ""))
    direction = directions.text(named) if named in directions.names() else named
    parts.append(f"# Your direction\n\n{direction or 'You are free to choose one.'}")
    parts.append(_budget(me))
    return "\n\n".join(parts)


def part(name: str) -> str:
    """One file of the brief."""
    return resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8").strip()


def _budget(me: Mapping[str, Any]) -> str:
    lines = [
        "# Your budget",
        "",
        f"You are researcher {me.get('researcher', '')} on {me.get('testbed', 'a testbed')}.",
    ]
    if me.get("minutes_left") is not None:
        lines.append(f"{float(me['minutes_left']):.0f} minutes are left.")
    if me.get("submissions_left") is not None:
        lines.append(f"{me['submissions_left']} submissions are left.")
    if me.get("forum") is False:
        lines.append("In this study you cannot read or write the forum.")
    return "\n".join(lines)
