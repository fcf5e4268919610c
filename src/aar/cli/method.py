"""`aar method`: the library's methods, to choose from and to read."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from aar.cli import app

methods_app = typer.Typer(help="The library of weak-to-strong methods.", no_args_is_help=True)
app.add_typer(methods_app, name="method")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


@methods_app.command("list")
def list_methods(as_json: AsJson = False) -> None:
    """List the methods, each with its idea in one sentence."""
    from w2s import methods

    known = [{"name": name, "summary": methods.summary(name)} for name in methods.names()]
    if as_json:
        typer.echo(json.dumps({"methods": known}))
        return
    for method in known:
        typer.echo(f"{method['name']:<22} {method['summary']}")


@methods_app.command("show")
def show_method(
    name: Annotated[str, typer.Argument(help="A method, or a variant: 'confident_labels THRESHOLD=0.6'.")],
    as_json: AsJson = False,
) -> None:
    """Print the whole code of a method; saved as method.py in a folder, it can be scored and changed."""
    from aar.baseline_sets import method_of
    from w2s import methods

    code = methods.source(name)
    if as_json:
        method = method_of(name)
        facts = {"name": method, "summary": methods.summary(method), "settings": methods.constants(method)}
        typer.echo(json.dumps({**facts, "source": code}))
        return
    typer.echo(code, nl=False)
