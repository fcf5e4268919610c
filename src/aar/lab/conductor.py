"""Queues the runs that verdicts ask for, and tells the phase of a lab: one step after whatever was committed."""

from __future__ import annotations

from typing import Literal

from aar.database import (
    Transaction,
    meta,
    researchers,
    standing,
    submissions,
    verdicts,
    waiting,
    wanted_runs,
)
from aar.database.researchers import Role
from aar.database.verdicts import FLOOR
from aar.lab import cancellation
from aar.lab.intake import Lab

Phase = Literal["baselines", "research", "settling", "closing", "finished"]
"""Until the Ladder stands; while methods are taken in; until they are judged; last turns of researchers; the end."""


def advance(lab: Lab) -> Phase:
    """Queue what the scorer's verdicts ask for, and say in which phase the run is."""
    with lab.database.read() as tx:
        made = submissions.all(tx)
    for submission in made:
        lab.show_code(submission)
    with lab.database.write() as tx:
        everything = submissions.all(tx)
        wanted = wanted_runs.all(tx)
        for submission in everything:
            if submission.stage == "sealed" and submission.role is not Role.BASELINE:
                _queue_confirmation(lab, tx, submission)
            if submission.stage != "done" and submission.id in wanted:
                lab.queue_wanted(tx, submission, wanted[submission.id])
        cancellation.end_refused(tx, everything, done=lab.refused)
        baselines = [one for one in everything if one.role is Role.BASELINE]
        phase: Phase = "baselines"
        if lab.time_is_over or _nobody_left(tx, everything):
            phase = "finished"
        elif baselines and all(one.stage != "dev" for one in baselines):
            _queue_baselines(lab, tx, everything)
            phase = _after_baselines(lab, tx, everything)
        if meta.find(tx, "phase", None) != phase:
            meta.put(tx, "phase", phase)
    return phase


def _queue_baselines(lab: Lab, tx: Transaction, everything: list[submissions.Submission]) -> None:
    """Baselines on sealed: those that a confirmation is compared with in its turn, the others for the report."""
    champion = standing.champion(tx)
    confirming = [one for one in everything if one.stage == "sealed" and one.role is not Role.BASELINE]
    opponents = {champion} if confirming else set()
    for one in confirming:
        verdict = verdicts.find(tx, one.id, "dev")
        opponents |= {verdict.figures.champion} if verdict is not None else set()
    for baseline in everything:
        if baseline.role is not Role.BASELINE or baseline.status == "failed":
            continue
        if lab.settings.confirmed == "best" and champion not in (None, baseline.id):
            continue
        spare = baseline.id not in opponents
        lab.queue_sealed(tx, baseline, seeds=lab.settings.sealed_seeds, spare=spare)


def _after_baselines(lab: Lab, tx: Transaction, everything: list[submissions.Submission]) -> Phase:
    people = researchers.team(tx)
    working = any(one.state in ("waiting", "working") for one in people)
    undecided = any(one.stage != "done" and one.role is not Role.BASELINE for one in everything)
    if working and not lab.research_is_over and not _used_up(lab, tx, people):
        return "research"
    to_do = undecided or _owed(tx, everything) or waiting.unfinished(tx, split="sealed")
    if to_do and not lab.time_is_over:
        return "settling"
    return "closing" if working and not lab.time_is_over else "finished"


def _nobody_left(tx: Transaction, everything: list[submissions.Submission]) -> bool:
    """Whether every researcher was given up before anything was handed in: there is nothing to wait for."""
    people = researchers.team(tx)
    nothing = all(one.role is Role.BASELINE for one in everything)
    return bool(people) and nothing and all(one.state == "stopped" for one in people)


def _used_up(lab: Lab, tx: Transaction, people: list[researchers.Researcher]) -> bool:
    """Whether no researcher may hand in anything more."""
    in_all = lab.settings.submissions_in_all
    if in_all is not None and submissions.count_of_researchers(tx) >= in_all:
        return True
    return all(
        one.state in ("finished", "stopped")
        or (one.submissions is not None and submissions.count(tx, one.name) >= one.submissions)
        for one in people
    )


def _owed(tx: Transaction, everything: list[submissions.Submission]) -> bool:
    """Whether a baseline was run on sealed and the scorer has not said yet what came of it."""
    return any(
        one.status != "failed"
        and verdicts.find(tx, one.id, "sealed") is None
        and waiting.known(tx, code_hash=one.code_hash, split="sealed")
        for one in everything
        if one.role is Role.BASELINE
    )


def _queue_confirmation(lab: Lab, tx: Transaction, submission: submissions.Submission) -> None:
    """Runs on sealed of a submission, and as many of whoever it is compared with."""
    verdict = verdicts.find(tx, submission.id, "dev")
    figures = verdict.figures if verdict is not None else None
    seeds = (figures.sealed_seeds if figures is not None else None) or lab.settings.sealed_seeds
    lab.queue_sealed(tx, submission, seeds=seeds, spare=False)
    if seeds > lab.settings.sealed_seeds and figures is not None:
        # whoever it was told to beat, and whoever holds the record if that one broke on sealed
        for name in {figures.champion, standing.champion(tx)} - {None, FLOOR}:
            opponent = submissions.get(tx, str(name))
            if opponent.status != "failed":
                lab.queue_sealed(tx, opponent, seeds=seeds, spare=False, paid_by=submission.researcher)
