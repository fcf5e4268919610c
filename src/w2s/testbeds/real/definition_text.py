"""A definition written out whole as `testbed.toml`, for a machine to read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomli_w

from w2s.testbeds.real.definition import FORMAT, Definition


def as_toml(definition: Definition) -> str:
    """The definition as a whole file, nothing left to defaults; folders of models become absolute."""
    d = definition
    content: dict[str, Any] = {
        "format": FORMAT,
        "name": d.name,
        "kind": d.kind,
        "title": d.title,
        "description": d.description,
        "run_minutes": d.run_minutes,
        "models": _of(d.models),
    }
    if d.sealed_models is not None:
        content["sealed_models"] = _of(d.sealed_models)
    content["prompts"] = _of(d.prompts)
    for name, recipe in (("recipe", d.recipe), ("weak_recipe", d.weak_recipe)):
        content[name] = {
            **_of(recipe),
            "lora_rank": recipe.lora_rank or 0,
            "lora_alpha": recipe.lora_alpha or recipe.lora_rank or 1,
        }
    content["carve"] = {"ood": d.ood, **_of(d.shares)}
    return tomli_w.dumps(content)


def _of(record: object) -> dict[str, Any]:
    """The fields of a record as TOML has them: tuples are arrays, folders absolute paths."""
    names = type(record).__dataclass_fields__  # type: ignore[attr-defined]
    return {name: _plain(getattr(record, name)) for name in names}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value.absolute()) if isinstance(value, Path) else value
