"""Results of a run, from the database alone: for the last lines on the terminal and for `--json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aar import database
from aar.broken_rules import words_of
from aar.database import Transaction, charges, meta, runs, spending, submissions, verdicts
from aar.database.figures import Figures
from aar.database.researchers import Role
from aar.durations import duration
from aar.folder import LabFolder
from aar.ideas import diversity
from aar.reports import contents
from aar.reports.contents import Contents, Entry
from aar.reports.findings import SHOWN, findings
from aar.reports.outcomes import Outcome, counted, undecided
from aar.reports.words import count
from w2s.records import Estimate


def summary(folder: LabFolder, *, aar: str = "aar") -> dict[str, Any]:
    """Every figure with its interval, seeds and sample size; None where nothing was measured.

    `scored` counts what was measured on dev. `headline`, `notices`, `summary`, `findings` and `next` are the words of
    the report; `outcome` of a finding is one of `aar.reports.outcomes.Outcome`. `aar` is how a shell finds the command.
    """
    store = database.open(folder.storage)
    shown = contents.read(store, mirror=folder.ledger)
    results = findings(shown, run=str(folder.path), aar=aar)
    ended_how = counted(shown.entries)
    with store.read() as tx:
        everything = submissions.all(tx)
        result: dict[str, Any] = {
            "run": str(folder.path),
            "report": str(folder.report),
            "testbed": meta.get(tx, "testbed"),
            "submissions": len(shown.entries),
            "scored": len(shown.scored),
            "verified": len(shown.verified),
            "pending": len(undecided(shown)),
            "failed": ended_how[Outcome.FAILED],
            "repeats": ended_how[Outcome.REPEATS],
            "ending": str(shown.ending),
            "researchers_ended": {
                name: {**vars(end), "fault": end.fault} for name, end in shown.ended.items()
            },
            "headline": results.headline,
            "notices": list(results.notices),
            "summary": list(results.summary),
            "findings": [{**vars(finding), "outcome": str(finding.outcome)} for finding in results.sentences],
            "rest": results.rest,
            "next": [str(step) for step in results.next],
            "commands": [step.command for step in results.next],
            "ledger": {
                "entries": shown.ledger_entries,
                "head": shown.ledger_head,
                "problem": shown.ledger_problem,
            },
            "best": _best(shown),
            "baselines": _baselines(tx, everything),
            "references": _references(tx),
            "ideas": _ideas(shown),
            "cost": _cost(tx),
            "seconds": round(float(meta.find(tx, "elapsed_seconds", 0.0)), 1),
        }
    store.close()
    return result


def _ideas(shown: Contents) -> dict[str, Any] | None:
    """Families of the ideas and their effective number with its interval; None without ideas."""
    spread = diversity([idea.family for idea in shown.ideas])
    if spread is None:
        return None
    return {
        "ideas": spread.ideas,
        "families": {str(family): number for family, number in spread.families.items()},
        "effective": round(spread.effective, 2),
        "interval": [round(spread.low, 2), round(spread.high, 2)],
        "each": [
            {
                "submission": idea.submission,
                "family": str(idea.family),
                "lines": idea.size and idea.size.lines,
            }
            for idea in shown.ideas
        ],
    }


def judged(folder: LabFolder, submission: str) -> dict[str, Any]:
    """One submission with everything that was decided of it, for `aar score`.

    `dev` and `sealed` are figures, those of sealed with the PGR of its parts as `id` and `ood`; `audits` findings;
    `cost` what its runs took.
    """
    store = database.open(folder.storage)
    with store.read() as tx:
        row = submissions.get(tx, submission)
        result: dict[str, Any] = {
            "submission": row.id,
            "title": row.title,
            "status": row.status,
            "reply": row.reply,
            "fresh": row.role is Role.FRESH,
            "dev": None,
            "sealed": None,
            "audits": [],
            "track": None,
        }
        for verdict in verdicts.all(tx, row.id):
            figures = verdict.figures.to_json()
            result["audits"] = list(figures.pop("audits", result["audits"]))
            result["track"] = figures.pop("track", result["track"])
            if verdict.stage == "sealed":
                figures |= {"id": figures.pop("id_pgr", None), "ood": figures.pop("ood_pgr", None)}
            result[verdict.stage] = figures
            if verdict.rule:
                result["rule"] = words_of(verdict.rule)
        its_runs = runs.all(tx, code_hash=row.code_hash)
        result["cost"] = {
            "runs": len(its_runs),
            "audit_runs": sum(not run.plain for run in its_runs),
            "core_minutes": round(sum(run.end.core_seconds for run in its_runs) / 60, 2),
            "nominal_minutes": round(charges.of_runs(tx, [run.key for run in its_runs]).nominal_minutes, 2),
        }
        result["baselines"] = _baselines(tx, submissions.all(tx))
        result["references"] = _references(tx)
    store.close()
    return result


@dataclass(frozen=True)
class Line:
    """A line for a terminal: prose, which is wrapped, or a command, which is copied whole."""

    text: str
    command: bool = False


def result_lines(result: dict[str, Any]) -> list[Line]:
    """The result of a run in plain words: the report's own sentences, in its order."""
    problem = result["ledger"]["problem"]
    prose = [result["headline"]]
    prose += [f"The ledger does not verify: {problem}. Do not rely on this run."] if problem else []
    prose += [*result["notices"], *result["summary"]]
    prose += [
        f"- {finding['sentence']}"
        for finding in result["findings"][:SHOWN]
        if finding["sentence"] != result["headline"]
    ]
    prose += [result["rest"]] if result["rest"] else []
    shown = [Line(text) for text in prose]
    for sentence, command in zip(result["next"], result["commands"], strict=True):
        shown += [
            Line(f"Next: {sentence.removesuffix(command).rstrip()}"),
            Line(f"  {command}", command=True),
        ]
    cost = result["cost"]
    took = (
        f"The lab ran for {duration(result['seconds'])} (asking models, making items and the report come on top), "
        f"{cost['core_minutes']:,.1f} core-minutes of runs, {tokens_text(cost)}, ${cost['usd']:,.2f}{lost_text(cost)}."
    )
    return [*shown, Line(took)]


def tokens_text(cost: Mapping[str, Any]) -> str:
    """Tokens of calls, and how many of them came from a cache.

    >>> tokens_text({"input_tokens": 1000, "cache_read_tokens": 800, "output_tokens": 50})
    '1,050 tokens (800 read from a cache)'
    """
    cached = cost["cache_read_tokens"]
    return count(cost["input_tokens"] + cost["output_tokens"], "token") + (
        f" ({cached:,} read from a cache)" if cached else ""
    )


def lost_text(cost: Mapping[str, Any]) -> str:
    """The part of a sum that is an estimate; nothing where none is.

    >>> lost_text({"lost_calls": 1, "lost_usd": 0.25})
    ' (about $0.25 of it for 1 call that was cut off)'
    """
    lost = cost["lost_calls"]
    were = "was" if lost == 1 else "were"
    if not lost:
        return ""
    return f" (about ${cost['lost_usd']:,.2f} of it for {count(lost, 'call')} that {were} cut off)"


def estimate_text(value: dict[str, Any]) -> str:
    """An estimate as people read it.

    >>> estimate_text({"mean": 0.6, "low": 0.5, "high": 0.7, "seeds": 8, "n": 1000, "level": 0.95})
    '0.60 [0.50, 0.70] (95% CI, 8 seeds, n=1000)'
    """
    return str(Estimate(**value))


def _best(shown: Contents) -> dict[str, Any] | None:
    top: Entry | None = next(iter(shown.verified), None)
    if top is None or top.sealed is None or top.sealed.pgr is None:
        return None
    row, pgr = top.submission, top.sealed.pgr
    return {
        "submission": row.id,
        "researcher": row.researcher,
        "method": row.title,
        "pgr": pgr.mean,
        "interval": [pgr.low, pgr.high],
        "seeds": pgr.seeds,
        "n": pgr.n,
        "estimate": vars(pgr),
        "gain": _plain(top.sealed, "gain"),
    }


def _baselines(tx: Transaction, everything: list[submissions.Submission]) -> dict[str, Any]:
    estimates: dict[str, Any] = {}
    for submission in everything:
        if submission.role is not Role.BASELINE:
            continue
        estimates[submission.title] = {}
        for reference in verdicts.references(tx):
            if reference.kind == "baseline" and reference.name == submission.title:
                estimates[submission.title][reference.split] = _plain(reference.figures, "pgr")
        for verdict in verdicts.all(tx, submission.id):
            estimates[submission.title].setdefault(verdict.stage, _plain(verdict.figures, "pgr"))
    return estimates


def _references(tx: Transaction) -> dict[str, Any]:
    return {
        f"{reference.split} {reference.name}": reference.figures.to_json()
        for reference in verdicts.references(tx)
        if reference.kind != "baseline"
    }


def _plain(figures: Figures, name: str) -> dict[str, Any] | None:
    value: Estimate | None = getattr(figures, name)
    return None if value is None else dict(vars(value))


def _cost(tx: Transaction) -> dict[str, Any]:
    """Money and tokens of all calls to models (`input_tokens` are all that was read), and what runs took."""
    paid = spending.total(tx)
    ended = runs.all(tx)
    return {
        "usd": paid.usd,
        "input_tokens": paid.read,
        "cache_read_tokens": paid.cache_read_tokens,
        "cache_write_tokens": paid.cache_write_tokens,
        "output_tokens": paid.output_tokens,
        "reasoning_tokens": paid.reasoning_tokens,
        "weighted_tokens": paid.weighted_tokens,
        "calls": paid.calls,
        "lost_calls": paid.lost_calls,
        "lost_usd": paid.lost_usd,
        "runs": charges.number_of_runs(tx),
        "core_minutes": round(sum(run.end.core_seconds for run in ended) / 60, 4),
    }
