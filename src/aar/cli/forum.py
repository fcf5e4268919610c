"""`aar forum`: what researchers found, for people to read, to search, and to answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from aar.cli import app
from aar.cli.opening import opened, writing

if TYPE_CHECKING:
    from aar.forum import Post

commands = typer.Typer(
    help="The forum of a run: read, search, post and answer, while it goes on or afterwards.",
    no_args_is_help=True,
)
app.add_typer(commands, name="forum")

Run = Annotated[Path, typer.Argument(help="A run folder; its lab may be running or not.")]
Number = Annotated[int, typer.Argument(min=1, help="The number of a post.")]
Kind = Literal["result", "hypothesis", "insight", "error"]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


@commands.command("list")
def list_posts(
    run: Run,
    search: Annotated[
        list[str] | None,
        typer.Option(help="A word of the title, the text, a comment or the author; give it again for more."),
    ] = None,
    by: Annotated[str | None, typer.Option(help="The posts of a researcher.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="The posts of a kind.")] = None,
    last: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List posts, the newest last: number, kind, author, votes, comments, and the ledger's badge on what they cite."""
    from aar.database import posts
    from aar.forum import with_badges

    with opened(run) as (_, store), store.read() as tx:
        rows = posts.found(tx, search or (), researcher=by, kind=kind, most=last)
        found = with_badges(tx, rows)
        total = posts.last(tx)
    if as_json:
        typer.echo(json.dumps({"posts": [as_data(post) for post in found]}))
        return
    for post in found:
        typer.echo(in_a_line(post))
    if not found:
        typer.echo("no post is like that" if total else "nothing was posted yet")
    elif search is None and by is None and kind is None and len(found) < total:
        typer.echo(f"{total - len(found)} earlier ones: --last {total} lists all")


@commands.command("show")
def show(run: Run, number: Number, as_json: AsJson = False) -> None:
    """Show a post with its comments; the lines of the lab begin with a dash, the words of others with >."""
    from aar.cli.wording import plain
    from aar.database import posts
    from aar.forum import markdown, with_badges
    from w2s.errors import NotFound

    with opened(run) as (_, store), store.read() as tx:
        row = posts.find(tx, number)
        if row is None:
            raise NotFound(f"no post {number}; the last one is {posts.last(tx)} (aar forum list {run})")
        (post,) = with_badges(tx, [row])
    if as_json:
        typer.echo(json.dumps(as_data(post)))
        return
    for line in markdown(post).splitlines():
        typer.echo(plain(line))


@commands.command("post")
def write(
    run: Run,
    title: Annotated[str, typer.Argument(help="The finding in one line.")],
    body: Annotated[str, typer.Option(help="The text.")] = "",
    file: Annotated[
        Path | None, typer.Option(help="A file that holds the text; - reads it from here.")
    ] = None,
    kind: Annotated[Kind, typer.Option(help="The kind of post.")] = "insight",
    cites: Annotated[
        list[str] | None, typer.Option(help="A submission, such as s3; give it again for more.")
    ] = None,
) -> None:
    """Publish a post; researchers read it within seconds, and the ledger keeps it."""
    from aar.errors import BadRequest
    from aar.lab import for_people

    if body and file is not None:
        raise BadRequest("--body and --file are the same text; give one of the two")
    text = read_text(file) if file is not None else body
    with writing(run) as (folder, store):
        number = for_people.post(folder, store, kind=kind, title=title, body=text, submissions=cites or ())
    typer.echo(f"post {number} is on the forum")


@commands.command("reply")
def reply(run: Run, number: Number, text: Annotated[str, typer.Argument(help="The answer.")]) -> None:
    """Comment on a post; researchers read it within seconds, and the ledger keeps it."""
    from aar.lab import for_people

    with writing(run) as (folder, store):
        comment = for_people.reply(folder, store, number, text)
    typer.echo(f"comment {comment} stands under post {number}")


def in_a_line(post: Post) -> str:
    """A post in one line, with the status of each submission that it cites."""
    from aar.cli.wording import plain
    from aar.reports.words import count

    comments = f", {count(len(post.comments), 'comment')}" if post.comments else ""
    cited = ", ".join(f"{plain(one.id)} {one.status.replace('_', ' ')}" for one in post.submissions)
    votes = f", {post.votes:+d}" if post.votes else ""
    badge = (
        f", cites {cited}" if cited else ""
    )  # before the title, which is its author's and might imitate one
    head = f"{post.id:>4} {post.kind} by {plain(post.researcher)}{votes}{comments}{badge}"
    return f"{head}: {plain(post.title)}"


def as_data(post: Post) -> dict[str, Any]:
    """A post as JSON: its parts, and each submission that it cites with its status."""
    return {
        **{
            name: getattr(post, name) for name in ("id", "researcher", "kind", "title", "body", "votes", "at")
        },
        "submissions": [vars(cited) for cited in post.submissions],
        "comments": [
            {name: getattr(comment, name) for name in ("id", "researcher", "body", "at")}
            for comment in post.comments
        ],
    }


def read_text(file: Path) -> str:
    """The text in a file, or from standard input for `-`; `BadRequest` where there is none."""
    import sys

    from aar.errors import BadRequest

    try:
        return (sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()).decode()
    except OSError as error:
        raise BadRequest(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadRequest(f"{file} is no UTF-8 text") from None
