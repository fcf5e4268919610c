"""One self-contained page that shows what a run found, made from the database alone.

    path = write_report(Path("runs/20261121-093000-mini-chat"))

The page needs no network, runs no script and loads nothing: its content security policy forbids it all.
What researchers wrote is text on it, never markup of its own.
"""

from aar.reports.page import write_report

__all__ = ["write_report"]
