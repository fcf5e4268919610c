"""Findings of a run in plain words: results, the reasons to believe them, limits, and next steps.

The terminal's last lines, `--json` and the report all take them from here. Nothing is decided here: what became of a
submission is `aar.reports.outcomes`, which of them is the best `aar.reports.ranking`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aar.durations import duration
from aar.reports import bounds, next_steps
from aar.reports.contents import Contents, Entry
from aar.reports.ending import Ending
from aar.reports.next_steps import Step
from aar.reports.outcomes import Outcome, best_lead, counted, leads_first, outcome, undecided
from aar.reports.sentences import Writer
from aar.reports.words import ENDED, count, interval, label, named, printable, signed

SHOWN = 5
"""Submissions whose sentence the terminal shows; the others are counted, and are all in the report."""

OUTCOMES = {
    Outcome.VERIFIED: "verified",
    Outcome.UNCONFIRMED: "not confirmed yet",
    Outcome.NOT_REPRODUCED: "not reproduced",
    Outcome.NO_IMPROVEMENT: "no better than the record",
    Outcome.PENDING: "not judged",
    Outcome.REPEATS: "the same as an earlier one",
    Outcome.VIOLATION: "against a rule",
    Outcome.FAILED: "failed",
    Outcome.LOST: "lost by the lab",
    Outcome.CANCELLED: "withdrawn or cancelled",
}


@dataclass(frozen=True)
class Finding:
    """One submission, what became of it, and the sentence that says why."""

    submission: str
    outcome: Outcome
    sentence: str


@dataclass(frozen=True)
class Findings:
    """Everything that is said of a run in words.

    Attributes:
        headline: What was found, in one sentence.
        notices: What is missing, and why: work that was cut off, researchers who ended before their time.
        summary: Why it is believed, and what was done, a sentence or two each.
        sentences: Every submission, the best leads first.
        rest: How many submissions ended how beyond the first few, for the terminal; empty where there are few.
        next: What to try, each with a command.
    """

    headline: str
    notices: Sequence[str]
    summary: Sequence[str]
    sentences: Sequence[Finding]
    rest: str
    next: Sequence[Step]


def findings(contents: Contents, *, run: str, aar: str = "aar") -> Findings:
    """Findings of a run; `run` names its folder in the commands, `aar` the command line as a shell finds it."""
    entries = leads_first(contents)
    writer = Writer(contents)
    beyond = entries[SHOWN:]
    return Findings(
        headline=headline(contents),
        notices=_notices(contents),
        summary=_summary(contents),
        sentences=[Finding(entry.submission.id, outcome(entry), writer.sentence(entry)) for entry in entries],
        rest=f"And {len(beyond):,} more: {tally(beyond)}." if beyond else "",
        next=next_steps.next_steps(contents, run=run, aar=aar),
    )


def headline(contents: Contents) -> str:
    """Main finding in one sentence: the terminal's first line and the report's title."""
    if not contents.entries:
        if _all_ended(contents):
            return f"Nothing was submitted: {_team(contents)} ended before handing anything in."
        return "Nothing was submitted."
    if contents.verified:
        return Writer(contents).sentence(contents.verified[0])
    submitted, scored = len(contents.entries), len(contents.scored)
    if not scored:
        none = (
            "The only submission was not scored"
            if submitted == 1
            else f"None of {submitted:,} submissions was scored"
        )
        return f"{none}: {tally(contents.entries)}."
    lead = best_lead(contents)
    if lead is not None:
        return f"Nothing was verified; the best lead is {named(lead.submission)}."
    none = (
        "the only scored submission was not" if scored == 1 else f"none of {scored:,} scored submissions was"
    )
    return f"Nothing was verified: {none} shown to beat the record."


def tally(entries: Sequence[Entry]) -> str:
    """Number of submissions by outcome.

    >>> tally([])
    ''
    """
    counts = counted(entries)
    return ", ".join(f"{counts[kind]:,} {words}" for kind, words in OUTCOMES.items() if counts[kind])


def _summary(contents: Contents) -> list[str]:
    lines = []
    if contents.verified:
        lines += [_believed(contents, contents.verified[0])]
    scored, verified = len(contents.scored), len(contents.verified)
    team = count(len(contents.researchers), "researcher")
    busy = sum(person.submitted > 0 for person in contents.researchers)
    if 0 < busy < len(contents.researchers):
        team = f"{busy:,} of {team}"
    if contents.entries:
        lines.append(
            f"{team} handed in {count(len(contents.entries), 'submission')} on {contents.testbed} within "
            f"{duration(contents.seconds)}; {scored:,} {_was(scored)} scored, {verified:,} verified."
        )
    else:
        lines.append(f"{team} handed in nothing on {contents.testbed} within {duration(contents.seconds)}.")
    best = contents.best_baseline
    if best is not None:
        others = len(contents.baselines)
        which = f"The best of {others} baselines" if others > 1 else "The only baseline"
        where = "sealed" if best.sealed is not None and best.sealed.pgr is not None else "dev"
        lines.append(
            f"{which}, {label(best.submission.title)}, closes {interval(best.pgr)} of the gap on {where} items."
        )
    return lines


def _believed(contents: Contents, top: Entry) -> str:
    """Reasons to believe the best verified submission."""
    ledger = (
        "the ledger does not verify, so do not rely on it"
        if contents.ledger_problem
        else f"the ledger holds ({count(contents.ledger_entries, 'entry')})"
    )
    if top.overruled or top.sealed is None:
        return f"It is believed on the word of a person, whose note the ledger keeps; {ledger}."
    sealed = top.sealed
    worlds = contents.other_worlds
    where = f" of {count(worlds, 'other world')}" if worlds else ""
    text = f"Why it is believed: it was reproduced on {count(sealed.seeds, 'fresh seed')} and {sealed.n:,} unseen items"
    text += where
    gain, of = (sealed.gain, " PGR") if sealed.gain is not None else (sealed.accuracy_gain, " of accuracy")
    if gain is not None:
        over = contents.called(sealed.champion) if sealed.champion else "a baseline"
        text += f", with a gain of {signed(gain)}{of} over {over}, the record it had to beat"
    return f"{text}; {_audits(top)}; {ledger}."


def _audits(top: Entry) -> str:
    verdicts = [finding["verdict"] for finding in top.audits]
    looked = sum(verdict != "no power" for verdict in verdicts)
    something = sum(verdict in ("person", "violation") for verdict in verdicts)
    if not looked:
        return "no audit could look at it"
    words = f"{something} of them found something, for a person to look at" if something else "found nothing"
    return f"{count(looked, 'audit')} looked{',' if something else ' and'} {words}"


def _notices(contents: Contents) -> list[str]:
    lines = []
    left = undecided(contents)
    if left and contents.ending is not Ending.RUNNING:
        why = {
            Ending.TIME: f"{bounds.reached(contents)} before everything was judged",
            Ending.BUDGET: f"{bounds.reached(contents)}, and the run ended before everything was judged",
            Ending.INTERRUPTED: "The run was interrupted before everything was judged",
        }.get(contents.ending, "The run ended before everything was judged")
        to_go = f", with {count(contents.runs_left, 'run')} to go" if contents.runs_left else ""
        lines.append(f"{why}: {count(len(left), 'submission')} {_was(len(left))} left undecided{to_go}.")
    elif contents.ending in (Ending.TIME, Ending.BUDGET):
        lines.append(f"{bounds.reached(contents)} before its researchers had handed in all that they may.")
    elif contents.ending is Ending.INTERRUPTED:
        lines.append("The run was interrupted before its researchers were done.")
    if contents.ended:
        whose = ", ".join(
            f"{printable(name)} {ENDED.get(ended.code, 'ended')}"
            + (f" (“{printable(ended.words, most=120)}”)" if ended.words.strip() else "")
            for name, ended in contents.ended.items()
        )
        lines.append(
            f"{len(contents.ended)} of {count(len(contents.researchers), 'researcher')} ended too soon: {whose}."
        )
    elif contents.ending is Ending.RESEARCHERS_FAILED:
        lines.append("All researchers ended before their time.")
    return lines


def _all_ended(contents: Contents) -> bool:
    everybody = {person.row.name for person in contents.researchers}
    return contents.ending is Ending.RESEARCHERS_FAILED or (
        bool(everybody) and everybody <= set(contents.ended)
    )


def _team(contents: Contents) -> str:
    team = len(contents.researchers)
    return "the researcher" if team == 1 else f"all {team} researchers"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
