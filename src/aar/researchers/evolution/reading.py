"""Reading of the lab's answers into the policy's memory; all of it is untrusted text from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aar.researchers.evolution.choosing import direction_name
from aar.researchers.evolution.memory import MOST_FINDINGS, Draft, Known, Memory, Post

LONGEST_TEXT = 600


def take_status(memory: Memory, answer: dict[str, Any], researcher: str) -> None:
    """Take the remaining budget and every own submission into the memory, also those of an earlier start."""
    if not answer:
        return
    memory.direction = direction_name(str(answer.get("direction", "")))
    memory.minutes_left = number(answer.get("minutes_left"), memory.minutes_left)
    memory.submissions_left = int(number(answer.get("submissions_left"), memory.submissions_left))
    memory.forum = bool(answer.get("forum", memory.forum))
    memory.stop = bool(answer.get("stop", False))
    queue = answer.get("queue")
    memory.wait_seconds = number(queue.get("wait_seconds"), 0.0) if isinstance(queue, dict) else 0.0
    for row in _dicts(answer.get("submissions")):
        name = _name(row.get("id"))
        if not name:
            continue
        known = memory.submissions.setdefault(name, Known())
        known.researcher = researcher
        known.title = str(row.get("title", known.title))[:200]
        known.score = score(row, known.score)
        status = str(row.get("status", known.status))
        # A verdict that is being waited for is taken in when the waiting ends, so that it is told once.
        if name != memory.pending:
            known.status = status
            if status == "pending" and not memory.pending:
                memory.pending = name


def take_posts(memory: Memory, answer: dict[str, Any]) -> None:
    """New posts, and the present status of the submissions that they cite."""
    seen = {post.number for post in memory.posts}
    for row in _dicts(answer.get("posts")):
        post_number = int(number(row.get("id"), 0))
        if post_number <= 0 or post_number in seen:
            continue
        seen.add(post_number)
        cited = []
        author = str(row.get("researcher", ""))[:40]
        for entry in _dicts(row.get("submissions")):
            name = _name(entry.get("id"))
            if name:
                cited.append(name)
                _heard(memory, name, str(entry.get("status", "pending")))
        memory.posts.append(
            Post(
                number=post_number,
                researcher=author,
                kind=str(row.get("kind", ""))[:20],
                text=f"{row.get('title', '')}\n{row.get('body', '')}"[:LONGEST_TEXT],
                submissions=tuple(cited),
                votes=int(number(row.get("votes"), 0)),
            )
        )
    memory.posts = memory.posts[-MOST_FINDINGS:]


def take_ranks(memory: Memory, answer: dict[str, Any]) -> None:
    """Ranks and status words from the leaderboard."""
    for row in _dicts(answer.get("entries")):
        name = _name(row.get("submission"))
        if not name:
            continue
        _heard(memory, name, str(row.get("status", "pending")))
        known = memory.submissions[name]
        known.rank = int(number(row.get("rank"), known.rank))
        known.score = score(row, known.score)
        known.researcher = str(row.get("researcher", known.researcher))[:40]
        known.title = str(row.get("title", known.title))[:200]


def take_own(memory: Memory, name: str, draft: Draft, status: str, researcher: str) -> None:
    """A submission that was just made."""
    memory.submissions[name] = Known(
        researcher=researcher, title="", status=status, read=True, genome=draft.genome
    )


def practice_trouble(answer: dict[str, Any]) -> str:
    """Reason in a practice run against submitting, or nothing."""
    error = answer.get("error")
    if isinstance(error, dict) and error:
        parts = [
            str(error.get(key)) for key in ("type", "message", "line") if error.get(key) not in (None, "")
        ]
        return "raises " + ", ".join(parts)[:250]
    if error:
        return f"raises {str(error)[:250]}"
    if answer.get("state") in ("failed", "lost", "cancelled") or answer.get("status") == "failed":
        return "its practice run failed"
    share = number(answer.get("class1_share"), 0.5)
    if not 0.1 <= share <= 0.9:
        return f"predicts class 1 for {share:.0%} of the items"
    agreement = number(answer.get("agreement_with_weak"), 0.6)
    if agreement < 0.42:
        return f"agrees with the weak labels on only {agreement:.0%}, less than chance"
    return ""


def keys_of(memory: Memory) -> frozenset[str]:
    """Keys of all submissions whose code is known: nobody's work is submitted again."""
    return frozenset(known.genome.key() for known in memory.submissions.values() if known.genome is not None)


def post_to_answer(memory: Memory, parents: Iterable[str], researcher: str) -> Post | None:
    """The first post by someone else about a submission that was built on, unless it was answered."""
    wanted = set(parents)
    for post in memory.posts:
        if (
            post.researcher != researcher
            and post.number not in memory.answered
            and wanted & set(post.submissions[:1])
        ):
            return post
    return None


def score(answer: dict[str, Any], otherwise: float | None) -> float | None:
    """The accuracy that an answer tells of a submission, between 0 and 1; `otherwise` where it tells none."""
    value = number(answer.get("score"), -1.0)
    return value if 0.0 <= value <= 1.0 else otherwise


def number(value: object, otherwise: float) -> float:
    """A finite number, or `otherwise`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e12:
        return float(otherwise)
    return float(value)


def _heard(memory: Memory, name: str, status: str) -> None:
    known = memory.submissions.setdefault(name, Known())
    if name != memory.pending:
        known.status = status


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _name(value: object) -> str:
    text = str(value or "")
    return text if text.isalnum() and text.isascii() and len(text) <= 40 else ""
