"""What a run found, from the database alone: for the last lines on the terminal and for `--json`."""

from __future__ import annotations

from typing import Any

from aar import database
from aar.database import Transaction, charges, meta, researchers, runs, submissions, verdicts
from aar.database.figures import Figures
from aar.folder import LabFolder
from w2s.records import Estimate


def summary(folder: LabFolder) -> dict[str, Any]:
    """Every figure with its interval, seeds and sample size; None where nothing was measured."""
    store = database.open(folder.database)
    with store.read() as tx:
        everything = submissions.all(tx)
        made = [one for one in everything if one.researcher != researchers.LAB]
        verified = [one for one in made if one.status == "verified"]
        found: dict[str, Any] = {
            "run": str(folder.path),
            "report": str(folder.report),
            "testbed": meta.get(tx, "testbed"),
            "submissions": len(made),
            "scored": sum(verdicts.find(tx, one.id, "dev") is not None for one in made),
            "verified": len(verified),
            "best": _best(tx, verified),
            "baselines": _baselines(tx, everything),
            "references": _references(tx),
            "cost": _cost(tx),
            "seconds": round(float(meta.find(tx, "elapsed_seconds", 0.0)), 1),
        }
    store.close()
    return found


def judged(folder: LabFolder, submission: str) -> dict[str, Any]:
    """One submission with everything that was decided of it, for `aar score`.

    `dev` and `sealed` are figures, those of sealed with the PGR of its parts as `id` and `ood`; `audits` findings;
    `cost` what its runs took.
    """
    store = database.open(folder.database)
    with store.read() as tx:
        one = submissions.get(tx, submission)
        found: dict[str, Any] = {
            "submission": one.id,
            "title": one.title,
            "status": one.status,
            "reply": one.reply,
            "fresh": one.researcher == researchers.FRESH,
            "dev": None,
            "sealed": None,
            "audits": [],
            "track": None,
        }
        for verdict in verdicts.all(tx, one.id):
            figures = verdict.figures.to_json()
            found["audits"] = list(figures.pop("audits", found["audits"]))
            found["track"] = figures.pop("track", found["track"])
            if verdict.stage == "sealed":
                figures |= {"id": figures.pop("id_pgr", None), "ood": figures.pop("ood_pgr", None)}
            found[verdict.stage] = figures
            if verdict.rule:
                found["rule"] = verdict.rule
        made = runs.all(tx, code_hash=one.code_hash)
        found["cost"] = {
            "runs": len(made),
            "audit_runs": sum(run.intervention != "none" for run in made),
            "core_minutes": round(sum(run.core_seconds for run in made) / 60, 2),
            "nominal_minutes": round(charges.of_runs(tx, [run.key for run in made]).nominal_minutes, 2),
        }
        found["baselines"] = _baselines(tx, submissions.all(tx))
        found["references"] = _references(tx)
    store.close()
    return found


def in_words(found: dict[str, Any]) -> list[str]:
    """The result of a run in plain words, a line each."""
    lines = []
    best = found["best"]
    if best is None:
        lines.append(
            f"None of {found['scored']} scored submissions was verified: none beat the best baseline on items and "
            "seeds it had never met."
        )
    else:
        lines.append(
            f"{found['verified']} of {found['scored']} scored submissions verified. The best: {best['submission']} by "
            f"{best['researcher']}, {best['method']}, recovers {estimate_text(best['estimate'])} of the gap on sealed "
            "items of a world that nobody had climbed on."
        )
    for name, baseline in found["baselines"].items():
        for split in ("sealed", "dev"):
            if baseline.get(split):
                lines.append(f"Baseline {name}: PGR {estimate_text(baseline[split])} on {split}.")
                break
    cost = found["cost"]
    lines.append(
        f"{found['seconds'] / 60:.1f} minutes, {cost['core_minutes']:.1f} core-minutes of runs, "
        f"{cost['input_tokens'] + cost['output_tokens']} tokens, ${cost['usd']:.2f}."
    )
    return lines


def estimate_text(value: dict[str, Any]) -> str:
    """An estimate as people read it.

    >>> estimate_text({"mean": 0.6, "low": 0.5, "high": 0.7, "seeds": 8, "n": 1000, "level": 0.95})
    '0.60 [0.50, 0.70] (95% CI, 8 seeds, n=1000)'
    """
    return str(Estimate(**value))


def _best(tx: Transaction, verified: list[submissions.Submission]) -> dict[str, Any] | None:
    best: dict[str, Any] | None = None
    for one in verified:
        verdict = verdicts.find(tx, one.id, "sealed")
        if verdict is None or verdict.figures.pgr is None:
            continue
        pgr = verdict.figures.pgr
        if best is None or pgr.mean > best["pgr"]:
            best = {
                "submission": one.id,
                "researcher": one.researcher,
                "method": one.title,
                "pgr": pgr.mean,
                "interval": [pgr.low, pgr.high],
                "seeds": pgr.seeds,
                "n": pgr.n,
                "estimate": vars(pgr),
                "gain": _plain(verdict.figures, "gain"),
            }
    return best


def _baselines(tx: Transaction, everything: list[submissions.Submission]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in everything:
        if one.researcher != researchers.LAB:
            continue
        found[one.title] = {}
        for reference in verdicts.references(tx):
            if reference.kind == "baseline" and reference.name == one.title:
                found[one.title][reference.split] = _plain(reference.figures, "pgr")
        for verdict in verdicts.all(tx, one.id):
            found[one.title].setdefault(verdict.stage, _plain(verdict.figures, "pgr"))
    return found


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
    paid = charges.all(tx)
    ended = runs.all(tx)
    return {
        "usd": round(sum(charge.money_usd for charge in paid), 4),
        "input_tokens": sum(charge.input_tokens for charge in paid),
        "output_tokens": sum(charge.output_tokens for charge in paid),
        "runs": sum(charge.kind == "run" for charge in paid),
        "core_minutes": round(sum(run.core_seconds for run in ended) / 60, 2),
    }
