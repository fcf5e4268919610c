"""Next steps, chosen by what happened: a sentence with a command that this version has."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from aar.reports import bounds
from aar.reports.contents import Contents, Entry
from aar.reports.ending import Ending
from aar.reports.outcomes import Outcome, best_lead, counted, outcome, undecided
from aar.reports.words import printable

FOR_CONFIRMATION = ("mini-math", "mini-chat", "mini-code")
"""Testbeds that ship, with worlds of their own, on which what was found elsewhere can be tried."""


@dataclass(frozen=True)
class Step:
    """One thing to try: what it is good for, and what to type."""

    words: str
    command: str

    def __str__(self) -> str:
        return f"{self.words}: {self.command}"


def next_steps(contents: Contents, *, run: str, aar: str) -> list[Step]:
    """At most two; none for a lab without researchers, which nobody goes on with. `aar` is how a shell finds it."""
    if not contents.researchers or contents.ending is Ending.RUNNING:
        return []
    aar = shlex.quote(aar)
    resume = f"{aar} run --resume {shlex.quote(run)}"
    # a run without a bound on its minutes has time enough
    time = " --minutes +10" if contents.settings.get("minutes") is not None else ""
    spent = bounds.more(bounds.spent(contents), contents)
    steps = []
    if undecided(contents):
        steps.append(
            Step(f"Judge what is left; with --minutes +10{spent} there is more time for research too", resume)
        )
    elif contents.ending is Ending.INTERRUPTED:
        steps.append(Step("Go on where it was interrupted", resume))
    elif contents.ending is Ending.BUDGET:
        late = time if bounds.time_up(contents) else ""
        more = bounds.more(list(bounds.given(contents)), contents)
        steps += [Step("Give the researchers more", f"{resume}{late}{more}")]
    elif contents.ended or contents.ending is Ending.RESEARCHERS_FAILED:
        steps.append(Step("Remedy what ended the researchers, then go on", resume))
    if contents.verified:
        steps.append(_elsewhere(contents, contents.verified[0], run=run, aar=aar))
    elif contents.ending is Ending.BUDGET:
        pass  # more submissions start nobody whose budget is used up
    elif (lead := best_lead(contents)) is not None and outcome(lead) is not Outcome.UNCONFIRMED:
        steps.append(
            Step(
                f"Give each researcher five more submissions, to build on {printable(lead.submission.id)}",
                f"{resume}{time}{spent} --submissions +5",
            )
        )
    elif contents.entries and counted(contents.entries)[Outcome.FAILED] == len(contents.entries):
        steps.append(Step("See which methods of the library run, and start from one", f"{aar} method list"))
    elif not steps:
        more = " --submissions +5" if contents.entries or not (time or spent) else ""
        parts = {"time": time, "budget": spent, "submissions": more}
        what = " and ".join(name for name, options in parts.items() if options)
        steps.append(Step(f"Give the researchers more {what}", f"{resume}{time}{spent}{more}"))
    return steps


def _elsewhere(contents: Contents, top: Entry, *, run: str, aar: str) -> Step:
    """Take the code out of the run's snapshots and score it by itself where it was not made."""
    # a run folder may be a stranger's: what stands in it is no part of what a shell reads
    id, commit = shlex.quote(top.submission.id), shlex.quote(top.submission.commit[:12])
    other = next(name for name in FOR_CONFIRMATION if name != contents.testbed)
    archive = f"git --git-dir={shlex.quote(f'{run}/snapshots.git')} archive --prefix={id}/ {commit}"
    return Step(
        f"See whether {printable(top.submission.id)} helps on another testbed too",
        f"{archive} | tar -x && {aar} score {id} --fresh --testbed {other}",
    )
