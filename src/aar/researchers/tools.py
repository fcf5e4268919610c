"""What a researcher can do: work in its workspace, and speak to the lab; the same for every model.

The tools run on the host and speak to the lab themselves, with patience, so that a restart of the lab
is only a pause. Everything that touches the workspace goes through its sandbox.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aar.errors import Refused
from aar.researchers.lab_client import LabClient
from aar.researchers.method_folder import collect
from aar.researchers.workspace_sandbox import HOME

if TYPE_CHECKING:
    from inspect_ai.tool import ToolDef

LONGEST_COMMAND_S = 600
LONGEST_WAIT_S = 600
PRACTICE_WAIT_S = 180.0
MOST_OUTPUT = 12_000
MOST_POSTS = 20
MOST_BODY = 1500
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,100}\.py")


def workspace_tools(client: LabClient) -> list[ToolDef]:
    """bash, python, write_file, read_file: in the researcher's own sandbox."""
    from inspect_ai.tool import ToolDef, ToolError
    from inspect_ai.util import sandbox

    async def _run(command: list[str], script: str | None, seconds: int) -> str:
        limit = max(1, min(seconds, LONGEST_COMMAND_S))
        try:
            done = await sandbox().exec(command, input=script, timeout=limit, timeout_retry=False)
        except TimeoutError:
            raise ToolError(f"no end after {limit} s; start long jobs in the background with nohup") from None
        text = done.stdout + (f"\n[stderr]\n{done.stderr}" if done.stderr else "")
        return shortened(text) + ("" if done.returncode == 0 else f"\n[exit code {done.returncode}]")

    async def bash(command: str, seconds: int = 60) -> str:
        """Run a bash command in your workspace.

        It starts in /workspace. There is no network. Files stay; background jobs live until your session ends.

        Args:
            command: The command.
            seconds: Time limit, at most 600.
        """
        await client.progress("rests" if command.startswith("sleep ") else f"runs `{_line(command)}`")
        return await _run(["bash", "-c", command], None, seconds)

    async def python(code: str, seconds: int = 60) -> str:
        """Run a Python script in your workspace; print what you want to see. `import w2s` works there.

        Args:
            code: The script.
            seconds: Time limit, at most 600.
        """
        await client.progress("runs a Python script")
        return await _run(["python3", "-"], code, seconds)

    async def write_file(path: str, content: str) -> str:
        """Write a text file in your workspace; folders are made as needed.

        Args:
            path: Where, relative to /workspace or absolute.
            content: The whole text.
        """
        if "notebook" not in path:
            await client.progress(f"writes {_line(path)}")
        try:
            await sandbox().write_file(path, content)
        except OSError as error:
            raise ToolError(str(error)) from error
        return f"wrote {len(content)} characters to {path}"

    async def read_file(path: str) -> str:
        """Read a text file in your workspace.

        Args:
            path: Where, relative to /workspace or absolute.
        """
        try:
            return await sandbox().read_file(path)
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(str(error)) from error

    return [
        ToolDef(bash),
        ToolDef(python),
        ToolDef(write_file),
        ToolDef(read_file, max_output=150_000),
    ]


def lab_tools(client: LabClient) -> list[ToolDef]:
    """Forum, leaderboard, practice, submissions: the lab's side."""
    from inspect_ai.tool import ToolDef, ToolError
    from inspect_ai.util import sandbox

    async def _ask(question: Awaitable[Any]) -> Any:
        try:
            return await question
        except Refused as refusal:
            raise ToolError(str(refusal)) from refusal

    async def _files(folder: str) -> dict[str, str]:
        return dict(await _ask(collect(sandbox(), folder)))

    async def my_status() -> str:
        """Your direction, the minutes and submissions that are left, how your submissions stand, and the queue:
        your runs that wait, nominal minutes until they are done, and seconds to wait if your methods keep failing.
        """
        return told(await _ask(client.me()))

    async def read_forum(after: int = 0) -> str:
        """Posts on the forum, newest last; the newest 20 with an id above `after`.

        All posts are also files in /workspace/forum. Status words next to submissions are the lab's own.

        Args:
            after: Id of the last post that you have read; 0 for all.
        """
        await client.progress("reads the forum")
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
        await client.progress(f"posts: {_line(title)}")
        return told(await _ask(client.post(kind, title, body, submissions)))

    async def comment(post: int, body: str) -> str:
        """Comment on a post.

        Args:
            post: Id of the post.
            body: Markdown.
        """
        return told(await _ask(client.comment(post, body)))

    async def vote(post: int, value: int) -> str:
        """Vote on a post; a later vote replaces the earlier one.

        Args:
            post: Id of the post.
            value: 1 if it helped you, -1 if it misled you.
        """
        return told(await _ask(client.vote(post, value)))

    async def leaderboard() -> str:
        """The lab's record in words, and the ranked submissions with their status words, and scores if any are told."""
        return told(await _ask(client.leaderboard()))

    async def practice(folder: str) -> str:
        """Run a method on the practice items, which are never scored. Nothing is learnt about accuracy:
        you see that it runs, its errors with their place, how often its predictions agree with the weak labels,
        the share of class 1, what it logged, and its nominal cost.

        Args:
            folder: Folder in your workspace with `method.py`; its .py files are sent.
        """
        await client.progress(f"tries {_line(folder)} in practice")
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
        await client.progress(f"submits: {_line(title)}")
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
        await client.progress(f"withdraws {submission}")
        return told(await _ask(client.withdraw(submission)))

    async def wait_for_verdict(submission: str, seconds: int = 120) -> str:
        """Wait until the lab has decided on a submission, or the time is over; tells its status word.

        Args:
            submission: Its id.
            seconds: How long to wait, at most 600.
        """
        await client.progress(f"waits for the verdict on {submission[:40]}")
        end = time.monotonic() + max(0, min(seconds, LONGEST_WAIT_S))
        while True:
            left = end - time.monotonic()
            answer = await _ask(client.submission(submission, wait_s=max(0.0, min(left, 10.0))))
            if answer.get("status") != "pending" or left <= 10.0 or (await _ask(client.me())).get("stop"):
                return told(answer)

    plain: list[Callable[..., Any]] = [my_status, read_forum, leaderboard, post_finding, comment, vote]
    rest: list[Callable[..., Any]] = [
        practice,
        submit_method,
        withdraw_submission,
        fetch_submission,
        wait_for_verdict,
    ]
    return [ToolDef(each, max_output=60_000) for each in (*plain, *rest)]


def told(answer: Any) -> str:
    """An answer of the lab as the model reads it."""
    return json.dumps(answer, indent=1, ensure_ascii=False)


def shortened(text: str, most: int = MOST_OUTPUT) -> str:
    """Text with its middle left out if it is longer than `most` characters.

    >>> shortened("abcdef", 4)
    'ab\\n[... 2 characters left out ...]\\nef'
    """
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def _line(text: str) -> str:
    return " ".join(text.split())[:100]


def _plain(name: object) -> bool:
    return isinstance(name, str) and bool(_FILE.fullmatch(name)) and ".." not in name
