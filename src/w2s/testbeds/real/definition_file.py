"""`testbed.toml`: a definition as a person writes it; what is left out is taken from the study's testbeds.

name = "my-chat"                      # small letters, digits, hyphens
kind = "pair"                         # or "verification"
like = "qwen-chat"                    # whose prompts, recipe and marks fill what is left out
title, description, run_minutes       # how long one run of a method may take in the lab
[models]  weak, strong                # a hub's "owner/name", or a folder: "./weak", "/models/weak"
[sealed_models]  weak, strong         # other models for the sealed split
[prompts]  template, labels, zero_shot_template, zero_shot_labels        # labels: class 0, class 1
[recipe], [weak_recipe]  epochs, learning_rate, batch_size, warmup, weight_decay, lora_rank, lora_alpha,
                         max_length   # lora_rank = 0 trains every parameter
[carve]  ood, sealed_train, sealed_test, practice, seed
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from w2s.bounds import EPOCHS, LABEL_CHARS, TEMPLATE_CHARS
from w2s.records import ItemKind, Recipe
from w2s.testbeds.real.carve import Shares
from w2s.testbeds.real.definition import FILE, FORMAT, Definition, Models, Prompts
from w2s.testbeds.real.problems import Problem, Problems, refuse
from w2s.testbeds.real.qwen import DEFAULT_LIKE, QWEN
from w2s.testbeds.real.release import FORMS

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HUB = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?")
_TABLES: Mapping[str, tuple[str, ...]] = {
    "": ("format", "name", "kind", "like", "title", "description", "run_minutes"),
    "models": ("weak", "strong"),
    "sealed_models": ("weak", "strong"),
    "prompts": ("template", "labels", "zero_shot_template", "zero_shot_labels"),
    "recipe": tuple(Recipe.__dataclass_fields__),
    "weak_recipe": tuple(Recipe.__dataclass_fields__),
    "carve": ("ood", "sealed_train", "sealed_test", "practice", "seed"),
}
_NUMBERS: Mapping[str, tuple[type, float, float]] = {
    "run_minutes": (float, 0.1, 10_000),
    "epochs": (int, 1, EPOCHS),
    "learning_rate": (float, 1e-8, 1),
    "batch_size": (int, 1, 4096),
    "warmup": (float, 0, 1),
    "weight_decay": (float, 0, 1),
    "lora_rank": (int, 0, 4096),
    "lora_alpha": (int, 1, 65_536),
    "max_length": (int, 8, 1 << 20),
    "sealed_train": (float, 0.05, 0.95),
    "sealed_test": (float, 0.05, 0.95),
    "practice": (int, 2, 10_000),
    "seed": (int, 0, 2**31 - 1),
}


def read_definition(folder: Path, *, models_here: bool = True) -> Definition:
    """The definition in `folder`; `BadTestbed` names the line and field of everything that is wrong.

    With `models_here`, a model that is given as a folder must be one.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise refuse(FILE, f"is missing in {folder}", "see docs/testbeds-real.md, Your own testbed") from None
    except (OSError, UnicodeDecodeError) as error:
        raise refuse(FILE, f"cannot be read ({error})", "save it as UTF-8") from None
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        what = f"is not TOML ({error})"
        raise refuse(FILE, what, "correct the line", line=int(place[1]) if place else 0) from None
    except RecursionError:
        raise refuse(FILE, "is nested too deeply", "see docs/testbeds-real.md, Your own testbed") from None
    return _Reader(body, text, folder, models_here).definition()


def model_place(written: str, root: Path) -> Path | str | None:
    """A hub's name as it is, a folder as a path (below `root` if it is relative), None if it is neither."""
    if written.startswith(("/", "./", "../", "~/")) or written in (".", ".."):
        return Path(os.path.normpath((root / Path(written).expanduser()).absolute()))
    return written if _HUB.fullmatch(written) and ".." not in written else None


@dataclass
class _Reader:
    """One file being read; `problems` collects, so that all are told at once."""

    body: dict[str, Any]
    text: str
    root: Path
    models_here: bool
    problems: list[Problem] = field(default_factory=list)

    def definition(self) -> Definition:
        self._names()
        kind = cast(ItemKind, self._choice("kind", tuple(FORMS), None))
        like = self._choice("like", tuple(QWEN), DEFAULT_LIKE.get(kind, "qwen-chat"))
        name = self._string("", "name", None)
        if name and not NAME.fullmatch(name):
            self._wrong("", "name", f"is {name!r}", "use up to 40 small letters, digits and hyphens")
        models = self._models("models")
        if models is None and not self.problems:
            self._wrong("models", "weak", "is missing", 'write [models] with weak = "..." and strong = "..."')
        if self.problems or models is None:
            raise Problems(self.problems)
        base = QWEN[like]
        if base.kind != kind:
            self._wrong("", "like", f"is {like!r}, of the other kind", f"use {DEFAULT_LIKE[kind]!r}")
            raise Problems(self.problems)
        definition = replace(
            base,
            name=name,
            kind=kind,
            title=self._string("", "title", name),
            description=self._string("", "description", "A user's own testbed."),
            models=models,
            sealed_models=self._models("sealed_models"),
            prompts=self._prompts(base.prompts, FORMS[kind]),
            recipe=self._recipe("recipe", base.recipe),
            weak_recipe=self._recipe("weak_recipe", base.weak_recipe),
            ood=self._strings("carve", "ood", base.ood),
            shares=self._numbers("carve", base.shares, Shares),
            run_minutes=float(self._number("", "run_minutes", base.run_minutes)),
        )
        if self.problems:
            raise Problems(self.problems)
        return definition

    def _names(self) -> None:
        for table, value in self.body.items():
            if table in _TABLES and isinstance(value, dict) and table:
                for key in value:
                    if key not in _TABLES[table]:
                        self._unknown(table, key, _TABLES[table])
            elif table in _TABLES:
                self._wrong("", table, "is a value", f"write a table: [{table}]")
            elif table not in _TABLES[""]:
                self._unknown("", table, (*_TABLES[""], *(name for name in _TABLES if name)))
        if self.body.get("format", FORMAT) != FORMAT:
            self._wrong("", "format", f"is {self.body['format']!r}", f"this version reads {FORMAT}")

    def _unknown(self, table: str, key: str, known: tuple[str, ...]) -> None:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        self._wrong(table, key, "is not known here", hint)

    def _models(self, table: str) -> Models | None:
        if table not in self.body:
            return None
        places: list[Path | str] = []
        for role in ("weak", "strong"):
            written = self._string(table, role, None)
            place = model_place(written, self.root) if written else None
            if written and place is None:
                self._wrong(
                    table,
                    role,
                    f"is {written!r}",
                    'write a hub\'s "owner/name", or a path with a slash first',
                )
            elif isinstance(place, Path) and self.models_here and not (place / "config.json").is_file():
                self._wrong(table, role, f"has no config.json in {place}", "give the folder of a checkpoint")
            places.append(place or "")
        return Models(*places)

    def _prompts(self, base: Prompts, fields: tuple[str, ...]) -> Prompts:
        prompts: dict[str, Any] = {}
        for name in ("template", "zero_shot_template"):
            text = self._string("prompts", name, getattr(base, name))
            if len(text) > TEMPLATE_CHARS:
                self._wrong("prompts", name, f"has {len(text)} characters", f"at most {TEMPLATE_CHARS}")
            elif fault := _template_fault(text, fields):
                self._wrong("prompts", name, *fault)
            prompts[name] = text
        for name in ("labels", "zero_shot_labels"):
            words = self._strings("prompts", name, getattr(base, name))
            if len(words) != 2 or words[0] == words[1] or not all(0 < len(w) <= LABEL_CHARS for w in words):
                remedy = f"give two different words of up to {LABEL_CHARS} characters: class 0, class 1"
                self._wrong("prompts", name, f"is {list(words)!r}", remedy)
            prompts[name] = words
        return Prompts(**prompts)

    def _recipe(self, table: str, base: Recipe) -> Recipe:
        recipe: Recipe = self._numbers(table, replace(base, lora_rank=base.lora_rank or 0), Recipe)
        return replace(recipe, lora_rank=recipe.lora_rank or None)

    def _numbers(self, table: str, base: Any, kind: type) -> Any:
        given = self.body.get(table, {})
        names = [name for name in kind.__dataclass_fields__ if name in given]  # type: ignore[attr-defined]
        return replace(base, **{name: self._number(table, name, 0) for name in names})

    def _number(self, table: str, key: str, default: float) -> float:
        value = self._value(table, key, default)
        kind, low, high = _NUMBERS[key]
        fits = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
        if not fits or not low <= value <= high:
            what = "a whole number" if kind is int else "a number"
            self._wrong(table, key, f"is {value!r}", f"write {what} from {low:g} to {high:g}")
            return default
        return kind(value)  # type: ignore[no-any-return]

    def _choice(self, key: str, known: tuple[str, ...], default: str | None) -> str:
        value = self._string("", key, default)
        if value and value not in known:
            self._wrong("", key, f"is {value!r}", f"write one of {', '.join(map(repr, known))}")
            return ""
        return value

    def _string(self, table: str, key: str, default: str | None) -> str:
        value = self._value(table, key, default)
        if not isinstance(value, str) or not value.strip():
            what = (
                "is missing" if value is None else "is empty" if value == "" else f"is {value!r}, not a text"
            )
            self._wrong(table, key, what, 'write a text in quotes: "..."')
            return ""
        if not table and not value.isprintable():
            self._wrong(
                table, key, "holds a character that cannot be shown", "write it on one line, in words"
            )
        return value

    def _strings(self, table: str, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._value(table, key, list(default))
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            self._wrong(table, key, f"is {value!r}", 'write a list of texts: ["...", "..."]')
            return default
        return tuple(value)

    def _value(self, table: str, key: str, default: object) -> Any:
        part = self.body.get(table, {}) if table else self.body
        return part.get(key, default) if isinstance(part, dict) else default

    def _wrong(self, table: str, key: str, what: str, remedy: str) -> None:
        named = f"{table}.{key}" if table else key
        self.problems.append(Problem(FILE, _line_of(self.text, table, key), named, what, remedy))


def _template_fault(text: str, fields: tuple[str, ...]) -> tuple[str, str] | None:
    """Fault of a template that does not name its item's fields, and the remedy."""
    import string

    try:
        named = [(name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(text)]
    except ValueError as error:
        return f"is malformed ({error})", "write {{ for a brace"
    names = [name for name, _, _ in named if name is not None]
    if any(name not in fields for name in names) or any(spec or conv for _, spec, conv in named):
        shown = ", ".join(f"{{{name}}}" for name in fields)
        return f"names {', '.join(f'{{{name}}}' for name in names)}", f"name only {shown}"
    if missing := [name for name in fields if name not in names]:
        return f"does not name {{{missing[0]}}}", "name every field of an item"
    return None


def _line_of(text: str, table: str, key: str) -> int:
    """The line where `key` of `table` is written, or where the table begins; 0 if neither is found."""
    inside, begins = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            inside = header[1]
            if inside in (table, key):
                begins = number
        if inside == table and re.match(rf'\s*"?{re.escape(key)}"?\s*[=.]', line):
            return number
    return begins
