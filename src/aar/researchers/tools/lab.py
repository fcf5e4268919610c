"""Tools for a researcher's requests to the lab."""

from __future__ import annotations

import re
import time
from typing import cast

from aar.database.progress import Activity
from aar.researchers.lab_client import LONGEST_POLL_S
from aar.researchers.output import line, shortened
from aar.researchers.refusals import Declined, Refusal, declines
from aar.researchers.tools.context import ToolContext
from aar.researchers.tools.results import (
    Fetched,
    Posted,
    Posts,
    Practised,
    Ranks,
    Standing,
    Status,
    Verdict,
    Voted,
)
from aar.researchers.workspace import HOME
from aar.submissions.in_sandbox import collect

LONGEST_WAIT_S = 600
PRACTICE_WAIT_S = 180.0
MOST_POSTS = 20
MOST_BODY = 1500
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,100}\.py")


@declines
async def my_status(context: ToolContext) -> Status | Declined:
    """Your direction, what is left of minutes, submissions, money and tokens, how your submissions stand, and the
    queue: your runs that wait, nominal minutes until they are done, and seconds to wait if your methods keep failing.
    """
    await context.client.progress(Activity.READING, "its status")
    return cast(Status, await context.client.me())


@declines
async def read_forum(context: ToolContext, after: int = 0) -> Posts | Declined:
    """Posts on the forum, newest last; the newest 20 with an id above `after`.

    All posts are also files in /workspace/forum. Status words next to submissions are the lab's own.

    Args:
        after: Id of the last post that you have read; 0 for all.
    """
    await context.client.progress(Activity.READING, "the forum")
    posts = (await context.client.forum(after)).get("posts", [])
    shown = [
        {**post, "body": shortened(str(post.get("body", "")), MOST_BODY)} for post in posts[-MOST_POSTS:]
    ]
    return {"posts": shown, "older_not_shown": max(0, len(posts) - MOST_POSTS)}


@declines
async def post_finding(
    context: ToolContext, kind: str, title: str, body: str, submissions: list[str]
) -> Posted | Declined:
    """Tell the other researchers what you found, including what did not work.

    Args:
        kind: One of result, hypothesis, insight, error.
        title: One line.
        body: Markdown. Cite the submissions that it is about by their ids.
        submissions: Ids of the submissions that it is about, yours or others'; may be empty.
    """
    await context.client.progress(Activity.POSTING, line(title))
    return cast(Posted, await context.client.post(kind, title, body, submissions))


@declines
async def comment(context: ToolContext, post: int, body: str) -> Posted | Declined:
    """Comment on a post.

    Args:
        post: Id of the post.
        body: Markdown.
    """
    await context.client.progress(Activity.POSTING, f"a comment on post {post}")
    return cast(Posted, await context.client.comment(post, body))


@declines
async def vote(context: ToolContext, post: int, value: int) -> Voted | Declined:
    """Vote on a post; a later vote replaces the earlier one.

    Args:
        post: Id of the post.
        value: 1 if it helped you, -1 if it misled you.
    """
    await context.client.progress(Activity.POSTING, f"a vote on post {post}")
    return cast(Voted, await context.client.vote(post, value))


@declines
async def leaderboard(context: ToolContext) -> Ranks | Declined:
    """The lab's record in words, and the ranked submissions with their status words, and scores if any are told."""
    await context.client.progress(Activity.READING, "the leaderboard")
    return cast(Ranks, await context.client.leaderboard())


@declines
async def practice(context: ToolContext, folder: str) -> Practised | Declined:
    """Run a method on the practice items, which are never scored. Nothing is learnt about accuracy:
    you see that it runs, its errors with their place, how often the labels that it trained on agree with the weak
    ones (null if it trained on none), the share of class 1, what it logged, and its nominal cost. A run that takes
    longer than one call waits is "running" then: call again with the same folder.

    Args:
        folder: Folder in your workspace with `method.py`; its .py files are sent.
    """
    await context.client.progress(Activity.PRACTISING, line(folder))
    run = await context.client.practice(await collect(context.files, folder))
    return cast(Practised, await context.client.practice_result(run, wait_s=PRACTICE_WAIT_S))


@declines
async def submit_method(
    context: ToolContext, folder: str, title: str, summary: str, parents: list[str], claim: str
) -> Standing | Declined:
    """Hand a method in. The lab runs this code on items and seeds that it draws itself.

    Args:
        folder: Folder in your workspace with `method.py`; its .py files are sent, 64 KiB at most.
        title: One line.
        summary: What it does and why it should work.
        parents: Ids of the submissions that it builds on, yours or others'; may be empty.
        claim: What you expect; it is shown as your claim and decides nothing.
    """
    await context.client.progress(Activity.SUBMITTING, line(title))
    files = await collect(context.files, folder)
    return cast(
        Standing,
        await context.client.submit(files, title=title, summary=summary, parents=parents, claim=claim),
    )


@declines
async def fetch_submission(context: ToolContext, submission: str) -> Fetched | Declined:
    """Write the code of anyone's submission to /workspace/others/ID/; tells its title, author and parents.

    Args:
        submission: Its id.
    """
    if (wrong := no_id(submission)) is not None:
        return wrong
    await context.client.progress(Activity.READING, f"the code of {submission}")
    submitted = await context.client.submission_files(submission)
    files = {name: str(text) for name, text in dict(submitted.get("files", {})).items() if _plain(name)}
    try:
        for name, text in files.items():
            await context.files.write_file(f"{HOME}/others/{submission}/{name}", text)
    except OSError as error:
        return Declined(Refusal.NO_FILE, str(error))
    return cast(
        Fetched,
        {**{key: value for key, value in submitted.items() if key != "files"}, "written": sorted(files)},
    )


@declines
async def withdraw_submission(context: ToolContext, submission: str) -> Standing | Declined:
    """Take back a submission of yours whose dev runs have not all ended, so that they make room; it stays counted.

    Args:
        submission: Its id.
    """
    if (wrong := no_id(submission)) is not None:
        return wrong
    await context.client.progress(Activity.SUBMITTING, f"takes {submission} back")
    return cast(Standing, await context.client.withdraw(submission))


@declines
async def wait_for_verdict(context: ToolContext, submission: str, seconds: int = 120) -> Verdict | Declined:
    """Wait until the lab has decided on a submission, or the time is over; tells its status word, and whether the
    lab has stopped taking submissions.

    Args:
        submission: Its id.
        seconds: How long to wait, at most 600.
    """
    await context.client.progress(Activity.WAITING, f"for the verdict on {submission[:40]}")
    end = time.monotonic() + max(0, min(seconds, LONGEST_WAIT_S))
    while True:
        left = max(0.0, end - time.monotonic())
        answer = await context.client.submission(submission, wait_s=min(left, LONGEST_POLL_S))
        stop = bool((await context.client.me()).get("stop"))
        if answer.get("status") != "pending" or stop or left <= LONGEST_POLL_S:
            return cast(Verdict, {**answer, "stop": stop})


@declines
async def wait_for_news(context: ToolContext, seconds: int = 300) -> Status | Declined:
    """Wait until anything changes for you, or the time is over: a verdict on one of your submissions, a new
    post, the lab's stop, or a freed place in the queue. Tells your status then, as `my_status` does.

    Args:
        seconds: How long to wait, at most 600.
    """
    await context.client.progress(Activity.RESTING)
    return cast(Status, await context.client.news(wait_s=max(0, min(seconds, LONGEST_WAIT_S))))


def _plain(name: object) -> bool:
    return isinstance(name, str) and bool(_FILE.fullmatch(name)) and ".." not in name


def no_id(text: str) -> Declined | None:
    """The refusal of what cannot be a submission's id; None for what can."""
    if _NAME.fullmatch(text):
        return None
    return Declined(Refusal.BAD_REQUEST, f"{text[:40]!r} is no submission id; they look like s1")
