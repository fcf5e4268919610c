"""Models, options and prices as they are typed: who gets which model, and what is refused with what to do."""

from __future__ import annotations

import pytest

from aar.errors import SettingsError
from aar.launch.changes import Changes
from aar.model_options import MOST_RESEARCHERS, RESEARCHERS, allotted, argument, prices
from aar.model_options import base_url as checked_url
from aar.settings import Settings

A, B = "anthropic/claude-opus-4-5", "openai/gpt-5"


@pytest.mark.parametrize(
    ("given", "researchers", "models"),
    [
        ([A], None, [A] * RESEARCHERS),
        ([A], 5, [A] * 5),
        ([A, B], None, [A, B, A]),
        ([A, B], 4, [A, B, A, B]),
        ([f"3*{A}", B], None, [A, A, A, B]),
        ([f"3*{A}", B], 4, [A, A, A, B]),
        ([f"1*{A}"], None, [A]),
        ([A, B, A, B], None, [A, B, A, B]),
    ],
)
def test_every_researcher_has_a_model(given: list[str], researchers: int | None, models: list[str]) -> None:
    assert allotted(given, researchers) == (tuple(models), len(models))


@pytest.mark.parametrize(
    ("given", "researchers", "words"),
    [
        ([f"3*{A}", B], 3, "4 researchers and --researchers says 3"),
        ([f"3*{A}"], 6, "3 researchers and --researchers says 6"),
        ([A, B, A], 2, "3 researchers and --researchers says 2"),
        ([f"0*{A}"], None, "the count is wrong"),
        ([A, f"0*{A}"], None, "the count is wrong"),
        ([f"2 * {A}"], None, "the count is wrong"),
        ([f"-1*{A}"], None, "the count is wrong"),
        ([f"1.5*{A}"], None, "the count is wrong"),
        (["3*"], None, "the count is wrong"),
        ([f"2*3*{A}"], None, "the count is wrong"),
        ([""], None, "no name"),
        ([f"999999*{A}"], None, f"a run has {MOST_RESEARCHERS} at most"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(given: list[str], researchers: int | None, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        allotted(given, researchers)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a=1", ("a", 1)),
        ("a=1.5", ("a", 1.5)),
        ("a=true", ("a", True)),
        ("a=null", ("a", "null")),
        ("a=[1]", ("a", "[1]")),
        ("a=NaN", ("a", "NaN")),
        ("a=b=c", ("a", "b=c")),
        ("a=", ("a", "")),
    ],
)
def test_an_argument_is_what_it_looks_like(text: str, read: object) -> None:
    assert argument(text) == read


@pytest.mark.parametrize("text", ["a", "=1", ""])
def test_an_argument_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="NAME=VALUE"):
        argument(text)


def test_prices_name_their_model_where_there_are_several() -> None:
    assert prices(["3,15"], [A]) == {A: (3.0, 15.0, 3.0, 3.0)}
    assert prices([f"{A}=3,15,0.3", f"{B}=0,0"], [A, B]) == {
        A: (3.0, 15.0, 0.3, 3.0),
        B: (0.0, 0.0, 0.0, 0.0),
    }
    with pytest.raises(SettingsError, match="several models"):
        prices(["3,15"], [A, B])
    with pytest.raises(SettingsError, match="no researcher of this run uses"):
        prices(["other/model=3,15"], [A])


@pytest.mark.parametrize("given", [["1,2", "3,4"], ["1,2", "1,2"], [f"{A}=1,2", "3,4"]])
def test_a_model_has_one_price(given: list[str]) -> None:
    with pytest.raises(SettingsError, match="has two prices"):
        prices(given, [A])


@pytest.mark.parametrize(
    "given", [{"prices": ["1,2"]}, {"model_args": {"a": 1}}, {"effort": "low"}, {"temperature": 0.0}]
)
def test_what_only_a_language_model_can_be_told_is_refused_where_there_is_none(
    given: dict[str, object],
) -> None:
    with pytest.raises(SettingsError, match=r"for language models, .*\(aar/evolution\)"):
        Changes(**given).of_a_new_run(Settings())  # type: ignore[arg-type]
    both = Settings(models=("aar/evolution", "mockllm/m"))
    if "prices" not in given:
        Changes(**given).of_a_new_run(both)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["3", "3,15,1,1,1", "a,b", "-1,2", "nan,1", "inf,1", "3;15", "20000,1", ""])
def test_a_price_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match=r"such as 3,15,0\.3,3\.75"):
        prices([text], [A])


@pytest.mark.parametrize("name", ["api_key", "token", "AZURE_SECRET", "password", "aws_credentials"])
def test_a_secret_among_the_options_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(SettingsError, match="no secret") as refused:
        Settings(model_args={name: "hush-hush"})
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://me:hush@host/v1", "https://host/v1?key=hush", "ftp://host", "host:80"]
)
def test_an_address_with_a_secret_or_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="base_url") as refused:
        Settings(base_url=url)
    with pytest.raises(SettingsError, match="--base-url") as also:
        checked_url(url)
    assert "hush" not in f"{refused.value} {also.value}"


def test_harmless_options_and_addresses_are_taken() -> None:
    settings = Settings(model_args={"max_tokens": 5, "tokenizer": "x"}, base_url="http://127.0.0.1:8080/v1")
    assert Settings.from_json(settings.as_json()) == settings
