"""What is too long loses the middle of its longest field, and nothing else."""

import re

import pytest

from w2s.errors import BadTemplate
from w2s.models.fitting import fitted

PAIR = "Question: {prompt} A: {first} B: {second} Label:"


def texts(template, fields, longest):
    """The text that is left, where each word and sign is a token."""
    tokens = fitted(template, fields, re.compile(r"\w+|[^\w\s]").findall, longest=longest)
    assert len(tokens) <= longest
    return " ".join(tokens)


def words(word, n):
    return " ".join(f"{word}{i}" for i in range(n))


def test_a_text_that_fits_is_left_as_it_is():
    fields = {"prompt": "what is it?", "first": "this", "second": "that"}
    assert texts(PAIR, fields, 20) == "Question : what is it ? A : this B : that Label :"


def test_the_longest_field_loses_its_middle_and_the_others_nothing():
    fields = {"prompt": "what is it?", "first": words("a", 400), "second": "that"}
    left = texts(PAIR, fields, 60)
    assert left.startswith("Question : what is it ? A : a0 a1 ")
    assert left.endswith(" a399 B : that Label :")
    assert left.count(". . .") == 1


def test_two_long_answers_are_cut_alike_and_the_question_is_kept():
    fields = {"prompt": "what is it?", "first": words("a", 400), "second": words("b", 350)}
    left = texts(PAIR, fields, 80)
    assert "what is it ?" in left
    first, second = (len(re.findall(rf"\b{letter}\d+", left)) for letter in "ab")
    assert abs(first - second) <= 4
    assert min(first, second) > 15


def test_a_long_question_is_cut_where_it_is_the_longest_and_keeps_both_ends():
    fields = {"prompt": words("q", 900), "first": "yes", "second": "no"}
    left = texts(PAIR, fields, 50)
    assert "q0 q1" in left
    assert "q899 A : yes B : no Label :" in left


def test_a_field_without_spaces_is_cut_too():
    fields = {"choice": ",".join("xy" for _ in range(3000))}
    assert texts("{choice} Label:", fields, 30).count(". . .") == 1


def test_a_template_that_is_too_long_by_itself_is_refused():
    with pytest.raises(BadTemplate, match=r"10 are allowed; write a shorter template"):
        texts(words("w", 40) + " {first}", {"first": "x" * 50}, 10)


def test_the_room_is_used():
    fields = {"prompt": "what is it?", "first": words("a", 400), "second": words("b", 350)}
    kept = re.findall(r"\S+", texts(PAIR, fields, 80))
    assert 74 <= len(kept) <= 80


def test_a_text_that_is_only_a_little_too_long_does_not_grow_by_its_mark():
    fields = {"first": "a, b, c, d", "second": "e, f, g, h"}
    assert "a , b" in texts("{first} {second}", fields, 14)
