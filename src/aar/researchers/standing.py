"""Score of a session, for Inspect's log: the lab's status words counted; not a measure of anything else."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import TaskState

from aar.errors import LabUnreachable, Refused

if TYPE_CHECKING:
    from aar.researchers.lab_client import LabClient


@metric
def verified() -> Metric:
    """Verified submissions of the one sample. Inspect's own `mean` is the same number, and would import numpy."""

    def total(scores: list[SampleScore]) -> float:
        return sum(each.score.as_float() for each in scores)

    return total


@scorer(metrics=[verified()])
def standing(client: LabClient) -> Scorer:
    """Number of verified submissions, as the lab says at the end."""

    async def score(state: TaskState, target: Target) -> Score:
        try:
            own = (await client.me()).get("submissions", [])
        except (LabUnreachable, Refused) as error:
            return Score(value=0, explanation=f"the lab did not say: {error}")
        words = Counter(str(submission.get("status")) for submission in own)
        counts = ", ".join(f"{count} {word}" for word, count in sorted(words.items()))
        return Score(value=words["verified"], explanation=counts or "no submissions")

    return score
