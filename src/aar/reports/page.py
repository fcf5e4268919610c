"""The report's page: contents, drawings and style put into one file."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path

import aar.database
from aar.database import Database
from aar.durations import duration
from aar.errors import DiskFull
from aar.folder import LabFolder
from aar.reports import charts, contents, drawings, ideas, words
from aar.reports.findings import findings
from aar.researchers import directions
from w2s.files import write_whole


def write_report(lab: Path) -> Path:
    """Write `report.html` into the lab folder from its database; the path of the page.

    Raises `NoLab` or `WrongFormat` where there is no database to read, `DiskFull` where the page cannot
    be written. A ledger that does not verify is said at the top of the page.
    """
    folder = LabFolder(lab)
    database = aar.database.open(folder.storage)
    try:
        page = render(database, mirror=folder.ledger)
    finally:
        database.close()
    try:
        write_whole(folder.report, page)
    except OSError as error:
        raise DiskFull(f"cannot write {folder.report} ({error.strerror}); free some space") from error
    return folder.report


def render(database: Database, *, mirror: Path) -> str:
    """The page as text; `mirror` is the ledger's JSON lines file, held against the database where it exists."""
    import jinja2
    from markupsafe import Markup

    shown = contents.read(database, mirror=mirror)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("aar.reports", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        interval=words.interval,
        signed=words.signed,
        fraction=words.fraction,
        duration=duration,
        day=words.day,
        count=words.count,
        label=words.label,
        titled=directions.title,
        markdown=lambda text: Markup(markdown(text)),
        audited=words.audited,
        whisker=lambda entry: Markup(drawings.whisker(shown, entry)),
    )
    style = files("aar.reports").joinpath("report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html.jinja").render(
        c=shown,
        status=words.STATUS,
        ended=words.ENDED,
        enough=words.ENOUGH,
        trouble=words.TROUBLE,
        findings=findings(shown, run=_typed(mirror.parent)),
        progress=Markup(charts.progress(shown)),
        lineage=Markup(drawings.lineage(shown)),
        ideas=ideas.shown(shown.ideas, shown.judged),
        style=Markup(style),
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def _typed(run: Path) -> str:
    """A run folder as a shell here finds it: below the current folder without the path to that."""
    return str(run.relative_to(Path.cwd()) if run.is_relative_to(Path.cwd()) else run)


def markdown(text: str) -> str:
    """A post's Markdown as HTML: no raw HTML, no images, no links; tables and code are kept.

    >>> print(markdown("**bold** <b>not</b>"), end="")
    <p><strong>bold</strong> &lt;b&gt;not&lt;/b&gt;</p>
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    return str(parser.disable(["image", "link", "autolink", "reference"]).render(text))
