"""The family of a method, by what its code calls.

A method can show signs of several families; the strongest sign names it. A sign is strong where few methods give it for
another reason: a zero-shot call or a choice of items is a common step, and names a method that does nothing else.

Covered: code that uses the researchers' library, whatever it is called and however it is laid out. Not covered: a step
that is written out in numpy is seen by what it calls of the bench alone; code that hides what it does, or that does
nothing of all this, ends in `OTHER`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache


class Family(StrEnum):
    """Families of ideas; of equally strong signs the first in this order names a method."""

    EVOLUTIONARY = "evolutionary"
    MODEL_INTERNALS = "model internals"
    CURRICULUM = "curriculum"
    LOSS_FUNCTION = "loss function"
    ENSEMBLE = "ensemble"
    SELF_TRAINING = "self-training"
    DISTILLATION = "distillation"
    CONFIDENCE_WEIGHTING = "confidence weighting"
    UNSUPERVISED_ELICITATION = "unsupervised elicitation"
    DATA_FILTERING = "data filtering"
    OTHER = "other"


Sign = tuple[Family, int]
"""A family and how strongly it is meant, 1 to 4."""

BLOCKS: Mapping[str, Sign] = {
    "evolution": (Family.EVOLUTIONARY, 4),
    "coherence": (Family.UNSUPERVISED_ELICITATION, 4),
    "annealing": (Family.UNSUPERVISED_ELICITATION, 4),
    "learnability": (Family.CURRICULUM, 4),
    "probes": (Family.MODEL_INTERNALS, 3),
    "contrast": (Family.MODEL_INTERNALS, 3),
    "neighbours": (Family.MODEL_INTERNALS, 3),
    "geometry": (Family.MODEL_INTERNALS, 3),
    "losses": (Family.LOSS_FUNCTION, 3),
    "rank": (Family.LOSS_FUNCTION, 3),
    "channels": (Family.CONFIDENCE_WEIGHTING, 3),
    "noise": (Family.DATA_FILTERING, 3),
    "folds": (Family.SELF_TRAINING, 2),
    "ensembles": (Family.ENSEMBLE, 1),
    "elicitation": (Family.UNSUPERVISED_ELICITATION, 1),
}
"""Building blocks of the library; `targets` is a sign of nothing."""
_NAMES: Mapping[str, Sign] = {
    "perturb": (Family.EVOLUTIONARY, 4),
    "hidden_states": (Family.MODEL_INTERNALS, 3),
    "supervisors": (Family.ENSEMBLE, 2),
    "resample": (Family.CONFIDENCE_WEIGHTING, 2),
    "soften": (Family.CONFIDENCE_WEIGHTING, 1),
    "temper": (Family.CONFIDENCE_WEIGHTING, 1),
    "zero_shot": (Family.UNSUPERVISED_ELICITATION, 1),
    "likelihood": (Family.UNSUPERVISED_ELICITATION, 1),
    "generate": (Family.UNSUPERVISED_ELICITATION, 1),
    "balanced_top": (Family.DATA_FILTERING, 1),
    "confident": (Family.DATA_FILTERING, 1),
}
"""Functions of blocks and of the bench."""
_ARGUMENTS: Mapping[str, Sign] = {
    "order": (Family.CURRICULUM, 3),
    "loss": (Family.LOSS_FUNCTION, 3),
    "weights": (Family.CONFIDENCE_WEIGHTING, 2),
}
"""Arguments of `finetune`."""


def family(code: Mapping[str, str]) -> Family:
    """The family of a method, from its files (name to text); the first in the order of `Family` among equals.

    >>> family({"method.py": "def run(bench): s = bench.strong(); s.perturb(1, 0.1); return s.predict(bench.test)"})
    <Family.EVOLUTIONARY: 'evolutionary'>
    """
    found = signs(code)
    return max(Family, key=lambda one: found.get(one, 0)) if found else Family.OTHER


def signs(code: Mapping[str, str]) -> dict[Family, int]:
    """Every family that the code gives a sign of, with its strongest; none for code that cannot be read."""
    strongest: dict[Family, int] = {}
    for text in code.values():
        for one, strength in _signs(text):
            strongest[one] = max(strength, strongest.get(one, 0))
    return strongest


@lru_cache(maxsize=4096)
def _signs(text: str) -> frozenset[Sign]:
    try:
        return frozenset(_found(ast.parse(text)))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return frozenset()


def _found(tree: ast.AST) -> Iterator[Sign]:
    aliases = _aliases(tree)
    for node in ast.walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in BLOCKS:
            yield BLOCKS[name]
        if name in _NAMES:
            yield _NAMES[name]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "finetune":
                yield from _of_finetune(node)
            if node.func.attr == "predict" and node.args and _is_unlabelled(node.args[0], aliases):
                yield Family.DISTILLATION, 2
        for body in ("body", "orelse"):
            statements = getattr(node, body, None)
            if isinstance(statements, list) and _taught_twice(statements):
                yield Family.CURRICULUM, 3


def _of_finetune(call: ast.Call) -> Iterator[Sign]:
    for keyword in call.keywords:
        sign = _ARGUMENTS.get(keyword.arg or "")
        if sign and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None):
            yield sign
    if call.args and isinstance(call.args[0], ast.Subscript):
        yield Family.DATA_FILTERING, 1


def _aliases(tree: ast.AST) -> frozenset[str]:
    """Names that something about the unlabelled items was assigned to."""
    return frozenset(
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_unlabelled(node.value, frozenset())
        for target in node.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name)
    )


def _is_unlabelled(node: ast.AST, aliases: frozenset[str]) -> bool:
    """True for `bench.unlabelled`, a part of it, or a name for one."""
    while isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Tuple):
        return any(_is_unlabelled(part, aliases) for part in node.elts)
    if isinstance(node, ast.Name):
        return node.id in aliases
    return isinstance(node, ast.Attribute) and node.attr == "unlabelled"


def _taught_twice(statements: list[ast.stmt]) -> bool:
    """True if one student is fine-tuned by two statements in a row of statements: first this, then that."""
    taught = [
        ast.dump(one.value.func.value)
        for one in statements
        if isinstance(one, ast.Expr)
        and isinstance(one.value, ast.Call)
        and isinstance(one.value.func, ast.Attribute)
        and one.value.func.attr == "finetune"
    ]
    return len(set(taught)) < len(taught)
