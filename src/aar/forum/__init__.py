"""The forum: findings of the researchers, with the ledger's badge on every submission that a post cites."""

from aar.forum.board import KINDS, MAX_CITED, Forum
from aar.forum.pages import file_name, markdown
from aar.forum.posts import Cited, Post, all_posts, with_badges
from aar.forum.text import MAX_BODY, MAX_COMMENT, MAX_TITLE

__all__ = [
    "KINDS",
    "MAX_BODY",
    "MAX_CITED",
    "MAX_COMMENT",
    "MAX_TITLE",
    "Cited",
    "Forum",
    "Post",
    "all_posts",
    "file_name",
    "markdown",
    "with_badges",
]
