"""Models that can choose a researcher's next call: the embedded policy, or any that Inspect AI can reach."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass

from aar.errors import BadKey, MissingKey, UnknownModel

EMBEDDED = "aar/evolution"
POLICIES = (EMBEDDED, "aar/random", "aar/best-of-n")
"""Models that need no key: the embedded policy, and two controls that do not learn."""


@dataclass(frozen=True)
class Provider:
    """A provider: the variables of which one must hold its key (none for local ones)."""

    keys: tuple[str, ...] = ()


PROVIDERS: Mapping[str, Provider] = {
    "aar": Provider(),
    "anthropic": Provider(keys=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")),
    "azureai": Provider(keys=("AZUREAI_API_KEY",)),
    "bedrock": Provider(),
    "cloudflare": Provider(keys=("CLOUDFLARE_API_TOKEN",)),
    "deepseek": Provider(keys=("DEEPSEEK_API_KEY",)),
    "fireworks": Provider(keys=("FIREWORKS_API_KEY",)),
    "google": Provider(keys=("GOOGLE_API_KEY", "GEMINI_API_KEY", "VERTEX_API_KEY")),
    "grok": Provider(keys=("XAI_API_KEY", "GROK_API_KEY")),
    "groq": Provider(keys=("GROQ_API_KEY",)),
    "hf": Provider(),
    "llama-cpp-python": Provider(),
    "mistral": Provider(keys=("MISTRAL_API_KEY",)),
    "mockllm": Provider(),
    "ollama": Provider(),
    "openai": Provider(keys=("OPENAI_API_KEY",)),
    "openai-api": Provider(),
    "openrouter": Provider(keys=("OPENROUTER_API_KEY",)),
    "perplexity": Provider(keys=("PERPLEXITY_API_KEY",)),
    "sglang": Provider(),
    "together": Provider(keys=("TOGETHER_API_KEY",)),
    "vllm": Provider(),
}


def check_model(name: str, *, environment: Mapping[str, str] | None = None) -> None:
    """Raise what stands in the way of using the model `name` ("provider/model"), before anything starts.

    `UnknownModel` names the nearest provider. `MissingKey` names the variable that must hold the key, `BadKey` one that
    holds what no request can carry. `environment` is this process's unless given.

    Whether the model has a price is for `aar.prices.Prices.check` to say.

    >>> check_model("aar/evolution")
    """
    variables = os.environ if environment is None else environment
    provider_name, slash, model = name.partition("/")
    if not slash or not model:
        raise UnknownModel(f"model {name!r} has no provider; write it as provider/model, e.g. {EMBEDDED}")
    provider = PROVIDERS.get(provider_name)
    if provider is None:
        near = difflib.get_close_matches(provider_name, PROVIDERS, n=3, cutoff=0.5)
        hint = (
            f"did you mean {', '.join(f'{n}/{model}' for n in near)}?"
            if near
            else f"known: {', '.join(PROVIDERS)}"
        )
        raise UnknownModel(f"unknown provider {provider_name!r} in {name!r}; {hint}")
    if provider_name == "aar" and name not in POLICIES:
        raise UnknownModel(f"unknown model {name!r}; known: {', '.join(POLICIES)}")
    if provider.keys and not any(variables.get(key) for key in provider.keys):
        others = f" (or {', '.join(provider.keys[1:])})" if len(provider.keys) > 1 else ""
        raise MissingKey(
            f"no key for {provider_name}: set the environment variable {provider.keys[0]}{others}, "
            f"or use --model {EMBEDDED}, which needs none"
        )
    for key in _keys(provider_name, model):
        # a header has no line breaks, and clients take none but ASCII; the key itself is shown nowhere
        if not all("!" <= character <= "~" for character in variables.get(key, "")):
            raise BadKey(
                f"the key in {key} holds a line break, a space or another character that no request can carry; "
                "copy it once more"
            )


def _keys(provider: str, model: str) -> tuple[str, ...]:
    """Variables that the key of a model is read from."""
    if provider == "openai-api":  # "openai-api/my-service/model" has its key in MY_SERVICE_API_KEY
        return (f"{model.partition('/')[0].upper().replace('-', '_')}_API_KEY",)
    return PROVIDERS[provider].keys
