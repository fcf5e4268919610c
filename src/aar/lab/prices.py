"""Price of a model's tokens, by genai-prices; nothing for models that nobody bills."""

from __future__ import annotations


def price(model: str, input_tokens: int, output_tokens: int) -> float:
    """US dollars for tokens of `provider/model`; 0.0 for the embedded policy and for unknown prices."""
    provider, _, name = model.partition("/")
    if provider in ("aar", "mockllm") or not name:
        return 0.0
    from genai_prices import Usage, calc_price

    try:
        result = calc_price(
            Usage(input_tokens=input_tokens, output_tokens=output_tokens), name, provider_id=provider
        )
    except LookupError:
        return 0.0
    return float(result.total_price)
