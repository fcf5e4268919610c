"""One sentence for each submission: what became of it, and why, with its figures."""

from __future__ import annotations

from dataclasses import dataclass

from aar.reports.contents import Contents, Entry
from aar.reports.ending import Ending
from aar.reports.outcomes import Outcome, dev_gain, ended_early, outcome, sealed_gain
from aar.reports.words import STATUS, count, interval, named, number, printable, signed, spread
from w2s.records import Estimate


@dataclass(frozen=True)
class Writer:
    """Writes sentences about the submissions of one run."""

    contents: Contents

    def sentence(self, entry: Entry) -> str:
        """Sentence about a submission's outcome; titles are agents' words, made harmless for a terminal."""
        return f"{named(entry.submission)}, {self._said(entry)}."

    def _said(self, entry: Entry) -> str:
        row = entry.submission
        if entry.overruled:
            return f"counts as {STATUS[row.status]} on the word of a person, whose note the ledger keeps"
        match outcome(entry):
            case Outcome.VERIFIED:
                return self._verified(entry)
            case Outcome.NOT_REPRODUCED:
                return self._not_reproduced(entry)
            case Outcome.NO_IMPROVEMENT:
                return self._no_improvement(entry)
            case Outcome.UNCONFIRMED:
                return f"passed on dev{_on_dev(entry)} but {self._waits('confirmed', entry)}"
            case Outcome.PENDING:
                return self._waits("judged", entry)
            case Outcome.REPEATS:
                earlier = entry.dev.same_as if entry.dev is not None else None
                return f"repeats {earlier} and was answered as that was: {STATUS[row.status]}"
            case Outcome.VIOLATION:
                return f"broke a rule: {printable(entry.rule or 'the ledger says which')}"
            case Outcome.FAILED:
                return f"failed: {printable(entry.failure or 'nobody knows where')}"
            case Outcome.LOST:
                return "was lost by the lab, which could not finish its runs; the code is not blamed"
            case Outcome.CANCELLED:
                return f"was not judged: {printable(row.reply or 'cancelled')}"

    def _verified(self, entry: Entry) -> str:
        where = "on items that nobody had seen"
        if entry.pgr is None or entry.sealed is None:
            return f"beats the record {where}, where the gap is too small to state a part of it"
        return f"closes {interval(entry.pgr)} of the gap between the weak and the strong model {where}"

    def _not_reproduced(self, entry: Entry) -> str:
        gain, of = sealed_gain(entry), _unit(entry.sealed.gain if entry.sealed is not None else None)
        looked = f"looked better on dev{_on_dev(entry)} but"
        if gain is None or entry.sealed is None:
            return f"{looked} was not reproduced on unseen items"
        if ended_early(entry):
            wanted = entry.dev.sealed_seeds if entry.dev is not None else None
            return (
                f"{looked} its confirmation was ended after {entry.sealed.seeds} of {wanted} seeds: a gain of "
                f"{signed(gain)}{of} left it no chance of being confirmed"
            )
        if gain.mean <= 0:
            return f"{looked} gained nothing on unseen items: {signed(gain)}{of}"
        if gain.low <= 0:
            return (
                f"{looked} its gain on unseen items, {number(gain.mean)}{of}, could be chance: {spread(gain)}"
            )
        level = f" at level {entry.sealed.alpha:.2g}" if entry.sealed.alpha is not None else ""
        return (
            f"{looked} its gain on unseen items, {signed(gain)}{of}, is not certain enough for attempt "
            f"{entry.sealed.attempt or 1} of its author{level}"
        )

    def _no_improvement(self, entry: Entry) -> str:
        gain = dev_gain(entry)
        if gain is None or entry.dev is None:
            return f"did not beat the record on dev{_on_dev(entry)}"
        of = _unit(entry.dev.gain)
        over = self.contents.called(entry.dev.champion) if entry.dev.champion else "the record"
        if gain.mean <= 0:
            return f"did not beat {over}, the record, on dev: {signed(gain)}{of}"
        if gain.low <= 0:
            return f"gained {number(gain.mean)}{of} over {over} on dev, which could be chance: {spread(gain)}"
        return f"gained {signed(gain)}{of} over {over} on dev, less than the gate asks for"

    def _waits(self, done: str, entry: Entry) -> str:
        left = count(entry.runs_left, "run")
        verb = "is" if entry.runs_left == 1 else "are"
        still = f"{left} of it {verb} left" if entry.runs_left else "only the verdict was missing"
        if self.contents.ending is Ending.RUNNING:
            return f"is still being {done}: {still}"
        return f"was not {done} before the run ended: {still}"


def _on_dev(entry: Entry) -> str:
    return f" ({number(entry.dev.pgr.mean, sign=False)})" if entry.dev is not None and entry.dev.pgr else ""


def _unit(pgr_gain: Estimate | None) -> str:
    """Unit of a gain."""
    return " PGR" if pgr_gain is not None else " of accuracy"
