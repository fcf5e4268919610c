"""What a researcher is told of itself: its budget, whether to stop, how its submissions and runs stand."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from aar.database import Transaction, charges, posts, researchers, submissions
from aar.server import answers, state, traffic
from aar.server.lab import Lab


def standing_of(lab: Lab, tx: Transaction, who: researchers.Researcher, phase: state.Phase) -> dict[str, Any]:
    """The answer to `GET /v1/me`; its `version` changes with whatever a researcher would act on, the clock left out."""
    own, used = submissions.all(tx, researcher=who.name), submissions.count(tx, who.name)
    scores = lab.scores(tx)
    spent = charges.spent(tx, who.name)
    queue = traffic.of_researcher(tx, who, slots=lab.settings.slots)
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
