"""The section on ideas: their families, how different they are, how that changed, and how large they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

from aar.ideas import Diversity, Family, Idea, diversity, over_time
from aar.ideas.diversity import WINDOW
from aar.ideas.judging import Judged, judged

_WIDTH, _HEIGHT, _LEFT, _TOP = 560, 150, 40, 12


@dataclass(frozen=True)
class FamilyRow:
    """A family of ideas: how many, how many researchers tried it, how many were verified, when it was first tried."""

    family: Family
    ideas: int
    researchers: int
    verified: int
    first: str


@dataclass(frozen=True)
class IdeasShown:
    """What the report shows of a study's ideas.

    Attributes:
        diversity: Effective number of families with its interval.
        rows: Families, most frequent first.
        early: Median lines of code in the first half of the ideas; None without a readable one.
        late: The same in the second half.
        curve: Effective number over time as SVG; empty for fewer ideas than two windows.
        judges: What each judge model says, in words.
    """

    diversity: Diversity
    rows: Sequence[FamilyRow]
    early: float | None
    late: float | None
    curve: str
    judges: Sequence[str]


def shown(ideas: Sequence[Idea], answers: Mapping[str, Mapping[str, str]] | None = None) -> IdeasShown | None:
    """The section's content; None without ideas. `answers` are judges' families by model and snapshot."""
    spread = diversity([idea.family for idea in ideas])
    if spread is None:
        return None
    half = len(ideas) // 2
    return IdeasShown(
        spread,
        [_row(family, ideas) for family in spread.families],
        _lines(ideas[:half]),
        _lines(ideas[half:]),
        _curve(over_time([idea.family for idea in ideas])),
        [
            judge_words(
                judged(model, [idea.family for idea in ideas], [given.get(i.commit, "") for i in ideas])
            )
            for model, given in (answers or {}).items()
        ],
    )


def judge_words(found: Judged) -> str:
    """A judge's sorting beside that of the rules, in one sentence."""
    spread, both = found.diversity, found.agreement
    if spread is None:
        return f"{found.model} named no family"
    return (
        f"{found.model}: effectively {spread.effective:.1f} [{spread.low:.1f}, {spread.high:.1f}] families; the rules "
        f"say the same of {both.same} of {both.ideas} (kappa {both.kappa:.2f})"
    )


def _row(family: Family, ideas: Sequence[Idea]) -> FamilyRow:
    own = [idea for idea in ideas if idea.family is family]
    return FamilyRow(
        family,
        len(own),
        len({idea.researcher for idea in own}),
        Counter(idea.status for idea in own)["verified"],
        own[0].submission,
    )


def _lines(ideas: Sequence[Idea]) -> float | None:
    lines = [idea.size.lines for idea in ideas if idea.size is not None]
    return median(lines) if lines else None


def _curve(points: Sequence[tuple[int, float]]) -> str:
    if len(points) < WINDOW:
        return ""
    first, last, most = points[0][0], points[-1][0], max(len(Family) * 1.0, *(value for _, value in points))

    def place(n: int, value: float) -> str:
        x = _LEFT + (n - first) / max(1, last - first) * (_WIDTH - _LEFT - 8)
        return f"{x:.1f},{_TOP + (1 - value / most) * (_HEIGHT - 2 * _TOP):.1f}"

    path = " ".join(place(n, value) for n, value in points)
    grid = "".join(
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{place(first, v).split(",")[1]}" '
        f'y2="{place(first, v).split(",")[1]}"/>'
        f'<text x="0" y="{float(place(first, v).split(",")[1]) + 4:.1f}">{v:.0f}</text>'
        for v in (1.0, 5.0, 10.0)
    )
    name = escape(
        f"Effective number of families among the last {WINDOW} ideas: "
        f"{points[0][1]:.1f} after {first} ideas, {points[-1][1]:.1f} after {last}"
    )
    return (
        f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{name}"><title>{name}</title>{grid}<polyline class="frontier" fill="none" points="{path}"/></svg>'
    )
