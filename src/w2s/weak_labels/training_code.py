"""Version of the training code behind a result: a hash of what it computes, not of how it is written.

The version is a hash over the syntax trees of `w2s.models`, without comments, docstrings and layout, and over the
versions of the libraries that compute with it. Where code changed without changing any number, its former version is
declared here as one that gives the same results, so that what it made stays readable.

Covered: another expression, name, default or order of statements in `w2s.models`; another version of a library. Not
covered: code outside `w2s.models` (recipes, prompts and items are part of a result's own key); another kind of
processor.
"""

from __future__ import annotations

import ast
import hashlib
import json
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parents[1] / "models"

LIBRARIES = ("torch", "transformers", "tokenizers", "peft", "numpy")

REVIEWED = "8cc82b33951838a3d9ffdfae34df034d65f58b16a192644581a0210299537d8b"
"""Digest of the training code for which the two lists below were checked, by `tests/aar/test_lab_of_0_1.py`.

After a change of `w2s.models` that changes no number, the digest of the code before it joins `SAME_RESULTS` and the new
one stands here; after one that does, both lists are emptied. Until then, former versions are not accepted.
"""

SAME_RESULTS: tuple[str, ...] = ("05fcd528f5e3b31c7a8b2a053bf81e12055270d1833720e4a621b3dc70357276",)
"""Digests of former training code that gives the same results, whatever the libraries."""

SAME_RESULTS_OF_0_1 = {
    "torch=2.13.0,transformers=5.23.0,tokenizers=0.23.3,peft=0.21.2,numpy=2.4.6": (
        "e106480798a0ec44b11c5984d481eab3cffaeee89c16ac46882697ffd124dc14"
    ),
    "torch=2.13.0+cpu,transformers=5.23.0,tokenizers=0.23.3,peft=0.21.2,numpy=2.4.6": (
        "c02d909e76304e43b07b3ab65feeb961f5d8fc97f161b527849acc06f560bdea"
    ),
}
"""Versions by 0.1, which hashed bytes, under the libraries of its constraints.txt, by these libraries."""


def code_version() -> str:
    """Hash of the training code and of the libraries that compute with it."""
    return _version(training_digest(MODELS), _libraries())


def accepted_code_versions() -> tuple[str, ...]:
    """The version of today, and those of former code that gives the same results under the libraries of today."""
    former: list[str] = []
    if training_digest(MODELS) == REVIEWED:
        former += [_version(digest, _libraries()) for digest in SAME_RESULTS]
        if _libraries() in SAME_RESULTS_OF_0_1:
            former.append(SAME_RESULTS_OF_0_1[_libraries()])
    return (code_version(), *former)


@lru_cache(maxsize=8)
def training_digest(folder: Path) -> str:
    """Hash of what the Python modules of a folder compute, as 64 hexadecimal digits."""
    modules = {path.name: _meaning(ast.parse(path.read_bytes())) for path in sorted(folder.glob("*.py"))}
    return hashlib.sha256(json.dumps(modules, sort_keys=True).encode()).hexdigest()


def _meaning(node: Any) -> Any:
    """A syntax tree as JSON values: the same for every version of Python, and without what says nothing.

    >>> _meaning(ast.parse("x = 1  # one")) == _meaning(ast.parse("'Why.'\\nx = (1)"))
    True
    >>> _meaning(ast.parse("x = 1")) == _meaning(ast.parse("x = 1.0"))
    False
    """
    if isinstance(node, list):
        return [_meaning(part) for part in node if not _is_text(part)]
    if not isinstance(node, ast.AST):
        return repr(node)
    # empty fields are left out: a new version of Python adds some
    fields = {name: value for name, value in ast.iter_fields(node) if value not in (None, [])}
    for unsaid in ("ctx", "kind", "type_comment"):
        fields.pop(unsaid, None)
    return [type(node).__name__, {name: _meaning(value) for name, value in fields.items()}]


def _is_text(node: Any) -> bool:
    """True if a statement is a string alone: a docstring, of a module, class, function or attribute."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


@lru_cache(maxsize=1)
def _libraries() -> str:
    return ",".join(f"{library}={metadata.version(library)}" for library in LIBRARIES)


def _version(digest: str, libraries: str) -> str:
    return hashlib.sha256(f"{digest}\n{libraries}".encode()).hexdigest()
