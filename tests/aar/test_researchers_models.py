from __future__ import annotations

import pytest

from aar.errors import BadKey, MissingKey, UnknownModel
from aar.researchers import check_model


def test_the_embedded_policy_needs_no_key() -> None:
    check_model("aar/evolution", environment={})


def test_a_missing_key_names_its_variable() -> None:
    with pytest.raises(MissingKey, match="ANTHROPIC_API_KEY"):
        check_model("anthropic/claude-opus-4-6", environment={})


def test_a_key_is_enough() -> None:
    check_model("anthropic/claude-opus-4-6", environment={"ANTHROPIC_API_KEY": "x"})


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("antropic/claude-opus-4-6", "anthropic/claude-opus-4-6"),
        ("aar/evoluton", "aar/evolution"),
        ("evolution", "provider/model"),
        ("nothing-like-it/x", "known: "),
    ],
)
def test_an_unknown_model_is_told_with_the_nearest_names(name: str, near: str) -> None:
    with pytest.raises(UnknownModel, match=near):
        check_model(name, environment={"ANTHROPIC_API_KEY": "x"})


@pytest.mark.parametrize(
    "key", ["hush\n", "hush\r\nX: y", " hush", "hush hush", "hush\x00", "hüsh", "“hush”", "hush\u200b"]
)
@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("anthropic/claude-opus-4-5", "ANTHROPIC_API_KEY"),
        ("openai-api/my-service/m", "MY_SERVICE_API_KEY"),
        ("google/gemini", "GEMINI_API_KEY"),
    ],
)
def test_a_key_that_no_request_can_carry_is_at_fault_and_not_shown(
    model: str, variable: str, key: str
) -> None:
    with pytest.raises(BadKey, match=variable) as refused:
        check_model(model, environment={variable: key})
    assert "hush" not in str(refused.value)
