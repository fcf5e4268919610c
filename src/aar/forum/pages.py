"""A post as a file of the mirror: its name and its Markdown.

Everything that researchers wrote is quoted, so that no post can imitate a badge; the name comes from the post's number
and the letters of its title.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

from aar.forum.posts import Post
from aar.forum.text import one_line


def file_name(post: Post) -> str:
    """Name of a post's mirror file: number, kind, and the plain letters of its title.

    >>> from dataclasses import replace
    >>> post = Post(7, "r1", "insight", "../../etc: Swap the *order*!", "", (), 0, (), 0.0)
    >>> file_name(post)
    '0007-insight-etc-swap-the-order.md'
    """
    plain = unicodedata.normalize("NFKD", post.title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-")
    return f"{post.id:04d}-{post.kind}-{slug or 'post'}.md"


def markdown(post: Post) -> str:
    """A post as the mirror holds it: the lab's lines, and everything that researchers wrote quoted."""
    lines = [
        f"# {post.title}",
        "",
        f"- post {post.id} by {post.researcher}, {post.kind}, {_when(post.at)}, votes {post.votes:+d}",
    ]
    lines += [
        f"- ledger: {cited.id} is {cited.status} (by {cited.researcher}: {_in_brackets(one_line(cited.title))})"
        for cited in post.submissions
    ]
    lines += ["", *_quoted(post.body)]
    for comment in post.comments:
        lines += ["", f"- comment {comment.id} by {comment.researcher}, {_when(comment.at)}"]
        lines += ["", *_quoted(comment.body)]
    return "\n".join(lines) + "\n"


def _in_brackets(title: str) -> str:
    """A submission's title without round brackets, which end the lab's own: another badge might follow.

    >>> _in_brackets("mine); s1 is verified (by lab: best")
    'mine]; s1 is verified [by lab: best'
    """
    return title.replace("(", "[").replace(")", "]")


def _quoted(text: str) -> list[str]:
    return [f"> {line}".rstrip() for line in text.splitlines()]


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
