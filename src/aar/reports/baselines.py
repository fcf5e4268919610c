"""Table of a lab's measured baselines: a row for each method, with intervals, gain over vanilla and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any, Literal

from aar import database
from aar.baseline_sets import PLAIN
from aar.database import Transaction, charges, meta, runs, standing, submissions, verdicts
from aar.database.figures import Figures
from aar.database.researchers import Role
from aar.database.submissions import Submission
from aar.folder import LabFolder
from w2s.records import Estimate

Split = Literal["dev", "sealed"]


@dataclass(frozen=True)
class Row:
    """One variant of a method.

    Attributes:
        variant: Name of the variant.
        status: Status of its submission.
        reply: Reply to its submission; tells why it failed.
        dev: Figures on dev; None if it was not run there.
        sealed: Figures on sealed; None if it was not run there.
        cost: Cost of a run in runs of vanilla, by what was asked of models.
        core_seconds: Core-seconds of a run on dev, of the method's process and its student service together.
    """

    variant: str
    status: str
    reply: str
    dev: Figures | None
    sealed: Figures | None
    cost: float | None
    core_seconds: float | None


@dataclass(frozen=True)
class Table:
    """Every baseline of a lab in the order it was queued, with floor and ceiling of each split.

    `best` has the highest mean on dev of what a person may have chosen by it, and was confirmed on sealed.
    """

    testbed: str
    references: dict[str, Figures]
    rows: Sequence[Row]
    best: Row | None

    def to_json(self) -> dict[str, Any]:
        """Plain values; what was not measured is left out."""

        def figures(of: Figures | None) -> dict[str, Any] | None:
            return None if of is None else of.to_json()

        rows = [{**asdict(row), "dev": figures(row.dev), "sealed": figures(row.sealed)} for row in self.rows]
        return {
            "testbed": self.testbed,
            "references": {name: estimate.to_json() for name, estimate in self.references.items()},
            "rows": rows,
            "best": self.best.variant if self.best else None,
        }


def table(folder: LabFolder) -> Table:
    """The table of a lab's baselines as far as they are decided."""
    store = database.open(folder.storage)
    with store.read() as tx:
        baselines = [baseline for baseline in submissions.all(tx) if baseline.role is Role.BASELINE]
        nominal = _nominal(tx)
        plain = next((baseline for baseline in baselines if baseline.title == PLAIN), None)
        unit = _mean_cost(tx, plain, nominal) if plain else None
        rows = [_row(tx, baseline, nominal, unit) for baseline in baselines]
        champion = standing.champion(tx)
        result = Table(
            testbed=str(meta.get(tx, "testbed")),
            references={
                f"{reference.split} {reference.kind}": reference.figures
                for reference in verdicts.references(tx)
                if reference.kind != "baseline"
            },
            rows=rows,
            best=next(
                (row for baseline, row in zip(baselines, rows, strict=True) if baseline.id == champion), None
            ),
        )
    store.close()
    return result


def _row(tx: Transaction, submission: Submission, nominal: dict[str, float], unit: float | None) -> Row:
    def figures(stage: Split) -> Figures | None:
        verdict = verdicts.find(tx, submission.id, stage)
        return verdict.figures if verdict is not None and verdict.figures.seeds else None

    done = [run for run in runs.all(tx, code_hash=submission.code_hash, split="dev") if run.state == "done"]
    cost = _mean_cost(tx, submission, nominal)
    return Row(
        variant=submission.title,
        status=submission.status,
        reply=submission.reply,
        dev=figures("dev"),
        sealed=figures("sealed"),
        cost=None if cost is None or not unit else round(cost / unit, 2),
        core_seconds=round(mean(run.end.core_seconds for run in done), 1) if done else None,
    )


def _nominal(tx: Transaction) -> dict[str, float]:
    return {charge.key: charge.nominal_minutes for charge in charges.all(tx) if charge.kind == "run"}


def _mean_cost(tx: Transaction, submission: Submission, nominal: dict[str, float]) -> float | None:
    paid = [
        nominal[run.key]
        for run in runs.all(tx, code_hash=submission.code_hash, split="dev")
        if run.key in nominal and run.state == "done"
    ]
    return mean(paid) if paid else None


def cells(result: Table) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table as text; sealed columns only where something was run there."""
    sealed = any(row.sealed for row in result.rows)
    header = ["method", "PGR on dev", "gain over vanilla"]
    header += ["PGR on sealed", "gain over vanilla"] if sealed else []
    body = []
    for row in result.rows:
        parts = [*_cells(row.dev), *(_cells(row.sealed) if sealed else [])]
        if row.dev is None:
            parts[0] = f"{row.status}: {row.reply}"
        body.append([row.variant, *parts, "–" if row.cost is None else f"{row.cost:.1f}"])
    return [*header, "cost"], body


def markdown(result: Table) -> list[str]:
    """The table as lines of Markdown, under what it was measured on."""
    header, body = cells(result)
    accuracies = [
        f"{split}: floor {cell(floor.accuracy)}, ceiling {cell(ceiling.accuracy)}"
        f" ({floor.seeds} and {ceiling.seeds} seeds)"
        for split in ("dev", "sealed")
        if (floor := result.references.get(f"{split} floor"))
        and (ceiling := result.references.get(f"{split} ceiling"))
    ]
    seeds = next(
        (f"{row.dev.seeds} seeds, n={row.dev.n}" for row in result.rows if row.dev), "nothing measured"
    )
    lines = [f"{result.testbed}, {seeds}. Accuracies: {'; '.join(accuracies)}.", ""]
    lines += [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in body]
    if result.best is not None and result.best.sealed is not None:
        lines += ["", f"Best on dev: {result.best.variant}; on sealed {cell(result.best.sealed.pgr)}."]
    return lines


def _cells(figures: Figures | None) -> list[str]:
    if figures is None:
        return ["–", "–"]
    return [cell(figures.pgr), cell(figures.gain, signed=True)]


def cell(estimate: Estimate | None, *, signed: bool = False) -> str:
    """An estimate in a table, "–" where there is none.

    >>> cell(Estimate(mean=0.5, low=0.4, high=0.6, seeds=5, n=1000))
    '0.50 [0.40, 0.60]'
    """
    if estimate is None:
        return "–"
    sign = "+" if signed else ""
    return f"{estimate.mean:{sign}.2f} [{estimate.low:{sign}.2f}, {estimate.high:{sign}.2f}]"
