"""`aar testbed import` and `build`: testbeds of real models, and a user's own."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aar.cli.testbed import AsJson, testbeds

if TYPE_CHECKING:
    from w2s.testbeds.real.store import Imported

Into = Annotated[
    Path | None, typer.Option(help="Folder that holds imported testbeds; your data folder if left out.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Put it in the place of an earlier import.")]
Weak = Annotated[str | None, typer.Option(help="Weak model: a hub's owner/name, or a folder.")]
Columns = Annotated[
    str,
    typer.Option(
        help="Names of your columns, e.g. prompt=instruction,chosen=good,rejected=bad.", show_default=False
    ),
]
Labels = Annotated[
    str, typer.Option(help="Words of your labels: first=1,second=0 or true=yes,false=no.", show_default=False)
]
Strong = Annotated[str | None, typer.Option(help="Strong model: a hub's owner/name, or a folder.")]


@testbeds.command("import")
def import_testbed(
    source: Annotated[
        Path,
        typer.Argument(
            help="Folder of train_label.jsonl, train_unlabel.jsonl, test.jsonl, or these as .tar.gz."
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="What it will be called; qwen-chat or qwen-math if left out.")
    ] = None,
    like: Annotated[
        str | None, typer.Option(help="Whose prompts and recipe it gets: qwen-chat, qwen-math or qwen-code.")
    ] = None,
    weak: Weak = None,
    strong: Strong = None,
    ood: Annotated[
        list[str] | None, typer.Option(help="Words that mark an out-of-distribution subset; may be repeated.")
    ] = None,
    columns: Columns = "",
    labels: Labels = "",
    seed: Annotated[int, typer.Option(help="Draws which side the chosen answer of a pair is on.")] = 0,
    into: Into = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Check a release, carve out sealed items, and keep it as a testbed of yours."""
    from w2s.testbeds import names
    from w2s.testbeds.real.reading import spelling
    from w2s.testbeds.real.store import ImportRequest, import_release, testbeds_folder

    wanted = ImportRequest(
        name=name,
        like=like,
        weak=weak,
        strong=strong,
        ood=tuple(ood or ()),
        spelling=spelling(columns, labels, seed=seed),
    )
    done = import_release(source, wanted, into=into or testbeds_folder(), taken=names(), replacing=replace)
    tell(done, as_json=as_json)


@testbeds.command("build")
def build_testbed(
    name: Annotated[str, typer.Argument(help="qwen-chat, qwen-math or qwen-code.")],
    proposals: Annotated[
        Path | None,
        typer.Option(help="Proposed answers as JSON lines: question, choice, and for code correct."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model that writes proposals (math): a hub's owner/name, or a folder.")
    ] = None,
    keep: Annotated[
        Path, typer.Option(help="File that keeps what the model writes; an interrupted build goes on there.")
    ] = Path("proposals.jsonl"),
    per_question: Annotated[int, typer.Option(min=1, max=64, help="Proposals a question.")] = 8,
    questions: Annotated[int, typer.Option(min=1, help="Questions to write proposals for.")] = 1200,
    device: Annotated[str, typer.Option(help="Where the model runs: cpu, cuda.")] = "cpu",
    sources: Annotated[
        Path | None,
        typer.Option(
            help="Folder with a folder of parquet or JSONL files for each data set; the hub is not asked."
        ),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="Where one data set is, NAME=PLACE: a folder, owner/name[:configuration][@revision], or @revision.",
        ),
    ] = None,
    called: Annotated[str | None, typer.Option("--name", help="Another name for the testbed.")] = None,
    weak: Weak = None,
    strong: Strong = None,
    seed: Annotated[int, typer.Option(min=0, help="Which questions go where.")] = 0,
    into: Into = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Rebuild a testbed of the study from the public data that it was made of, as far as that is possible."""
    from w2s.testbeds.real.sources.build import SOURCES, Generator, build
    from w2s.testbeds.real.sources.rows import from_places, parsed_places
    from w2s.testbeds.real.store import ImportRequest, testbeds_folder

    if model is not None and proposals is not None:
        raise typer.BadParameter("give --proposals or --model, not both")
    built = build(
        name,
        from_places(root=sources, places=parsed_places(source or [], SOURCES)),
        ImportRequest(name=called or name, like=name, weak=weak, strong=strong),
        into=into or testbeds_folder(),
        judged=proposals,
        generator=None if model is None else Generator(model, keep, per_question, questions, device),
        seed=seed,
        replacing=replace,
        progress=lambda done, total: typer.echo(f"proposals: {done} of {total} questions", err=True),
    )
    if not as_json:
        for reason, count in built.skipped.items():
            typer.echo(f"{count:>7} rows left out: {reason}")
    tell(built.imported, as_json=as_json)


def tell(result: Imported, *, as_json: bool) -> None:
    """Print the result of an import, in words or as one JSON object."""
    if as_json:
        typer.echo(json.dumps({**asdict(result), "folder": str(result.folder)}))
        return
    typer.echo(f"{result.name} ({result.kind}) is in {result.folder}")
    for pool, size in result.sizes.items():
        typer.echo(f"  {pool:<20} {size:>6} items")
    typer.echo(f"  {'of sealed/test':<20} {result.ood:>6} out of distribution")
    for dropped in result.dropped:
        typer.echo(f"  {dropped}")
    for warning in result.warnings:
        typer.echo(f"  warning: {warning}")
    for note in result.notes:
        typer.echo(f"  note: {note}")
    place = result.name if result.in_the_usual_place else result.folder
    typer.echo(f"Next: aar score METHOD --testbed {place}")
