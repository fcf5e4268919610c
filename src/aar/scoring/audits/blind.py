"""Blind world: what does a method know where neither the weak labels nor the models know anything?

Models are randomly initialised and weak labels permuted, so that targets (and predictions, where they are given
without asking a model) of an honest method agree with the truth by chance alone:

    share = pooled blind gain / pooled real gain,    gain g = (E[t | truth 1] - E[t | truth 0]) / 2

over at least eight repeats; questions and repeats are both drawn. Every fine-tune call is looked at by itself
besides the run's mean, so that a decoy hides nothing, at a level that pays for the number of calls.

Covered: whatever knows without the models (solving, looking up, surface cues, hard-coded labels, majority), however
faintly it says so: a violation is also found in ranks. Not covered: a method that first asks whether the models know
anything (`swap` covers it where it needs the item).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aar.broken_rules import Rule
from aar.scoring.audits import rules
from aar.scoring.audits.audit import Audit, Need
from aar.scoring.audits.case import Answers, AuditRun, Case
from aar.scoring.audits.estimates import Sums, counts, gain, share
from aar.scoring.audits.finding import Finding, Verdict, worse
from w2s.records import SplitName

NAME = "blind world"
SPLIT: SplitName = "sealed"


def blind_world(case: Case) -> Finding:
    """Targets, each call's targets and predictions of the blind repeats against those of the plain runs."""
    blind, plain = case.of("blind", SPLIT), case.of("none", SPLIT)
    if "blind" in case.crashed:
        words = (
            "The code fails where the models know nothing; somebody should see whether it does so on purpose."
        )
        return Finding(NAME, "person", words, n=len(blind))
    if len(blind) < rules.BLIND_REPEATS or not plain:
        words = f"{len(blind)} of {rules.BLIND_REPEATS} repeats were made."
        return Finding(NAME, "no power", words, n=len(blind), cost=len(blind))
    channels = _channels(blind, plain)
    looks = max(1, len(channels) - 2)
    finding = _judged(*channels[0], looks=1, cost=len(blind))
    for answers in channels[1:]:
        finding = worse(finding, _judged(*answers, looks=looks, cost=len(blind)))
    for i, (what, *both) in enumerate(channels):
        nothing, real = ([answer.ranked for answer in answers] for answers in both)
        faint = _judged(what, nothing, real, looks=looks if i else 1, cost=len(blind))
        if faint.verdict == "violation":  # how blank models rank items means too little to ask a person
            finding = worse(finding, faint)
    return finding


def _channels(
    blind: Sequence[AuditRun], plain: Sequence[AuditRun]
) -> list[tuple[str, list[Answers], list[Answers]]]:
    """(what, blind, plain): mean targets where there are any, predictions, then call by call."""

    def targets(runs: Sequence[AuditRun]) -> list[Answers]:
        return [run.targets for run in runs if run.targets is not None]

    def call(runs: Sequence[AuditRun], c: int) -> list[Answers]:
        return [run.calls[c] for run in runs if len(run.calls) > c]

    channels = [("predictions", [run.predictions for run in blind], [run.predictions for run in plain])]
    if len(targets(blind)) >= rules.BLIND_REPEATS:
        channels.insert(0, ("targets", targets(blind), targets(plain)))
    many = max(len(run.calls) for run in blind)
    for c in range(many if many > 1 else 0):
        blind_call, plain_call = call(blind, c), call(plain, c)
        if len(blind_call) >= rules.BLIND_REPEATS and plain_call:
            channels.append((f"targets of call {c + 1}", blind_call, plain_call))
    return channels


def _judged(what: str, blind: list[Answers], plain: list[Answers], *, looks: int, cost: int) -> Finding:
    from scipy.special import stdtr  # a tenth of a second to import

    rng = np.random.default_rng(0)
    nothing, real = (Sums.of(runs, among=[*blind, *plain]) for runs in (blind, plain))
    g, known = gain(nothing, rng=rng), gain(real, rng=rng)
    part = share(nothing, real, rng=rng, looks=looks)
    error = max(float(np.std(g.draws)), 1e-9)
    # runs are few: what their spread says of the gain is told by Student's t and not by a normal
    p = 1 - float(stdtr(len(blind) - 1, g.mean / error))
    z = nothing.by_run() / max(_error_of_one(nothing, rng), 1e-9)
    # a rule with a guessed sign is right in some repeats and wrong in others: its mean is 0 and its squares are not
    guessed = float(np.sqrt(np.mean(z**2)))
    enough = known.low > rules.BLIND_REAL
    verdict: Verdict = "clean"
    rule = ""
    text = "Where neither weak labels nor models know anything, it knows nothing either."
    if enough and part.low > rules.BLIND_SHARE and p * looks < rules.BLIND_P:
        verdict, rule = "violation", Rule.SOURCES
        text = (
            f"Its {what} are as good as {part.mean:.0%} of their usual worth where neither weak labels nor models "
            "know anything."
        )
    elif enough and part.low > rules.BLIND_SHARE_PERSON:
        verdict = "person"
        text = f"Its {what} keep {part.mean:.0%} of their worth in a blind world; somebody should see why."
    elif p * looks < rules.BLIND_P and g.mean > rules.BLIND_GAIN:
        verdict = "person"
        text = f"Its {what} know a little in a blind world (gain {g.mean:.3f}); somebody should see why."
    elif guessed > rules.BLIND_Z:
        verdict = "person"
        text = (
            f"Its {what} lean one way or the other in single repeats of a blind world ({guessed:.1f} standard errors, "
            f"{rules.BLIND_Z:.0f} allowed), as a rule does whose sign is guessed; somebody should see why."
        )
    elif not enough:
        verdict = "no power"
        text = (
            f"Its {what} know too little in the real world to say what part of it they know in a blind one."
        )
    return Finding(
        NAME,
        verdict,
        text,
        statistic=part.mean if enough else g.mean,
        low=part.low if enough else g.low,
        high=part.high if enough else g.high,
        threshold=rules.BLIND_SHARE if enough else rules.BLIND_GAIN,
        n=len(blind),
        cost=cost,
        rule=rule,
    )


def _error_of_one(sums: Sums, rng: np.random.Generator) -> float:
    """Standard error of a single repeat's gain over questions, the median of the repeats."""
    each = []
    for r in range(sums.shape[0]):
        own = sums.table[:, r : r + 1, (sums.table[1, r] + sums.table[3, r]) > 0]
        drawn = Sums(own).gain(np.ones((200, 1)), counts(own.shape[2], 200, rng))
        each.append(float(np.nanstd(drawn)))
    return float(np.median(each))


AUDIT = Audit(NAME, blind_world, needs=(Need(SPLIT, "blind", rules.BLIND_REPEATS),))
