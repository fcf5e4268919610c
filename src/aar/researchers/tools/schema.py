"""Schema of a tool, read from its function: name, description, parameters, result.

>>> async def wait(context: object, seconds: int = 60) -> str:
...     '''Wait for a while.
...
...     Args:
...         seconds: How long.
...     '''
>>> schema = schema_of(wait)
>>> schema.name, schema.description, schema.parameters["properties"]["seconds"]
('wait', 'Wait for a while.', {'default': 60, 'description': 'How long.', 'type': 'integer'})
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

Function = Callable[..., Awaitable[Any]]
_ARGUMENT = re.compile(r"(\w+): (.*)")


@dataclass(frozen=True)
class ToolSchema:
    """A tool as models and protocols are shown it; `parameters` and `result` are JSON schemas."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Tool:
    """A tool's function, and how much of its result a model is shown (None: as much as the runtime shows)."""

    function: Function
    most_bytes: int | None = None

    @property
    def schema(self) -> ToolSchema:
        """Schema of the tool that the function is."""
        return schema_of(self.function)


def signature_of(function: Function) -> tuple[inspect.Signature, dict[str, Any]]:
    """The signature that callers see, without the context, and the types of its parameters and of its result."""
    signature = inspect.signature(function)
    _, *seen = signature.parameters.values()
    types = get_type_hints(function)
    kept = {parameter.name: types[parameter.name] for parameter in seen}
    return signature.replace(parameters=seen), {**kept, "return": types["return"]}


def schema_of(function: Function) -> ToolSchema:
    """The schema of a tool's function, whose first parameter is the context."""
    from pydantic import ConfigDict, Field, TypeAdapter, create_model

    signature, types = signature_of(function)
    description, explained = _explained(inspect.getdoc(function) or "")
    fields: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (types[name], Field(default, description=explained[name]))
    model = create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)
    return ToolSchema(
        function.__name__,
        description,
        parameters=_untitled({"required": [], **model.model_json_schema()}),
        result=TypeAdapter(types["return"]).json_schema(),
    )


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of parameters without the titles that Pydantic makes of their names."""
    properties = {
        name: {key: value for key, value in described.items() if key != "title"}
        for name, described in schema.get("properties", {}).items()
    }
    return {**{key: value for key, value in schema.items() if key != "title"}, "properties": properties}


def _explained(text: str) -> tuple[str, dict[str, str]]:
    """A docstring's text before `Args:`, and what stands there of each argument."""
    before, _, after = text.partition("\nArgs:\n")
    explained: dict[str, str] = {}
    name = ""
    for row in after.splitlines():
        indent = len(row) - len(row.lstrip())
        if indent == 4 and (entry := _ARGUMENT.fullmatch(row.strip())):
            name = entry[1]
            explained[name] = entry[2]
        elif name and row.strip():
            explained[name] += f"\n{row.strip()}"
    return before.strip(), explained
