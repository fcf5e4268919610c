"""`aar ideas`: which families of ideas a run's researchers tried, by rules on code and by a judge model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aar.cli import app
from aar.cli import run_options as options

if TYPE_CHECKING:
    from aar.folder import LabFolder
    from aar.ideas import Family, Idea


@app.command()
def ideas(
    run: Annotated[Path, typer.Argument(help="A run folder; its lab may be running or not.")],
    judge: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="A language model that sorts the same ideas; each code is asked about once."
        ),
    ] = None,
    base_url: options.BaseUrl = None,
    price: options.Price = None,
    as_json: options.AsJson = False,
) -> None:
    """Show each idea's family and size, the effective number of families, and what became of each."""
    from aar import database
    from aar.database import judged, submissions
    from aar.folder import LabFolder
    from aar.ideas import read
    from aar.model_options import base_url as checked
    from aar.submissions.snapshots import Snapshots

    base_url = checked(base_url)
    if judge is not None:
        _refuse_policy(judge)
    folder = LabFolder(run.resolve())
    folder.read_description()
    store = database.open(folder.storage)
    with store.read() as tx:
        rows = submissions.all(tx)
    snapshots = Snapshots(folder.snapshots)
    found = read(snapshots, rows)
    if judge is not None and found:
        codes = {idea.commit: snapshots.get(idea.commit) for idea in found}
        _ask(folder, judge, codes, base_url=base_url, prices=price or ())
    with store.read() as tx:
        answers = judged.all(tx)
    store.close()
    by_judge = {
        model: [given.get(idea.commit, "") for idea in found]
        for model, given in answers.items()
        if judge in (None, model)
    }
    if as_json:
        typer.echo(json.dumps(_as_json(found, by_judge)))
        return
    for line in in_words(found, by_judge):
        typer.echo(line)


def _refuse_policy(judge: str) -> None:
    from aar.errors import SettingsError

    if judge.partition("/")[0] == "aar":
        raise SettingsError(
            f"--judge {judge}: an embedded policy, which reads no code; name a language model"
        )


def in_words(found: Sequence[Idea], by_judge: dict[str, list[str]]) -> list[str]:
    """The table, and how different the ideas are, by the rules and by each judge."""
    from aar.cli.wording import plain
    from aar.ideas import diversity
    from aar.reports.words import count

    spread = diversity([idea.family for idea in found])
    if spread is None:
        return ["no researcher has handed anything in"]
    judges = "".join(f"  {plain(model)[:24]:<24}" for model in by_judge)
    lines = [f"{'idea':<6} {'by':<5} {'family':<24} {'lines':>5}  {'status':<15}{judges}"]
    for number, idea in enumerate(found):
        size = "" if idea.size is None else str(idea.size.lines)
        said = "".join(f"  {given[number] or 'named none':<24}" for given in by_judge.values())
        who, status = plain(idea.researcher), idea.status.replace("_", " ")
        lines.append(
            f"{idea.submission:<6} {who:<5} {idea.family.value:<24} {size:>5}  {status:<15}{said}".rstrip()
        )
    lines.append(
        f"{count(spread.ideas, 'idea')}, effectively of {spread.effective:.1f} "
        f"[{spread.low:.1f}, {spread.high:.1f}] families"
    )
    for model, given in by_judge.items():
        lines.append(plain(_judged(found, model, given)))
    return lines


def _judged(found: Sequence[Idea], model: str, given: Sequence[str]) -> str:
    from aar.ideas.judging import judged
    from aar.reports.ideas import judge_words

    return judge_words(judged(model, [idea.family for idea in found], given))


def _as_json(found: Sequence[Idea], by_judge: dict[str, list[str]]) -> dict[str, Any]:
    from aar.ideas import diversity

    spread = diversity([idea.family for idea in found])
    return {
        "effective": None if spread is None else round(spread.effective, 2),
        "interval": None if spread is None else [round(spread.low, 2), round(spread.high, 2)],
        "ideas": [
            {
                "submission": idea.submission,
                "researcher": idea.researcher,
                "status": idea.status,
                "family": idea.family.value,
                "lines": None if idea.size is None else idea.size.lines,
                "blocks": None if idea.size is None else idea.size.blocks,
                "judged": {model: given[number] or None for model, given in by_judge.items()},
            }
            for number, idea in enumerate(found)
        ],
    }


def _ask(
    folder: LabFolder,
    model: str,
    codes: dict[str, dict[str, str]],
    *,
    base_url: str | None,
    prices: Sequence[str],
) -> None:
    """Ask a judge about the codes that it has not seen; every answer is kept as it comes."""
    from aar import database
    from aar.database import judged
    from aar.model_options import prices as given
    from aar.prices import Prices, Tokens, dollars
    from aar.reports.words import count
    from aar.researchers import ModelOptions, check_model
    from aar.researchers.judge import judge

    check_model(model)
    priced = Prices(given(prices, [model]))
    priced.check(model)
    store = database.open(folder.storage)
    with store.read() as tx:
        known = judged.all(tx).get(model, {})
    spent = [0]

    def told(commit: str, family: Family | None, tokens: Tokens) -> None:
        with store.write() as tx:
            judged.note(tx, model, commit, "" if family is None else family.value)
        spent[0] += priced.cost(model, tokens).nano_usd

    new = {commit: files for commit, files in codes.items() if commit not in known}
    try:
        judge(model, ModelOptions(base_url=base_url), new, told)
    finally:
        store.close()
        typer.echo(f"{model} was asked about {count(len(new), 'idea')}: ${dollars(spent[0]):.4f}", err=True)
