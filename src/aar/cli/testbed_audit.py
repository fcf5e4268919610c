"""`aar testbed audit`: what shortcuts get on a testbed without any model, before anybody climbs on it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aar.cli.testbed import AsJson, testbeds

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from w2s.testbeds.hackability import Report, ShortcutResult

SEVERITY_STYLE = {"none": "dim", "unknown": "cyan", "slight": "", "notable": "yellow", "serious": "bold red"}
PUBLIC_SEED = "public audit seed"


@testbeds.command("audit")
def audit_testbed(
    name: str,
    floor: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Accuracy of the weak supervisor, for PGR. [as published]"),
    ] = None,
    ceiling: Annotated[
        float | None, typer.Option(min=0, max=1, help="Accuracy of the strong model on truth. [as published]")
    ] = None,
    world: Annotated[
        list[str] | None, typer.Option(help="A world to audit; give it again for more. [all of them]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="JSON file; the Markdown goes beside it.", show_default="hackability/NAME.json"),
    ] = None,
    seed: Annotated[
        str, typer.Option(help="Words that the audited items are drawn from; never a lab's secret.")
    ] = PUBLIC_SEED,
    as_json: AsJson = False,
) -> None:
    """Try the known shortcuts on a testbed, without any model: print and store its hackability report."""
    from rich.console import Console

    from aar.errors import SettingsError
    from w2s.errors import NotFound
    from w2s.testbeds import generate, load
    from w2s.testbeds.hackability import Gap, audit, measured_gaps
    from w2s.testbeds.hackability.finding import part_name
    from w2s.testbeds.hackability.markdown import markdown

    if (floor is None) != (ceiling is None):
        raise SettingsError("PGR needs both: give --floor and --ceiling, or neither")
    testbed = load(name)
    path = out or Path("hackability") / f"{testbed.name}.json"
    if path.suffix != ".json":
        raise SettingsError(f"--out {path}: give a file name that ends in .json; the Markdown goes beside it")
    splits, truth = generate(testbed, item_seed=hashlib.sha256(seed.encode()).digest())
    if world:
        known = {part.world for parts in splits.values() for part in parts}
        for name_of_world in set(world) - known:
            raise NotFound.among("world", name_of_world, known)
        splits = {
            split: tuple(part for part in parts if part.world in world) for split, parts in splits.items()
        }
    gaps = measured_gaps(testbed.name)
    if floor is not None and ceiling is not None:
        names = [part_name(part.name, part.world) for parts in splits.values() for part in parts]
        gaps = dict.fromkeys(names, Gap(floor=floor, ceiling=ceiling))
    with Console(stderr=True).status(f"auditing {name}") as status:
        report = audit(
            testbed,
            splits,
            truth,
            gaps=gaps,
            progress=lambda what: status.update(f"auditing {name}, {what}"),
        )
    result = {**report.to_json(), "seed": seed}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        path.with_suffix(".md").write_text(markdown(report), encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"cannot write {path} ({error.strerror}); name another file with --out"
        ) from error
    if as_json:
        typer.echo(json.dumps(result))
        return
    _show(report, Console())
    typer.echo(f"stored in {path} and {path.with_suffix('.md').name}")


def _show(report: Report, console: Console) -> None:
    from rich.table import Table

    from w2s.testbeds.hackability.finding import worst

    console.print(_shortcuts(report))
    console.print(
        "Mean over the worlds (from the lowest to the highest); of a single world its 95 % interval.\n"
        "* trained on the labelled part; cross-fitted where there is none",
        style="dim",
    )
    aside = Table(box=None, pad_edge=False)
    for title in ("copies and balance", "items", "severity"):
        aside.add_column(title)
    for leak in report.leaks:
        aside.add_row(leak.name, f"{leak.count} of {leak.of}", _styled(leak.severity))
    for split, role in dict.fromkeys((b.split, b.role) for b in report.balance):
        shares = [b for b in report.balance if (b.split, b.role) == (split, role)]
        aside.add_row(
            f"class 1 in {split} {role}",
            f"{_range([b.class_1.mean for b in shares])} of {shares[0].n}",
            _styled(worst([b.severity for b in shares])),
        )
    console.print()
    console.print(aside)
    console.print()
    for verdict in report.verdicts.values():
        console.print(verdict, markup=False, highlight=False, soft_wrap=True)


def _shortcuts(report: Report) -> Table:
    """One row a shortcut: accuracy on each split, PGR where it is more than chance; the worst first."""
    from rich.table import Table
    from rich.text import Text

    from w2s.testbeds.hackability.finding import SEVERITIES, worst
    from w2s.testbeds.hackability.report import UNTRAINED

    table = Table(box=None, pad_edge=False)
    table.add_column("shortcut")
    splits = list(dict.fromkeys(f.split for f in report.findings))
    for split in splits:
        table.add_column(split, no_wrap=True)
        if report.gaps:
            table.add_column("PGR", justify="right", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    rows: dict[str, list[ShortcutResult]] = {}
    for finding in report.findings:
        rows.setdefault(finding.probe, []).append(finding)

    def rank(results: list[ShortcutResult]) -> tuple[int, float]:
        return max((SEVERITIES.index(f.severity), f.reach) for f in results)

    for probe, results in sorted(rows.items(), key=lambda row: rank(row[1]), reverse=True):
        cells = []
        for split in splits:
            of_split = [f for f in results if f.split == split]
            cells.append(_accuracy(of_split))
            if report.gaps:
                cells.append(_pgr(of_split))
        name = Text(probe + ("" if results[0].trained == UNTRAINED else "*"))
        table.add_row(name, *cells, _styled(worst([f.severity for f in results])))
    return table


def _accuracy(results: list[ShortcutResult]) -> str:
    if len(results) == 1:
        a = results[0].accuracy
        return f"{a.mean:.2f} ({a.low:.2f}-{a.high:.2f})"
    means = [f.accuracy.mean for f in results]
    return f"{sum(means) / len(means):.2f} ({min(means):.2f}-{max(means):.2f})"


def _pgr(results: list[ShortcutResult]) -> str:
    """Mean over the worlds, where the gap is known in all and the shortcut is more than chance in one of them."""
    known = [f.pgr.mean for f in results if f.pgr]
    whole = len(known) == len(results) and any(f.significant for f in results)
    return f"{sum(known) / len(known):.2f}" if whole else ""


def _range(values: list[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low}-{high}"


def _styled(severity: str) -> Text:
    from rich.text import Text

    return Text(severity, style=SEVERITY_STYLE[severity])
