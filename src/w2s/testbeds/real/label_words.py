"""Labels as people write them: 0 and 1, "True" and "False", "a" and "b", 1 and 2, where they mean one thing only.

A release has one encoding for all of its labels. For pairs, 0 and 1, -1 and 1, true and false, yes and no may mean
either side: these are refused until a user says which with --labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from w2s.records import ItemKind

_CLEAR: Mapping[ItemKind, tuple[tuple[str, str], ...]] = {
    "pair": (
        ("a", "b"), ("1", "2"), ("first", "second"), ("model_a", "model_b"), ("response_a", "response_b"),
        ("answer_a", "answer_b"), ("response_1", "response_2"), ("left", "right"),
    ),
    "verification": (
        ("true", "false"), ("1", "0"), ("yes", "no"), ("1", "-1"), ("right", "wrong"), ("correct", "incorrect"),
        ("t", "f"), ("y", "n"),
    ),
}  # fmt: skip
"""(word of class 1, word of class 0)."""
OPTION: Mapping[ItemKind, tuple[str, str]] = {"pair": ("first", "second"), "verification": ("true", "false")}
"""Names of class 1 and class 0 in the option --labels."""


class UnclearLabels(ValueError):
    """Labels that may mean either class, or nothing; the text says what they are."""


def word(label: object) -> str:
    """A label as a word: case, and whether it is quoted, do not count.

    >>> word(True), word(1), word(1.0), word("A ")
    ('true', '1', '1', 'a')
    """
    if isinstance(label, bool):
        return str(label).casefold()
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label).strip().casefold()


def encoding(kind: ItemKind, labels: Iterable[object], given: Mapping[str, str]) -> Mapping[str, int] | None:
    """Class by word; None where labels are as a release has them, or of no one encoding (each line is then told).

    `given` are a user's words by "first" and "second" (or "true" and "false"). Raises `UnclearLabels`.
    """
    names = OPTION[kind]
    if given:
        return {word(given[names[0]]): 1, word(given[names[1]]): 0}
    seen = {(type(label), label) for label in labels if isinstance(label, str | int | float)}
    words = {word(label) for _, label in seen}
    own: set[tuple[type, object]] = (
        {(str, "A"), (str, "B")} if kind == "pair" else {(bool, True), (bool, False)}
    )
    if not seen or seen & own or len(words) < len(seen):
        return None
    if len(words) > 2:
        fitting = [pair for pair in _CLEAR[kind] if set(pair) <= words]
        if len(fitting) == 1:
            odd = ", ".join(sorted(words - set(fitting[0]))[:5])
            sides = " and ".join(fitting[0])
            raise UnclearLabels(
                f"the labels are {sides}, and {odd[:60]}, which is neither: leave these rows out"
            )
        return None
    fitting = [pair for pair in _CLEAR[kind] if words <= set(pair)]
    if len(words) == 2 and len(fitting) == 1:
        return {fitting[0][0]: 1, fitting[0][1]: 0}
    meanings = {tuple(int(w == pair[0]) for w in sorted(words)) for pair in fitting}
    if fitting and len(meanings) == 1 and not words & {"1", "-1", "0", "2"}:
        return {fitting[0][0]: 1, fitting[0][1]: 0}
    one, *rest = sorted((text if len(text) <= 40 else text[:37] + "..." for text in words), reverse=True)
    shown = " and ".join(sorted((one, *rest)))
    other = rest[0] if rest else "..."
    raise UnclearLabels(
        f"the labels are {shown}, and which of them means {names[0]!r} cannot be told: "
        f"say --labels {names[0]}={one},{names[1]}={other} or --labels {names[0]}={other},{names[1]}={one}"
    )
