"""What a researcher can say to the lab and ask of it; the same tools for every model.

The tools run on the host and speak to the lab themselves, with patience, so that a restart of the lab
is only a pause. Everything that touches the workspace goes through its sandbox.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aar.database.progress import Activity
from aar.errors import Refused
from aar.researchers.lab_client import LONGEST_POLL_S, LabClient
from aar.researchers.output import line, shortened, told
from aar.researchers.refusals import written
from aar.researchers.workspace_sandbox import HOME
from aar.submissions.in_sandbox import collect

if TYPE_CHECKING:
    from inspect_ai.tool import ToolDef

LONGEST_WAIT_S = 600
PRACTICE_WAIT_S = 180.0
MOST_POSTS = 20
MOST_BODY = 1500
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,100}\.py")


def lab_tools(client: LabClient) -> list[ToolDef]:
    """Forum, leaderboard, practice, submissions: the lab's side."""
    from inspect_ai.tool import ToolDef, ToolError
    from inspect_ai.util import sandbox

    async def _ask(question: Awaitable[Any]) -> Any:
        try:
            return await question
        except Refused as refusal:
            raise ToolError(written(refusal)) from refusal

    async def _files(folder: str) -> dict[str, str]:
        return dict(await _ask(collect(sandbox(), folder)))

    async def my_status() -> str:
        """Your direction, the minutes and submissions that are left, how your submissions stand, and the queue:
        your runs that wait, nominal minutes until they are done, and seconds to wait if your methods keep failing.
        """
        await client.progress(Activity.READING, "its status")
        return told(await _ask(client.me()))

    async def read_forum(after: int = 0) -> str:
        """Posts on the forum, newest last; the newest 20 with an id above `after`.

        All posts are also files in /workspace/forum. Status words next to submissions are the lab's own.

        Args:
            after: Id of the last post that you have read; 0 for all.
        """
        await client.progress(Activity.READING, "the forum")
        posts = (await _ask(client.forum(after))).get("posts", [])
        shown = [
            {**post, "body": shortened(str(post.get("body", "")), MOST_BODY)} for post in posts[-MOST_POSTS:]
        ]
        return told({"posts": shown, "older_not_shown": max(0, len(posts) - MOST_POSTS)})

    async def post_finding(kind: str, title: str, body: str, submissions: list[str]) -> str:
        """Tell the other researchers what you found, including what did not work.

        Args:
            kind: One of result, hypothesis, insight, error.
            title: One line.
            body: Markdown. Cite the submissions that it is about by their ids.
            submissions: Ids of the submissions that it is about, yours or others'; may be empty.
        """
        await client.progress(Activity.POSTING, line(title))
        return told(await _ask(client.post(kind, title, body, submissions)))

    async def comment(post: int, body: str) -> str:
        """Comment on a post.

        Args:
            post: Id of the post.
            body: Markdown.
        """
        await client.progress(Activity.POSTING, f"a comment on post {post}")
        return told(await _ask(client.comment(post, body)))

    async def vote(post: int, value: int) -> str:
        """Vote on a post; a later vote replaces the earlier one.

        Args:
            post: Id of the post.
            value: 1 if it helped you, -1 if it misled you.
        """
        await client.progress(Activity.POSTING, f"a vote on post {post}")
        return told(await _ask(client.vote(post, value)))

    async def leaderboard() -> str:
        """The lab's record in words, and the ranked submissions with their status words, and scores if any are told."""
        await client.progress(Activity.READING, "the leaderboard")
        return told(await _ask(client.leaderboard()))

    async def practice(folder: str) -> str:
        """Run a method on the practice items, which are never scored. Nothing is learnt about accuracy:
        you see that it runs, its errors with their place, how often its predictions agree with the weak labels,
        the share of class 1, what it logged, and its nominal cost.

        Args:
            folder: Folder in your workspace with `method.py`; its .py files are sent.
        """
        await client.progress(Activity.PRACTISING, line(folder))
        run = await _ask(client.practice(await _files(folder)))
        return told(await _ask(client.practice_result(run, wait_s=PRACTICE_WAIT_S)))

    async def submit_method(folder: str, title: str, summary: str, parents: list[str], claim: str) -> str:
        """Hand a method in. The lab runs this code on items and seeds that it draws itself.

        Args:
            folder: Folder in your workspace with `method.py`; its .py files are sent, 64 KiB at most.
            title: One line.
            summary: What it does and why it should work.
            parents: Ids of the submissions that it builds on, yours or others'; may be empty.
            claim: What you expect; it is shown as your claim and decides nothing.
        """
        await client.progress(Activity.SUBMITTING, line(title))
        files = await _files(folder)
        return told(
            await _ask(client.submit(files, title=title, summary=summary, parents=parents, claim=claim))
        )

    async def fetch_submission(submission: str) -> str:
        """Write the code of anyone's submission to /workspace/others/ID/; tells its title, author and parents.

        Args:
            submission: Its id.
        """
        if not _NAME.fullmatch(submission):
            raise ToolError(f"{submission[:40]!r} is no submission id; they look like s1")
        await client.progress(Activity.READING, f"the code of {submission}")
        found = await _ask(client.submission_files(submission))
        files = {name: str(text) for name, text in dict(found.get("files", {})).items() if _plain(name)}
        for name, text in files.items():
            await sandbox().write_file(f"{HOME}/others/{submission}/{name}", text)
        return told(
            {**{key: value for key, value in found.items() if key != "files"}, "written": sorted(files)}
        )

    async def withdraw_submission(submission: str) -> str:
        """Take back a submission of yours that is still on dev, so that its runs make room; it stays counted.

        Args:
            submission: Its id.
        """
        if not _NAME.fullmatch(submission):
            raise ToolError(f"{submission[:40]!r} is no submission id; they look like s1")
        await client.progress(Activity.SUBMITTING, f"takes {submission} back")
        return told(await _ask(client.withdraw(submission)))

    async def wait_for_verdict(submission: str, seconds: int = 120) -> str:
        """Wait until the lab has decided on a submission, or the time is over; tells its status word, and whether the
        lab has stopped taking submissions.

        Args:
            submission: Its id.
            seconds: How long to wait, at most 600.
        """
        await client.progress(Activity.WAITING, f"for the verdict on {submission[:40]}")
        end = time.monotonic() + max(0, min(seconds, LONGEST_WAIT_S))
        while True:
            left = max(0.0, end - time.monotonic())
            answer = await _ask(client.submission(submission, wait_s=min(left, LONGEST_POLL_S)))
            stop = bool((await _ask(client.me())).get("stop"))
            if answer.get("status") != "pending" or stop or left <= LONGEST_POLL_S:
                return told({**answer, "stop": stop})

    async def wait_for_news(seconds: int = 300) -> str:
        """Wait until anything changes for you, or the time is over: a verdict on one of your submissions, a new
        post, the lab's stop, or a freed place in the queue. Tells your status then, as `my_status` does.

        Args:
            seconds: How long to wait, at most 600.
        """
        await client.progress(Activity.RESTING)
        return told(await _ask(client.news(wait_s=max(0, min(seconds, LONGEST_WAIT_S)))))

    plain: list[Callable[..., Any]] = [my_status, read_forum, leaderboard, post_finding, comment, vote]
    rest: list[Callable[..., Any]] = [
        practice,
        submit_method,
        withdraw_submission,
        fetch_submission,
        wait_for_verdict,
        wait_for_news,
    ]
    return [ToolDef(each, max_output=60_000) for each in (*plain, *rest)]


def _plain(name: object) -> bool:
    return isinstance(name, str) and bool(_FILE.fullmatch(name)) and ".." not in name
