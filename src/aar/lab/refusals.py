"""Refusals of the lab, as a code for programs beside the words for people: the same behind every door."""

# no `from __future__ import annotations`: pydantic reads the types of these fields when the classes are made

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from aar.errors import BadRequest, BadSnapshot, BudgetKind, BudgetOf, NotAllowed, NotNow, OverBudget, Refused
from aar.lab.view import View
from w2s.errors import NotFound, W2SError


class Code(StrEnum):
    """The kinds of refusal; a program compares these and nothing else."""

    NOT_FOUND = "NotFound"
    """A name that is not known."""
    NOT_ALLOWED = "NotAllowed"
    """A bad token, or something that this token may not do."""
    BAD_REQUEST = "BadRequest"
    """The content of a request is not what the interface asks for."""
    BAD_SNAPSHOT = "BadSnapshot"
    """Submitted files are outside the bounds."""
    OVER_BUDGET = "OverBudget"
    """A budget is spent."""
    NOT_NOW = "NotNow"
    """Taken later; the words say when."""
    REFUSED = "Refused"
    """Declined for another reason."""
    FAILED = "Failed"
    """The lab itself is at fault."""


_CODES: tuple[tuple[type[W2SError], Code], ...] = (
    (NotFound, Code.NOT_FOUND),
    (NotAllowed, Code.NOT_ALLOWED),
    (BadRequest, Code.BAD_REQUEST),
    (BadSnapshot, Code.BAD_SNAPSHOT),
    (OverBudget, Code.OVER_BUDGET),
    (NotNow, Code.NOT_NOW),
    (Refused, Code.REFUSED),
)


_LEFT_OUT = Field(exclude_if=lambda value: value is None)


class Refusal(View):
    """Answer to a request that was declined."""

    code: Code
    detail: str
    """For people and language models; it may change any day."""
    budget: Annotated[BudgetKind | None, _LEFT_OUT] = None
    """Which budget is spent, where a call to a model is declined; else left out."""
    whose: Annotated[BudgetOf | None, _LEFT_OUT] = None
    """Whose budget it is; left out like `budget`."""

    @classmethod
    def of(cls, error: W2SError) -> "Refusal":
        """The refusal that an error stands for."""
        code = next((code for kind, code in _CODES if isinstance(error, kind)), Code.FAILED)
        spent = error if isinstance(error, OverBudget) else OverBudget("")
        return cls(code=code, detail=str(error), budget=spent.budget, whose=spent.whose)
