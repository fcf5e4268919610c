"""Models named on a hub become folders on this machine, so that processes without a network can load them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from w2s.errors import Unavailable
from w2s.testbeds.real.definition import Definition, Models

PATTERNS = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")
"""Files of a model's repository that are fetched: configuration, weights, tokenizer; no code and no other formats."""


def fetched(name: str) -> Path:
    """Folder of the model `name` of the hub: the copy on this machine, or one that is downloaded now.

    Raises `Unavailable` if it is neither here nor within reach.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(PATTERNS), local_files_only=True))
    except (OSError, ValueError):
        pass
    try:
        return Path(snapshot_download(name, allow_patterns=list(PATTERNS)))
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise Unavailable(
            f"model {name!r} is not on this machine and the hub did not give it ({reason}); where there is a "
            f"network, run: hf download {name}; or give a folder: --weak and --strong of aar testbed import"
        ) from error


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
