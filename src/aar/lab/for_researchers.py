"""Requests of researchers to the lab: the functions behind every door, HTTP now, others later.

Each takes the lab and the researcher that its token named, and raises what `aar.errors` calls `Refused`. Answers hold
words; a figure of a scored run only where the study's feedback tells one.

Covered: another researcher's submissions and code in a study without a forum, another's practice runs, runs of dev
and sealed asked for as practice runs, a stopped researcher that says it works, one that says it has finished after a
person let it go on. Not covered: the shape and size of
what is asked, which the door bounds.
"""

from __future__ import annotations

from aar.database import briefs, messages, progress, researchers, runs, submissions, troubles
from aar.database.progress import Activity, EndReason, ProviderTrouble
from aar.database.researchers import Researcher, Role
from aar.errors import NotAllowed
from aar.lab import answers, cancellation, coming_back, facts, standings, stopped
from aar.lab.conductor import Phase
from aar.lab.intake import Lab, printable
from aar.lab.view import View
from w2s.errors import NotFound


def with_token(lab: Lab, token: str) -> Researcher:
    """The researcher whose process was started with this token; `NotAllowed` if it is nobody's."""
    with lab.database.read() as tx:
        researcher = researchers.by_token(tx, token) if token else None
    if researcher is None:
        raise NotAllowed("this token belongs to nobody in this lab, was revoked, or has expired")
    return researcher


def refuse_outside_forum(who: Researcher) -> None:
    """`NotAllowed` in a study without a forum."""
    if not who.forum:
        raise NotAllowed("the forum is closed in this study")


def refuse_late_post(lab: Lab, who: Researcher) -> None:
    """`NotNow` for a post, comment or vote of one that was stopped and has made its last."""
    with lab.database.read() as tx:
        stopped.refuse_post(tx, researchers.get(tx, who.name))


def standing(lab: Lab, who: Researcher, phase: Phase) -> standings.Standing:
    """Its budget, submissions and runs, and whether to stop."""
    with lab.database.read() as tx:
        return standings.standing_of(lab, tx, researchers.get(tx, who.name), phase)


class Told(View):
    """A researcher's brief."""

    version: str
    """Changes with every word that all researchers are told alike."""
    text: str
    """Markdown."""


def brief(lab: Lab, who: Researcher) -> Told:
    """Its brief with the facts as they are now; what was told is kept for the report."""
    with lab.database.read() as tx:
        told, before = facts.brief_for(lab, tx, who), briefs.told(tx)
    if who.name not in before.get(told.version, briefs.Given("", ())).researchers:
        with lab.database.write() as tx:
            briefs.note(tx, told.version, told.common, researcher=who.name)
    return Told(version=told.version, text=told.text)


def leaderboard(lab: Lab, who: Researcher | None) -> standings.Leaderboard:
    """The record and the ranks, in words; None stands for a person, who sees everybody's."""
    only = None if who is None or who.forum else who.name
    with lab.database.read() as tx:
        return standings.leaderboard(tx, only=only, scores=lab.scores(tx))


def note_progress(lab: Lab, who: Researcher, activity: Activity, text: str) -> None:
    """Keep what it does now, for the display; who does something has begun, or rests no longer."""
    with lab.database.write() as tx:
        progress.add(tx, who.name, activity, printable(text))
        state = researchers.get(tx, who.name).state
        if state == "waiting" or (state == "resting" and activity is not Activity.RESTING):
            researchers.set_state(tx, who.name, "working")


def note_read(lab: Lab, who: Researcher, *, up_to: int) -> None:
    """It has had the messages of the person who runs the lab, up to this id."""
    with lab.database.write() as tx:
        messages.note_read(tx, who.name, up_to=up_to)


def set_state(
    lab: Lab, who: Researcher, state: researchers.State, *, reason: EndReason | None = None, detail: str = ""
) -> None:
    """Its own word that it works, rests or has finished, and why; a stopped one stays so until its next start.

    What a person wants outlives it: who was stopped has that for a reason, and who was let go on in the middle of its
    last turns has not finished.
    """
    with lab.database.write() as tx:
        row = researchers.get(tx, who.name)
        if row.state == "stopped":
            if row.reason is EndReason.BY_A_PERSON:
                return
            state = "stopped"
        elif state == "finished" and coming_back.is_owed(tx, who.name) and standings.may_go_on(lab, tx, row):
            state, reason, detail = "waiting", None, ""
        elif state in researchers.AT_WORK:
            coming_back.forget(tx, who.name)
        researchers.set_state(tx, who.name, state, reason=reason, detail=printable(detail))


def note_trouble(
    lab: Lab,
    who: Researcher,
    kind: ProviderTrouble | None,
    *,
    detail: str,
    permanent: bool,
    next_try_seconds: float,
) -> None:
    """Its model's provider does not answer, or (without a kind) answers again."""
    with lab.database.write() as tx:
        if kind is None:
            troubles.end(tx, who.name)
        else:
            troubles.begin(
                tx,
                who.name,
                kind,
                detail=printable(detail),
                permanent=permanent,
                next_try_seconds=next_try_seconds,
            )


def practice_run(lab: Lab, who: Researcher, key: str) -> runs.Run:
    """A practice run that it asked for; `NotFound` for another's as for a key of anything else."""
    with lab.database.read() as tx:
        run = runs.find(tx, key)
    if run is None or run.split != "practice" or not lab.practised(who.name, run):
        raise NotFound(f"no practice run {key!r}; POST /v1/practice names one")
    return run


def withdraw_practice(lab: Lab, who: Researcher, key: str) -> runs.Run:
    """End a practice run that it asked for; the run as it stands then."""
    with lab.database.write() as tx:
        cancellation.withdraw_practice(tx, who.name, key)
        return runs.get(tx, key)


def submission(
    lab: Lab, who: Researcher | None, id: str
) -> tuple[submissions.Submission, answers.Submission]:
    """A submission, and what this researcher is told of it; `NotAllowed` for another's without a forum."""
    with lab.database.read() as tx:
        row = submissions.get(tx, id)
        answer = answers.Submission.of(row, lab.scores(tx))
    if not _shown(who, row):
        raise NotAllowed("others' submissions are closed together with the forum in this study")
    return row, answer


def withdraw(lab: Lab, who: Researcher, id: str) -> answers.Submission:
    """End an own submission that is not decided yet; what it is told of it then."""
    with lab.database.write() as tx:
        cancellation.withdraw(tx, who.name, id)
        return answers.Submission.of(submissions.get(tx, id), lab.scores(tx))


def files(lab: Lab, who: Researcher | None, id: str) -> answers.Code:
    """Public view of a submission, and its code; `NotAllowed` for another's without a forum."""
    with lab.database.read() as tx:
        row, scores = submissions.get(tx, id), lab.scores(tx)
    if not _shown(who, row):
        raise NotAllowed("others' code is closed together with the forum in this study")
    answer = answers.Submission.of(row, scores)
    return answers.Code(**vars(answer), files=lab.snapshots.get(row.commit))


def _shown(who: Researcher | None, row: submissions.Submission) -> bool:
    return who is None or who.forum or row.role is Role.BASELINE or row.researcher == who.name
