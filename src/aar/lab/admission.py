"""Who may hand in one method more: asked before anything is stored, and again as it is taken in."""

from __future__ import annotations

from aar.database import Transaction, researchers, submissions
from aar.database.researchers import AT_WORK, Researcher, Role
from aar.errors import NotNow, OverBudget
from aar.settings import Settings


def refuse_used_up(tx: Transaction, settings: Settings, who: Researcher) -> None:
    """`OverBudget` once the submissions of a researcher, or of the study, are used."""
    if who.submissions is not None and submissions.count(tx, who.name) >= who.submissions:
        raise OverBudget(f"all {who.submissions} submissions of {who.name} are used")
    in_all = settings.submissions_in_all
    if who.role is Role.RESEARCHER and in_all is not None and submissions.count_of_researchers(tx) >= in_all:
        raise OverBudget(f"all {in_all} submissions of this study are used")


def refuse_late_guest(tx: Transaction, who: Researcher, *, stays_open: bool) -> None:
    """`NotNow` for a guest once the run's own researchers are done, unless the lab stays open for guests."""
    if not who.outside or stays_open:
        return
    if not any(one.state in AT_WORK for one in researchers.own(tx)):
        raise NotNow("the run's own researchers are done, and the run ends once everything is judged")
