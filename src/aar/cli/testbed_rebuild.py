"""`aar testbed rebuild`: the shipped checkpoints again from their seeds, and whether they are the same bytes."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aar.cli.testbed import AsJson, testbeds

if TYPE_CHECKING:
    from w2s.testbeds.mini.domain import Role


@testbeds.command("rebuild")
def rebuild_testbeds(
    names: Annotated[list[str], typer.Argument(help="Mini testbeds to rebuild.")],
    world: Annotated[
        list[str] | None, typer.Option(help="A world to rebuild; give it again for more. [all of them]")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the rebuilt checkpoints.")] = Path("rebuilt"),
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes, one thread each. [all cores]")] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many steps: a trial, not the model.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild the checkpoints of mini testbeds from their seeds and compare them with the shipped ones.

    Some minutes a strong model on one core. The same machine and torch version give the same bytes; another
    processor may round otherwise, and the command says so.
    """
    from w2s.errors import NotFound
    from w2s.testbeds.mini.domains import DOMAINS

    wanted: list[tuple[str, str, Role]] = []
    for name in names:
        if name not in DOMAINS:
            raise NotFound.among("mini testbed", name, sorted(DOMAINS))
        known = sorted(DOMAINS[name].testbed.worlds)
        for chosen in world or ():
            if chosen not in known:
                raise NotFound.among(f"world of {name}", chosen, known)
        worlds = world or known
        wanted += [(name, world, "strong") for world in worlds] + [(name, world, "weak") for world in worlds]
    built = []
    for model in _rebuilt(wanted, out, jobs, steps):
        built.append(model)
        verdict = "the same as shipped" if model["same"] else "not the bytes that are shipped"
        which = f"{model['testbed']} {model['world']}/{model['role']}"
        typer.echo(f"{which}: sha256 {model['sha256']} in {model['seconds']:.0f} s: {verdict}", err=as_json)
    if as_json:
        typer.echo(json.dumps({"rebuilt": built}))
    elif not all(model["same"] for model in built) and steps is None:
        typer.echo(
            "another processor or torch version rounds otherwise; what is in the package is what was measured"
        )


def _rebuilt(
    wanted: Sequence[tuple[str, str, Role]], out: Path, jobs: int | None, steps: int | None
) -> Iterator[dict[str, Any]]:
    from concurrent.futures import as_completed

    from aar.settings import cores
    from w2s import workers

    with workers.pool(min(jobs or cores(), len(wanted))) as pool:
        tasks = [pool.submit(_rebuild_one, name, world, role, out, steps) for name, world, role in wanted]
        for task in as_completed(tasks):
            yield task.result()


def _rebuild_one(name: str, world: str, role: Role, out: Path, steps: int | None) -> dict[str, Any]:
    from w2s.testbeds.mini.domains import DOMAINS
    from w2s.testbeds.mini.pretrain import rebuild

    start = time.monotonic()
    digest = rebuild(out / name / world / role, name, world, role, steps=steps)
    shipped = Path(getattr(DOMAINS[name].testbed.worlds[world], role)) / "model.safetensors"
    same = shipped.is_file() and hashlib.sha256(shipped.read_bytes()).hexdigest() == digest
    seconds = round(time.monotonic() - start, 1)
    return {"testbed": name, "world": world, "role": role, "sha256": digest, "same": same, "seconds": seconds}
