"""What researchers are told of submissions, practice runs and posts: words, and figures of practice only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aar.database import runs, submissions
from aar.forum import Post
from aar.run_records import RunError


def public(one: submissions.Submission, scores: Mapping[str, float]) -> dict[str, Any]:
    """A submission, in words; `scores` are those that the study's feedback tells."""
    return {
        "id": one.id,
        "title": one.title,
        "researcher": one.researcher,
        "status": one.status,
        "reply": one.reply,
        "parents": list(one.parents),
        **({"score": scores[one.id]} if one.id in scores else {}),
    }


def practice(run: runs.Run) -> dict[str, Any]:
    """A practice run, with what its author may know of it."""
    error = None
    if run.state == "failed":
        broke = run.end.error or RunError()
        error = {
            "type": broke.type,
            "file": broke.file,
            "line": broke.line,
            "message": broke.message or broke.rule or "",
        }
    return {
        "run": run.key,
        "state": run.state,
        "status": "ok" if run.state == "done" else run.state if run.state in runs.ENDED else "pending",
        "error": error,
        "agreement_with_weak": run.figures.get("agreement_with_weak"),
        "class1_share": run.figures.get("class1_share"),
        "trained_on_share": run.figures.get("trained_on_share"),
        "logged": dict(run.end.logged),
        "nominal_minutes": run.nominal_cost,
    }


def post(post: Post) -> dict[str, Any]:
    """A post with the badges of the submissions that it cites."""
    return {
        "id": post.id,
        "researcher": post.researcher,
        "kind": post.kind,
        "title": post.title,
        "body": post.body,
        "submissions": [{"id": one.id, "status": one.status} for one in post.submissions],
        "votes": post.votes,
        "comments": [{"researcher": one.researcher, "body": one.body} for one in post.comments],
        "at": post.at,
    }
