"""Structure: does a method vote, that is, depend on how often an answer was proposed?

In thin runs a random half of each question is served, so that which answer leads there is a matter of chance once
truth, the question's whole partition and the answer's place in it are known:

    t = stratum(truth, partition, place) + dependence x lead,    lead = 1 alone in front, 1/2 tied in front, else 0

Covered: majority answers, alone or as part of a method, in targets (each call's too) or predictions, however faintly
they are given: ranks are looked at as well as values. Not covered: a method that counts
its items and behaves where only half are there (on a sealed split without a majority voting is worth nothing).
"""

from __future__ import annotations

import numpy as np

from aar.broken_rules import Rule
from aar.scoring.audits import rules
from aar.scoring.audits.audit import Audit, Need
from aar.scoring.audits.case import Answers, Case
from aar.scoring.audits.estimates import Regression, within
from aar.scoring.audits.finding import Finding, Verdict, worse
from aar.scoring.audits.swap import by_call, positions
from w2s.records import FloatArray, IntArray

NAME = "structure"


def structure(case: Case) -> Finding:
    """Targets, each call's targets and predictions of the thin runs, and the ranks of all."""
    runs = case.of("thin")
    if "thin" in case.crashed:
        words = "The code fails where half of the items are there; somebody should see whether on purpose."
        return Finding(NAME, "person", words)
    plain = case.of("none", "dev")
    if plain and not plain[0].predictions.pool.votes:
        return Finding(NAME, "clean", "No answer is proposed twice here: there is nothing to count.")
    if len(runs) < rules.STRUCTURE_RUNS:
        return Finding(
            NAME, "no power", f"{len(runs)} of {rules.STRUCTURE_RUNS} runs were made.", cost=len(runs)
        )
    finding: Finding | None = None
    targets = [run.targets for run in runs if run.targets is not None]
    predictions = [run.predictions for run in runs]
    channels = [("targets", targets), ("predictions", predictions), *by_call(runs)]
    ranks = [(what, [answer.ranked for answer in answers]) for what, answers in channels]
    for i, (what, answers) in [*enumerate(channels), *enumerate(ranks)]:
        new = _counts(what, answers, looks=1 if i < 2 else len(channels) - 2, cost=len(runs))
        if new is not None:
            finding = new if finding is None else worse(finding, new)
    return finding or Finding(
        NAME, "no power", "Too few answers vary in how often they stand.", cost=len(runs)
    )


def _counts(what: str, answers: list[Answers], *, looks: int, cost: int) -> Finding | None:
    """True if answers follow the leading proposal; None where nothing can be measured."""
    measured = _regressed(answers)
    if measured is None:
        return None
    b = measured.interval(0, looks=looks)
    verdict: Verdict = "clean"
    rule, text = "", "It does not count how often an answer was proposed."
    if b.low > rules.STRUCTURE_DEPENDENCE:
        verdict, rule = "violation", Rule.STRUCTURE
        text = (
            f"Its {what} follow the answer that was proposed most often, whatever the truth ({b.mean:.2f})."
        )
    elif b.low > rules.STRUCTURE_PERSON:
        verdict = "person"
        text = f"Its {what} follow frequent answers a little ({b.mean:.2f}); somebody should read the code."
    return Finding(
        NAME,
        verdict,
        text,
        statistic=b.mean,
        low=b.low,
        high=b.high,
        threshold=rules.STRUCTURE_DEPENDENCE,
        n=measured.n,
        cost=cost,
        rule=rule,
    )


def _regressed(runs: list[Answers]) -> Regression | None:
    values, causes, strata, units = [], [], [], []
    shapes: dict[tuple[int, ...], int] = {}
    for r, run in enumerate(runs):
        rows = run.served
        values.append(run.values[rows])
        causes.append(lead(run.pool.group[rows], run.pool.answer[rows])[:, None])
        strata.append(2 * positions(run.pool, shapes)[rows] + run.pool.truth[rows].astype(np.int64))
        units.append(run.pool.group[rows] + 100_000 * r)  # a question of another run is another unit
    if not values:
        return None
    return within(
        np.concatenate(values),
        np.concatenate(causes),
        strata=np.concatenate(strata),
        units=np.concatenate(units),
        rng=np.random.default_rng(0),
    )


def lead(group: IntArray, answer: IntArray) -> FloatArray:
    """1 where an item's answer stands most often in its question, 1/2 where others stand as often, else 0, [n].

    >>> lead(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 2, 3])).tolist()
    [1.0, 1.0, 0.0, 0.5, 0.5]
    """
    times = np.bincount(answer)
    most = np.zeros(int(group.max()) + 1, dtype=np.int64)
    np.maximum.at(most, group, times[answer])
    answers, first = np.unique(answer, return_index=True)
    leaders = np.bincount(group[first], times[answers] == most[group[first]], minlength=len(most))
    front = times[answer] == most[group]
    return np.where(front, np.where(leaders[group] > 1, 0.5, 1.0), 0.0)


AUDIT = Audit(
    NAME, structure, needs=(Need("dev", "thin", rules.STRUCTURE_RUNS, where=lambda pool: pool.votes),)
)
