"""Models named on a hub become folders on this machine, so that processes without a network can load them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from w2s.errors import Unavailable
from w2s.testbeds.real.definition import Definition, Models

PATTERNS = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")
"""Files of a model's repository that are fetched: configuration, weights, tokenizer; no code and no other formats."""


def fetched(name: str) -> Path:
    """Folder of the model `name` of the hub: the copy on this machine, or one that is downloaded now.

    A copy without all of its weights is completed. Raises `Unavailable` if it is neither here nor within reach.
    """
    from huggingface_hub import snapshot_download

    here = "is not on this machine"
    try:
        folder = Path(snapshot_download(name, allow_patterns=list(PATTERNS), local_files_only=True))
        if not (missing := _missing(folder)):
            return folder
        here = f"is on this machine without {missing[0]}" + (
            f" and {len(missing) - 1} more" if missing[1:] else ""
        )
    except (OSError, ValueError):
        pass
    try:
        return Path(snapshot_download(name, allow_patterns=list(PATTERNS)))
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise Unavailable(
            f"model {name!r} {here} and the hub did not give it ({reason}); where there is a "
            f"network, run: hf download {name}; or give a folder: --weak and --strong of aar testbed import"
        ) from error


def _missing(folder: Path) -> list[str]:
    """Files that a checkpoint needs and does not have: its configuration, and every piece of its weights."""
    missing = [name for name in ("config.json",) if not (folder / name).is_file()]
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            pieces = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, AttributeError, TypeError):
            return [*missing, index.name]
        return missing + [piece for piece in pieces if not (folder / str(piece)).is_file()]
    return missing if any(folder.glob("*.safetensors")) else [*missing, "model.safetensors"]


def with_local_models(definition: Definition) -> Definition:
    """The definition with a folder for every model; what a lab keeps and its services read."""

    def local(models: Models) -> Models:
        weak, strong = (
            place if isinstance(place, Path) else fetched(place) for place in (models.weak, models.strong)
        )
        return Models(weak, strong)

    sealed = None if definition.sealed_models is None else local(definition.sealed_models)
    return replace(definition, models=local(definition.models), sealed_models=sealed)


def folders_of(place: Path) -> list[Path]:
    """Every folder that a model in `place` needs to be seen: its own, and those that its files are links into."""
    folders = {place.absolute()}
    for path in place.iterdir():
        if path.is_symlink():
            folders.add(path.resolve().parent)
    return sorted(folders)
