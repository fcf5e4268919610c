"""`aar doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from aar.cli import app

if TYPE_CHECKING:
    from aar.researchers.preflight import Readiness

KEYS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "google": "GOOGLE_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "together": "TOGETHER_API_KEY",
}
DISK_NEEDED_GIB = 1.0


class _Users(TypedDict):
    ok: bool
    detail: str
    remedy: str


@app.command()
def doctor(
    model: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="Ask this model (3*NAME as well) one short question: is its package there, its key, its provider, "
            "itself? May be repeated.",
        ),
    ] = [],  # noqa: B006  typer makes a new list
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the models' provider answers.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")] = False,
) -> None:
    """Check sandbox, cores, GPU, keys, disk and models; say what is missing and how to get it."""
    from aar.errors import NoPrice
    from aar.model_options import base_url as checked
    from aar.model_options import counted
    from aar.prices import Prices
    from aar.sandboxes import providers
    from aar.settings import cores

    names, base_url = [counted(text)[1] for text in model], checked(base_url)
    checks: list[dict[str, object]] = []

    def check(name: str, *, ok: bool, needed: bool, detail: str, remedy: str = "") -> None:
        checks.append({"name": name, "ok": ok, "needed": needed, "detail": detail, "remedy": remedy})

    version = ".".join(map(str, sys.version_info[:3]))
    check(
        "python",
        ok=sys.version_info >= (3, 11),
        needed=True,
        detail=version,
        remedy="install Python 3.11 or newer",
    )
    results = [(provider, provider.check()) for provider in providers()]
    working = [provider for provider, result in results if result.ok]
    check(
        "sandbox",
        ok=bool(working),
        needed=True,
        detail=f"{working[0].name} is used" if working else "none works: the lab would refuse to score",
        remedy="; or ".join(result.remedy for _, result in results if result.remedy),
    )
    for provider, result in results:
        check(f"  {provider.name}", ok=result.ok, needed=False, detail=result.detail, remedy=result.remedy)
    check("users", needed=False, **_users(working[0].separates_users if working else True))
    check(
        "cores",
        ok=cores() >= 2,
        needed=False,
        detail=f"{cores()}",
        remedy="with one core the demo takes about twice as long",
    )
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    check(
        "disk",
        ok=free >= DISK_NEEDED_GIB,
        needed=True,
        detail=f"{free:.1f} GiB free here",
        remedy=f"free {DISK_NEEDED_GIB:.0f} GiB",
    )
    gpu = _gpu()
    check(
        "gpu",
        ok=gpu is not None,
        needed=False,
        detail=gpu or "none",
        remedy="" if gpu else "the lab uses none yet; a notebook can",
    )
    keys = [variable for variable in KEYS.values() if os.environ.get(variable)]
    check(
        "keys",
        ok=bool(keys),
        needed=False,
        detail=", ".join(keys) if keys else "none: aar/evolution, which needs no key, is used",
        remedy="" if keys else f"set e.g. {KEYS['anthropic']} and run with --model anthropic/MODEL",
    )
    for found in _asked(names, base_url):
        used = f"answered, {found.used.total} tokens" if found.used is not None else found.note
        problem = found.problem.removeprefix(f"{found.model}: ")
        check(f"model {found.model}", ok=not problem, needed=True, detail=problem or used)
        if problem:
            continue  # of a model that cannot be used nobody asks the price
        try:
            Prices().check(found.model)
        except NoPrice:
            remedy = (
                f"aar run --price {found.model}=IN,OUT[,CACHE_READ,CACHE_WRITE], or =0,0 if nobody bills it"
            )
            check(f"price of {found.model}", ok=False, needed=False, detail="not known", remedy=remedy)
    good = all(entry["ok"] for entry in checks if entry["needed"])
    for entry in checks:
        mark = "ok  " if entry["ok"] else ("MISS" if entry["needed"] else "-   ")
        remedy = f"  ({entry['remedy']})" if entry["remedy"] and not entry["ok"] else ""
        typer.echo(f"{mark} {entry['name']!s:<14} {entry['detail']}{remedy}")
    if as_json:
        typer.echo(json.dumps({"ok": good, "checks": checks}))
    if not good:
        raise typer.Exit(1)


def _asked(models: list[str], base_url: str | None) -> list[Readiness]:
    """Whether these models answer; nothing is imported where none is named."""
    if not models:
        return []
    from aar.researchers.inspect_models import ModelOptions
    from aar.researchers.preflight import ask

    return ask(models, ModelOptions(base_url=base_url))


def _users(separates: bool) -> _Users:
    """Separation of processes of different roles on this machine."""
    if sys.platform == "darwin":
        return {"ok": False, "detail": "macOS: Docker only, with the lab itself in a container", "remedy": ""}
    if os.geteuid() == 0 and separates:
        detail = (
            "root: scorer, services, methods and researchers get users of their own, other ones in each lab"
        )
        return {"ok": True, "detail": detail, "remedy": ""}
    if os.geteuid() == 0:
        remedy = "apt install bubblewrap"
        return {"ok": False, "detail": "this sandbox has no users of its own", "remedy": remedy}
    return {
        "ok": False,
        "detail": "not root: kept apart by the sandbox alone (mount namespaces), not by users",
        "remedy": "run as root, or in a container, for separate users too",
    }


def _gpu() -> str | None:
    """Name of the first CUDA device as the driver tells it, without importing torch."""
    information = Path("/proc/driver/nvidia/gpus")
    if not information.is_dir():
        return None
    for line in (
        line for card in sorted(information.glob("*/information")) for line in card.read_text().splitlines()
    ):
        if line.startswith("Model:"):
            return line.split(":", 1)[1].strip()
    return "an NVIDIA device"
