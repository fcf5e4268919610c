"""Queues the runs that verdicts ask for, and tells the phase of a lab: one step after whatever was committed.

A step reads first. It opens a write transaction only if there is something to write, and looks again in there, since
somebody else may have written meanwhile. What is queued already is not asked for a second time.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aar.database import Transaction, meta, researchers, spending, submissions, verdicts, waiting
from aar.database.researchers import Role
from aar.database.spending import Spending
from aar.database.submissions import Submission
from aar.lab import budgets, cancellation, needs
from aar.lab.intake import Lab
from aar.lab.needs import Conducted, Need

Phase = Literal["baselines", "research", "settling", "closing", "finished"]
"""Until the Ladder stands; while methods are taken in; until they are judged; last turns of researchers; the end."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """State of the lab at one look at the database.

    Attributes:
        undecided: Submissions that are not decided.
        baselines: The lab's own submissions.
        needs: Runs that should stand in the queue.
        refused: Codes whose waiting runs on sealed nobody needs any more.
        lost: How many runs were lost so far.
    """

    undecided: Sequence[Submission]
    baselines: Sequence[Submission]
    needs: tuple[Need, ...]
    refused: frozenset[str]
    lost: int

    @property
    def ladder_stands(self) -> bool:
        """True if every baseline has its verdict on dev."""
        return bool(self.baselines) and all(baseline.stage != "dev" for baseline in self.baselines)

    def is_done(self, done: Conducted) -> bool:
        """True if all the work at this look is done already."""
        met = self.lost == done.lost and done.met.issuperset(self.needs)
        return (met or not self.needs) and done.refused.issuperset(self.refused)


def advance(lab: Lab) -> Phase:
    """Queue what the scorer's verdicts ask for, and say in which phase the run is."""
    with lab.database.read() as tx:
        look = _look(lab, tx)
        phase = _phase(lab, tx, look)
        rest = look.is_done(lab.conducted) and phase == meta.find(tx, "phase", None)
        submitted = look.undecided if lab.conducted.shown else submissions.all(tx)
    for submission in submitted:
        if submission.code_hash not in lab.conducted.shown:
            lab.show_code(submission)
            lab.conducted.shown.add(submission.code_hash)
    if rest:
        return phase
    with lab.database.write() as tx:
        look = _look(lab, tx)
        _act(lab, tx, look)
        phase = _phase(lab, tx, look)
        if meta.find(tx, "phase", None) != phase:
            meta.put(tx, "phase", phase)
    # only now: what was not committed was not done
    lab.conducted.keep(look.needs, refused=look.refused, lost=look.lost)
    return phase


def _look(lab: Lab, tx: Transaction) -> Look:
    undecided, baselines = submissions.undecided(tx), submissions.all(tx, role=Role.BASELINE)
    look = Look(
        undecided,
        baselines,
        needs=tuple(needs.of_confirmations(tx, lab.settings, undecided)),
        refused=frozenset(cancellation.refused_codes(tx, undecided)),
        lost=waiting.counts(tx).get("lost", 0),
    )
    if not look.ladder_stands or lab.time_is_over:
        return look
    return replace(look, needs=(*look.needs, *needs.of_baselines(tx, lab.settings, baselines, undecided)))


def _act(lab: Lab, tx: Transaction, look: Look) -> None:
    """Queue what is needed and not queued yet, and cancel what nobody needs any more."""
    done = lab.conducted
    met = done.met if look.lost == done.lost else frozenset[Need]()
    for need in look.needs:
        if need in met:
            continue
        submission = submissions.get(tx, need.submission)
        if need.wanted is not None:
            lab.queue.wanted(tx, submission, [need.wanted])
        else:
            lab.queue.sealed(
                tx,
                submission,
                seeds=need.seeds,
                students=need.students,
                spare=need.spare,
                paid_by=need.paid_by,
            )
        logger.debug("runs of %s are queued for a verdict", need.submission)
    cancellation.end_refused(tx, look.refused - done.refused)


def _phase(lab: Lab, tx: Transaction, look: Look) -> Phase:
    if lab.time_is_over or _nobody_left(tx):
        return "finished"
    return _after_baselines(lab, tx, look) if look.ladder_stands else "baselines"


def _after_baselines(lab: Lab, tx: Transaction, look: Look) -> Phase:
    people = researchers.own(tx)
    if lab.stays_open and not lab.research_is_over:
        return "research"
    working = any(row.state in researchers.AT_WORK for row in people)
    if working and not lab.research_is_over and not _used_up(lab, tx, people):
        return "research"
    if any(row.role is not Role.BASELINE for row in look.undecided):
        return "settling"
    if _owed(tx, look.baselines) or waiting.unfinished(tx, split="sealed"):
        return "settling"
    return "closing" if working else "finished"


def _nobody_left(tx: Transaction) -> bool:
    """True if every researcher was given up before any submission: there is nothing to wait for."""
    people = researchers.own(tx)
    stopped = bool(people) and all(researcher.state == "stopped" for researcher in people)
    return stopped and not submissions.any_but_baselines(tx)


def _used_up(lab: Lab, tx: Transaction, people: list[researchers.Researcher]) -> bool:
    """True if no researcher may submit anything more: it has ended, handed everything in, or used its budget up."""
    in_all = lab.settings.submissions_in_all
    if in_all is not None and submissions.count_of_researchers(tx) >= in_all:
        return True
    sums = spending.all(tx)
    study, clock_s = spending.together(sums), lab.elapsed()

    def used(one: researchers.Researcher) -> budgets.Used:
        return budgets.Used(sums.get(one.name, Spending()), one.worked_at(clock_s))

    return all(
        researcher.state not in researchers.AT_WORK
        or budgets.ends_research(lab.settings, used(researcher), study) is not None
        or (
            researcher.submissions is not None
            and submissions.count(tx, researcher.name) >= researcher.submissions
        )
        for researcher in people
    )


def _owed(tx: Transaction, baselines: Sequence[Submission]) -> bool:
    """True if a baseline was run on sealed and has no verdict of the scorer yet."""
    return any(
        baseline.status != "failed"
        and verdicts.find(tx, baseline.id, "sealed") is None
        and waiting.known(tx, code_hash=baseline.code_hash, split="sealed")
        for baseline in baselines
    )
