"""The ideas of a study: its researchers' submissions, each code once, with family and size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from aar.database.researchers import Role
from aar.database.submissions import Status, Submission
from aar.ideas.complexity import Complexity, complexity
from aar.ideas.families import Family, family
from aar.submissions.snapshots import Snapshots
from w2s.errors import NotFound


@dataclass(frozen=True)
class Idea:
    """A method that a researcher handed in.

    Attributes:
        submission: Id of the first submission with this code.
        commit: The snapshot that holds the code.
        researcher: Its author.
        status: What became of it.
        at: When it was handed in, in seconds since 1970.
        family: Family by the rules of `aar.ideas.families`.
        size: Lines and blocks; None where the code cannot be read.
    """

    submission: str
    commit: str
    researcher: str
    status: Status
    at: float
    family: Family
    size: Complexity | None


def read(snapshots: Snapshots, submissions: Sequence[Submission]) -> list[Idea]:
    """The ideas among `submissions`, oldest first; without those whose code is not kept any more."""
    ideas, seen = [], set()
    for row in sorted(submissions, key=lambda row: row.number):
        if row.role is not Role.RESEARCHER or row.code_hash in seen:
            continue
        seen.add(row.code_hash)
        try:
            kind, size = _looked_at(snapshots, row.commit)
        except NotFound:
            continue
        ideas.append(Idea(row.id, row.commit, row.researcher, row.status, row.created, kind, size))
    return ideas


@lru_cache(maxsize=16_384)  # a commit is its content
def _looked_at(snapshots: Snapshots, commit: str) -> tuple[Family, Complexity | None]:
    code = snapshots.get(commit)
    return family(code), complexity(code)
