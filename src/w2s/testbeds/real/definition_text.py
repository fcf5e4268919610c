"""A definition written out whole as `testbed.toml`, for a machine to read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from w2s.testbeds.real.definition import FORMAT, Definition


def as_toml(definition: Definition) -> str:
    """The definition as a whole file, nothing left to defaults; folders of models become absolute."""
    d = definition
    lines = [f"format = {FORMAT}", f"name = {_toml(d.name)}", f"kind = {_toml(d.kind)}"]
    lines += [f"title = {_toml(d.title)}", f"description = {_toml(d.description)}"]
    lines += [f"run_minutes = {_toml(d.run_minutes)}"]
    tables: dict[str, dict[str, Any]] = {"models": _of(d.models)}
    if d.sealed_models is not None:
        tables["sealed_models"] = _of(d.sealed_models)
    tables["prompts"] = _of(d.prompts)
    for name, recipe in (("recipe", d.recipe), ("weak_recipe", d.weak_recipe)):
        tables[name] = {
            **_of(recipe),
            "lora_rank": recipe.lora_rank or 0,
            "lora_alpha": recipe.lora_alpha or recipe.lora_rank or 1,
        }
    tables["carve"] = {"ood": d.ood, **_of(d.shares)}
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _of(record: object) -> dict[str, Any]:
    return {name: getattr(record, name) for name in type(record).__dataclass_fields__}  # type: ignore[attr-defined]


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, Path):
        return _toml(str(value.absolute()))
    if isinstance(value, str):  # a JSON text is a TOML text, but for one character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
