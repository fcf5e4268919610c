"""What a researcher is told: its own budget, submissions and runs, and the leaderboard."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aar.database import Transaction, charges, posts, researchers, standing, submissions
from aar.database.researchers import Role
from aar.lab import answers, capacity, queue_view
from aar.lab.conductor import Phase
from aar.lab.intake import Lab


def standing_of(lab: Lab, tx: Transaction, who: researchers.Researcher, phase: Phase) -> dict[str, Any]:
    """The answer to `GET /v1/me`; its `version` changes with whatever a researcher would act on, the clock left out."""
    own, used = submissions.all(tx, researcher=who.name), submissions.count(tx, who.name)
    scores = lab.scores(tx)
    spent = charges.spent(tx, who.name)
    queue = queue_view.of_researcher(tx, who, slots=capacity.of(tx, slots=lab.settings.slots))
    left = None if who.submissions is None else max(0, who.submissions - used)
    tokens = spent.input_tokens + spent.output_tokens
    over = phase in ("settling", "closing", "finished") or lab.research_is_over
    in_all = lab.settings.submissions_in_all
    used_up = left == 0 or (in_all is not None and submissions.count_of_researchers(tx) >= in_all)
    stop = over or used_up or tokens > lab.settings.tokens
    public = [answers.public(one, scores) for one in own]
    news = [stop, left, public, queue["runs_queued"], posts.last(tx) if who.forum else 0]
    seconds = lab.research_seconds_left()
    return {
        "researcher": who.name,
        "direction": who.direction,
        "testbed": lab.settings.testbed,
        "minutes_left": None if seconds is None else round(max(0.0, seconds) / 60, 2),
        "submissions_left": left,
        "stop": stop,
        "forum": who.forum,
        "feedback": lab.settings.feedback,
        "queue": queue,
        "submissions": public,
        "version": hashlib.sha256(json.dumps(news).encode()).hexdigest()[:16],
    }


def leaderboard(
    tx: Transaction, *, only: str | None = None, scores: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """What researchers see: ranks, words and the Ladder's record; under the Ladder no figures of anybody's runs.

    The latest verified record has rank 1; what is not verified has no rank. `only` leaves out whatever is
    neither this researcher's nor the lab's (a study without a forum); `scores` are those that feedback tells.
    """
    everything = [
        one for one in submissions.all(tx) if only in (None, one.researcher) or one.role is Role.BASELINE
    ]
    records = [one for one in everything if one.status == "verified" and one.role is not Role.BASELINE]
    ranked = sorted(records, key=lambda one: -(one.decided or 0.0))
    rest = [one for one in everything if one not in ranked]
    told = scores or {}
    entries = [
        {
            "rank": ranked.index(one) + 1 if one in ranked else None,
            "submission": one.id,
            "researcher": one.researcher,
            "title": one.title,
            "status": "baseline" if one.role is Role.BASELINE else one.status,
            "parents": list(one.parents),
        }
        | ({"score": told[one.id]} if one.id in told else {})
        for one in [*ranked, *rest]
    ]
    return {"record": _record(standing.find(tx)), "entries": entries}


def _record(stands: standing.Standing | None) -> str:
    """What researchers see of the record."""
    return "no record yet" if stands is None else f"accuracy {stands.record:.3f} on dev"
