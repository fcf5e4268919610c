"""The base of what the lab tells: records that each door can describe, field by field, without a word about HTTP."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Score = Annotated[float | None, Field(exclude_if=lambda score: score is None)]
"""A score where the study's feedback tells one; otherwise the field is left out."""


class View(BaseModel):
    """A record that is told; a text below a field describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Done(View):
    """Nothing is told but that it was done."""


class Allowed(View):
    """What was asked for may begin."""

    allowed: bool = True
