"""Models that can choose a researcher's next call: the embedded policy, or any that Inspect AI can reach."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass

from aar.errors import MissingKey, UnknownModel

EMBEDDED = "aar/evolution"


@dataclass(frozen=True)
class Provider:
    """A provider: the variables of which one must hold its key (none for local ones), and its price list."""

    keys: tuple[str, ...] = ()
    prices: str | None = None


PROVIDERS: Mapping[str, Provider] = {
    "aar": Provider(),
    "anthropic": Provider(keys=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"), prices="anthropic"),
    "azureai": Provider(keys=("AZUREAI_API_KEY",)),
    "bedrock": Provider(),
    "cloudflare": Provider(keys=("CLOUDFLARE_API_TOKEN",)),
    "deepseek": Provider(keys=("DEEPSEEK_API_KEY",), prices="deepseek"),
    "fireworks": Provider(keys=("FIREWORKS_API_KEY",)),
    "google": Provider(keys=("GOOGLE_API_KEY", "GEMINI_API_KEY", "VERTEX_API_KEY"), prices="google"),
    "grok": Provider(keys=("XAI_API_KEY", "GROK_API_KEY"), prices="x-ai"),
    "groq": Provider(keys=("GROQ_API_KEY",), prices="groq"),
    "hf": Provider(),
    "llama-cpp-python": Provider(),
    "mistral": Provider(keys=("MISTRAL_API_KEY",), prices="mistral"),
    "mockllm": Provider(),
    "ollama": Provider(),
    "openai": Provider(keys=("OPENAI_API_KEY",), prices="openai"),
    "openai-api": Provider(),
    "openrouter": Provider(keys=("OPENROUTER_API_KEY",)),
    "perplexity": Provider(keys=("PERPLEXITY_API_KEY",), prices="perplexity"),
    "sglang": Provider(),
    "together": Provider(keys=("TOGETHER_API_KEY",)),
    "vllm": Provider(),
}


def check_model(name: str, *, environment: Mapping[str, str] | None = None) -> None:
    """Raise what stands in the way of using the model `name` ("provider/model"), before anything starts.

    `UnknownModel` names the nearest provider or model; where a provider's price list is known, a model
    that is not on it is refused, since its cost could not be kept within a budget. `MissingKey` names
    the variable that must hold the key. `environment` is this process's unless given.

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
    if provider_name == "aar" and name != EMBEDDED:
        raise UnknownModel(f"unknown model {name!r}; did you mean {EMBEDDED}?")
    if provider.prices is not None:
        _check_priced(provider_name, provider.prices, model)
    if provider.keys and not any(variables.get(key) for key in provider.keys):
        others = f" (or {', '.join(provider.keys[1:])})" if len(provider.keys) > 1 else ""
        raise MissingKey(
            f"no key for {provider_name}: set the environment variable {provider.keys[0]}{others}, "
            f"or use --model {EMBEDDED}, which needs none"
        )


def _check_priced(provider_name: str, prices: str, model: str) -> None:
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    try:
        snapshot.find_provider_model(model, None, prices, None)
    except LookupError:
        known = [m.id for provider in snapshot.providers if provider.id == prices for m in provider.models]
        near = difflib.get_close_matches(model, known, n=3, cutoff=0.4) or sorted(known)[:5]
        raise UnknownModel(
            f"unknown model {provider_name}/{model}, or its price is not known; "
            f"did you mean {', '.join(f'{provider_name}/{n}' for n in near)}?"
        ) from None
