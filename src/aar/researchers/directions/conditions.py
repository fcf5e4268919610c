"""Which direction each researcher of a study gets: different ones, one for all, none, all of them, or one's own."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from aar.conditions import MOST_DIRECTION, Directions
from aar.errors import SettingsError
from aar.researchers import directions


def given_out(
    condition: Directions,
    researchers: Sequence[str],
    *,
    seed: int,
    own: Sequence[str] = (),
) -> dict[str, str]:
    """The direction of each researcher: a name, or the words of `own` ones, which take the place of the families.

    >>> given_out("diverse", ["r1", "r2"], seed=0)
    {'r1': 'elicitation', 'r2': 'noise'}
    >>> given_out("none", ["r1"], seed=0)
    {'r1': ''}
    """
    known = list(own) or directions.names()
    if condition == "none":
        return dict.fromkeys(researchers, "")
    if condition == "all":
        return dict.fromkeys(researchers, "\n\n".join(own) or directions.EVERY)
    if condition == "identical":
        return dict.fromkeys(researchers, random.Random(f"direction {seed}").choice(known))
    return {name: known[i % len(known)] for i, name in enumerate(researchers)}


def read(folder: Path) -> list[str]:
    """The directions in a folder's Markdown files, in the order of their names; `SettingsError` says what is wrong."""
    try:
        files = sorted(
            path for path in folder.iterdir() if path.suffix == ".md" and not path.name.startswith(".")
        )
    except OSError as error:
        raise SettingsError(f"--directions {folder}: cannot be read ({error.strerror})") from None
    if not files:
        raise SettingsError(
            f"--directions {folder}: no Markdown file (*.md) in it; write one for each direction"
        )
    found: dict[str, str] = {path.name: _text(path) for path in files}
    _refuse_repeats(found)
    return list(found.values())


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--directions: {path} cannot be read as UTF-8 ({error})") from None
    if not text or len(text) > MOST_DIRECTION:
        raise SettingsError(
            f"--directions: {path} has {len(text)} characters; a direction has 1 to {MOST_DIRECTION}"
        )
    return "".join(character for character in text if character.isprintable() or character == "\n")


def _refuse_repeats(found: Mapping[str, str]) -> None:
    first: dict[str, str] = {}
    for name, text in found.items():
        if text in first:
            raise SettingsError(f"--directions: {name} and {first[text]} say the same; remove one of them")
        first[text] = name
