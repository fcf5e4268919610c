"""Inspect's models, made from a name and options; what stands in the way is one line that says what to do."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aar.errors import MissingPackage, ModelError
from aar.processes import reach_loopback_directly

if TYPE_CHECKING:
    from inspect_ai.model import Model, ModelAPI

Argument = str | int | float | bool

DEFAULTS: Mapping[str, Mapping[str, Argument]] = {
    # Else Inspect has writes kept for an hour, at another price, once a wait was longer than five minutes.
    "anthropic": {"cache_ttl": "5m"},
}
"""Arguments of providers that a person may replace."""
_MARKUP = re.compile(r"\[/?[a-z ]+\]")
_PACKAGE = re.compile(r"pip install (?P<packages>[\w.>=~\"' \[\]-]+)")


@dataclass(frozen=True)
class ModelOptions:
    """What a model is asked with.

    Attributes:
        args: Arguments of Inspect's provider.
        effort: Effort of its reasoning, in Inspect's words; None for the provider's default.
        temperature: Temperature of its sampling; None for the provider's default.
        base_url: Where its provider answers; None for Inspect's default.
    """

    args: Mapping[str, Argument] = field(default_factory=dict)
    effort: str | None = None
    temperature: float | None = None
    base_url: str | None = None


def make(name: str, options: ModelOptions, **more: Any) -> Model:
    """The model `name` ("provider/model"); `more` are arguments of the embedded policy.

    Raises `MissingPackage` where its provider's package is not installed, `ModelError` for options it does not take.
    """
    reach_loopback_directly(options.base_url)
    from inspect_ai._util.error import PrerequisiteError  # it has no public name
    from inspect_ai.model import GenerateConfig, get_model
    from pydantic import ValidationError

    provider = name.partition("/")[0]
    settings: dict[str, Any] = {"reasoning_effort": options.effort, "temperature": options.temperature}
    if provider == "openai":
        # To learn whether it may ask for summaries of reasoning, Inspect would make a call that nobody counts.
        settings["reasoning_summary"] = "none"
    try:
        return get_model(
            name,
            config=GenerateConfig(**settings),
            base_url=options.base_url,
            memoize=False,
            **{**DEFAULTS.get(provider, {}), **options.args, **more},
        )
    except PrerequisiteError as error:
        words = " ".join(_MARKUP.sub("", str(error.message)).split()).removeprefix("ERROR: ")
        if found := _PACKAGE.search(words):
            package = found["packages"].split()[-1].strip("\"'")
            raise MissingPackage(f"{name} needs the package {package}: pip install {package}") from error
        raise ModelError(f"{name}: {words}") from error
    except (TypeError, ValueError, ValidationError) as error:
        line = " ".join(str(error).split())[:300]
        raise ModelError(f"{name} does not take these options: {line}") from error


def without_repetition(api: ModelAPI) -> None:
    """Have the client of a model's API repeat nothing by itself.

    Covered: the SDKs that Stainless makes (Anthropic's, OpenAI's and all that use it, Groq's). Not covered: others,
    which repeat a few times within seconds, and then say that they failed.
    """
    client: Any = getattr(api, "client", None)
    if hasattr(client, "max_retries"):
        client.max_retries = 0


def watch_statuses(api: ModelAPI, note: Callable[[Any], Awaitable[None]]) -> None:
    """Have each HTTP answer to a model's API noted when its head has come, with the status that was sent.

    Inspect makes an answer of some errors, and gives those within a stream another status. Covered: the same SDKs.
    """
    client: Any = getattr(getattr(api, "client", None), "_client", None)
    hooks = getattr(client, "event_hooks", None)
    if isinstance(hooks, Mapping):
        client.event_hooks = {**hooks, "response": [*hooks.get("response", []), note]}
