"""What the terminal and `aar queue show` display of a lab; for people only, since it holds figures."""

from __future__ import annotations

from typing import Any

from aar.database import Transaction, progress, researchers, submissions, trainings
from aar.database.researchers import Role
from aar.lab import capacity, estimate, references
from aar.lab.conductor import Phase
from aar.lab.intake import Lab
from aar.lab.queue_view import traffic
from aar.reports.ranking import leader

RECENT = 6
"""Submissions that are listed one by one."""


def status(lab: Lab, phase: Phase) -> dict[str, Any]:
    """The state of a lab as a JSON object."""
    with lab.database.read() as tx:
        everything = submissions.all(tx)
        engine = traffic(tx, slots=capacity.of(tx, slots=lab.settings.slots))
        ended = sum(n for name, n in engine["counts"].items() if name not in ("queued", "running"))
        trained = len(trainings.all(tx))
        waits = {wait["submission"]: wait for wait in engine["waits"]}
        left = estimate.seconds_left(tx, lab.settings, everything, load=lab.load)
        return {
            "phase": phase,
            "researchers": _people(tx, everything),
            "recent": [
                {
                    "id": one.id,
                    "researcher": one.researcher,
                    "title": one.title,
                    "status": one.status,
                    "stage": one.stage,
                    "waits": waits.get(one.id),
                }
                for one in everything
                if one.role is not Role.BASELINE
            ][-RECENT:],
            "queue": {name: engine["counts"].get(name, 0) for name in ("queued", "running")}
            | {"done": ended},
            "cut": _cut(lab, tx, everything),
            "undecided": sum(one.stage != "done" for one in everything if one.role is not Role.BASELINE),
            "references": {"done": trained, "total": trained + len(references.wanted(tx, lab.planned))},
            "traffic": engine,
            "clock": {
                "seconds_left": None if left is None else round(left.seconds, 1),
                "bound_seconds_left": lab.seconds_left(),
                "measured": left is not None and left.measured,
            },
            "best": _best(tx, everything),
        }


def _people(tx: Transaction, everything: list[submissions.Submission]) -> list[dict[str, Any]]:
    doing = progress.latest(tx)
    rows = []
    for one in researchers.team(tx):
        own = [made for made in everything if made.researcher == one.name]
        last = doing.get(one.name)
        rows.append(
            {
                "name": one.name,
                "direction": one.direction,
                "state": one.state,
                "activity": progress.Activity.STARTING if last is None else last.activity,
                "text": "" if last is None else last.text,
                "submitted": len(own),
                "budget": one.submissions,
                "verified": sum(made.status == "verified" for made in own),
                "pending": sum(made.status == "pending" for made in own),
            }
        )
    return rows


def _best(tx: Transaction, everything: list[submissions.Submission]) -> str | None:
    best = leader(tx, [one for one in everything if one.role is not Role.BASELINE])
    if best is None or best.sealed is None or best.sealed.pgr is None:
        return None
    pgr = best.sealed.pgr
    return f"{best.submission.id} by {best.submission.researcher}, PGR {pgr.mean:.2f} [{pgr.low:.2f}, {pgr.high:.2f}]"


def _cut(lab: Lab, tx: Transaction, everything: list[submissions.Submission]) -> bool:
    """Whether the bound on the time left something undone: a submission that was not handed in, or not judged."""
    if not lab.research_is_over:
        return False
    people = researchers.team(tx)
    undecided = any(one.stage != "done" and one.role is not Role.BASELINE for one in everything)
    return undecided or not all(
        one.submissions is None or submissions.count(tx, one.name) >= one.submissions for one in people
    )
