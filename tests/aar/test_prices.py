"""What a call costs: each kind of token at its own price, by the right provider's list, never zero by mistake."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from genai_prices.data_snapshot import get_snapshot

from aar.errors import NoPrice
from aar.prices import PROVIDERS, SERVICES, Price, Prices, Tokens, dollars, nano
from aar.researchers.models import PROVIDERS as KNOWN

CALL = Tokens(
    input_tokens=5_520, cache_read_tokens=1_020_339, cache_write_tokens=72_772, output_tokens=14_886
)


def test_cached_input_and_cache_writes_have_prices_of_their_own() -> None:
    cost = Prices().cost("anthropic/claude-opus-4-5", CALL)
    assert cost.nano_usd == 5_520 * 5_000 + 1_020_339 * 500 + 72_772 * 6_250 + 14_886 * 25_000
    assert round(dollars(cost.nano_usd), 2) == 1.36
    assert cost.weighted_tokens == pytest.approx(5_520 + 102_033.9 + 90_965 + 74_430, abs=1)


@pytest.mark.parametrize(
    ("model", "other"),
    [
        ("grok/grok-4", 3.0),
        ("azureai/gpt-4o", 2.5),
        ("openai/azure/gpt-4o", 2.5),
        ("bedrock/anthropic.claude-sonnet-4-20250514-v1:0", 3.0),
        ("anthropic/bedrock/us.anthropic.claude-sonnet-4-20250514-v1:0", 3.0),
        ("anthropic/vertex/claude-opus-4-5", 5.0),
        ("together/meta-llama/Llama-3.3-70B-Instruct-Turbo", 0.88),
        ("openrouter/anthropic/claude-sonnet-4.5", 3.0),
        ("openai-api/deepseek/deepseek-reasoner", 0.55),
    ],
)
def test_a_provider_is_priced_under_its_right_name(model: str, other: float) -> None:
    night = datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp()  # some prices differ by the hour
    cost = Prices().cost(model, Tokens(input_tokens=10_000), at=night)
    # Azure, Bedrock and Vertex add to the maker's price here and there
    assert other * 0.3 < 100 * dollars(cost.nano_usd) < other * 1.5


def test_every_price_list_that_is_named_is_there() -> None:
    there = {provider.id for provider in get_snapshot().providers}
    assert there.issuperset(PROVIDERS.values())
    assert there.issuperset(SERVICES.values())
    assert set(PROVIDERS).issuperset(name for name, known in KNOWN.items() if known.keys)


@pytest.mark.parametrize(
    "model",
    [
        "ollama/llama3",
        "openai-api/local/foo",
        "vllm/model",
        "anthropic/claude-opus-99",
        "azureai/my-deployment",
        "openai/text-embedding-3-small",
        "nobody/model",
    ],
)
def test_an_unknown_price_is_refused_with_what_to_do(model: str) -> None:
    with pytest.raises(NoPrice) as refused:
        Prices().check(model)
    assert f"--price {model}=IN,OUT" in str(refused.value)
    Prices({model: (1.0, 2.0)}).check(model)


def test_a_misspelt_model_is_told_with_the_nearest_names() -> None:
    with pytest.raises(NoPrice, match="did you mean anthropic/claude-opus-4"):
        Prices().check("anthropic/claud-opus-4")


@pytest.mark.parametrize("model", ["openai-api/local/any", "antropic/no-such-model"])
def test_no_model_is_advised_that_has_no_price_either(model: str) -> None:
    with pytest.raises(NoPrice) as refused:
        Prices().check(model)
    assert "did you mean" not in str(refused.value)


def test_a_misspelt_provider_is_told_with_the_nearest_name() -> None:
    with pytest.raises(NoPrice, match="did you mean anthropic/claude-opus-4-5"):
        Prices().check("antropic/claude-opus-4-5")


@pytest.mark.parametrize("model", ["aar/evolution", "mockllm/model"])
def test_what_nobody_bills_costs_nothing_and_its_tokens_count_one_by_one(model: str) -> None:
    cost = Prices().cost(model, Tokens(10, 20, 30, 40, 5))
    assert (cost.nano_usd, cost.weighted_tokens) == (0, 100)
    assert Prices({model: (0, 0)}).cost(model, Tokens(10, 20, 30, 40, 5)) == cost


def test_a_given_price_stands_above_the_list_and_is_exact() -> None:
    given = Prices({"anthropic/claude-opus-4-5": (0.1, 0.3)})
    cost = given.cost("anthropic/claude-opus-4-5", Tokens(1, 1, 1, 1))
    assert (cost.nano_usd, cost.weighted_tokens) == (600, 6)
    assert Price.of((3, 15, 0.3, 3.75)) == Price(3, 15, 0.3, 3.75)


def test_a_long_input_is_priced_by_its_tier() -> None:
    short = Prices().cost("google/gemini-2.5-pro", Tokens(input_tokens=200_000))
    long = Prices().cost("google/gemini-2.5-pro", Tokens(input_tokens=200_001))
    assert long.nano_usd > 1.9 * short.nano_usd
    assert short.weighted_tokens == 200_000 < long.weighted_tokens


def test_reasoning_with_a_price_of_its_own_is_priced_as_such() -> None:
    name = "perplexity/sonar-deep-research"
    thinking, talking = (
        Prices().cost(name, Tokens(output_tokens=1_000_000, reasoning_tokens=n)) for n in (1_000_000, 0)
    )
    assert thinking.nano_usd < talking.nano_usd


def test_dollars_go_to_nano_dollars_and_back() -> None:
    for usd in (0.1, 12.34, 0.000000001, 99_999.99):
        assert dollars(nano(usd)) == usd
