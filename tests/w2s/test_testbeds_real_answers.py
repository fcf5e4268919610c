"""Final answers in the forms in which models write them: found, read, and never judged wrong by their form."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s.testbeds.real.answers import answer_key, equal, stated_answer
from w2s.testbeds.real.groups import proposed_answer
from w2s.testbeds.real.release import Item
from w2s.testbeds.real.sources import math
from w2s.testbeds.real.sources.proposals import Proposal

STATED = {
    "So \\boxed{ 7 }.": "7",
    "So \\boxed 7.": "7",
    "\\fbox{7}": "7",
    "\\boxed{{{{7}}}}": "{{{7}}}",
    "\\boxed{\\frac{1}{\\sqrt{4}}}": "\\frac{1}{\\sqrt{4}}",
    "\\boxed\\frac12": "\\frac12",
    "\\boxed{204} and at last \\boxed{}": "204",
    "$$\\boxed{336^\\circ}$$": "336^\\circ",
    "**Answer:** 204": "204",
    "**Answer: 204**": "204",
    "Final answer: **$204$**": "204",
    "### Answer: 204": "204",
    "**Final Answer**\n\n204": "204",
    "## Final Answer\n\\(25\\)": "25",
    "The answer is:\n\n\\[\n25\n\\]": "25",
    "Answer: \\(25\\)": "25",
    "Answer: \\[25\\]": "25",
    "Answer: .5": ".5",
    "Answer: 204\nI am done.": "204",
    "Answer: 3\nWait.\nAnswer: 5": "5",
    "The final answer is 204.": "204",
    "The answer is $204$.": "204",
    "Thus, the answer is **204**.": "204",
    "The answer is 1,024.": "1,024",
    "The answer is 5 apples, since 3 are left.": "5 apples",
    "#### 204": "204",
    "<answer>204</answer>": "204",
    "\\boxed{7}\nAnswer: 7 apples": "7",
    "It is four.": None,
    "The answer is as follows": None,
    "\\boxed{7}, or rather \\boxed{8": None,
    "\\boxed{7}\nAnswer: 8": None,
}


@pytest.mark.parametrize("choice", STATED)
def test_a_final_answer_is_found_in_the_forms_in_which_it_is_written(choice: str) -> None:
    assert stated_answer(choice) == STATED[choice]


SAME = [
    ("336^\\circ", "336"), ("336", "336^{\\circ}"), ("336°", "336"), ("60 degrees", "60"), ("1{,}024", "1024"),
    ("1,024", "1024"), ("1\\,024", "1024"), ("1,\\!024", "1024"), ("1 024", "1024"), ("1 024 000", "1024000"),
    ("**204**", "204"), ("\\text{204}", "204"), ("\\mathbf{204}", "204"), ("{{{7}}}", "7"), ("\\boxed{7}", "7"),
    ("7\\ \\text{cm}", "7"), ("7 cm", "7"), ("7cm^2", "7"), ("7\\text{ cm}^2", "7"), ("7 m", "7"), ("7 km/h", "7"),
    ("7\\,\\text{m/s}", "7"), ("7 square units", "7"), ("7 apples", "7"), ("\\$7", "7"),
    ("\\frac{1}{2}\\text{ hour}", "0.5"),
    ("\\dfrac12", "1/2"), ("\\tfrac{1}{2}", "0.5"), ("{1 \\over 2}", "0.5"), ("\\frac{-1}{2}", "-1/2"), ("½", "0.5"),
    ("3\\frac{1}{2}", "3.5"), ("3 1/2", "7/2"), ("-3\\frac12", "-3.5"), ("3½", "3.5"), ("2^{10}", "1024"), ("7²", "49"),
    ("2¹⁰", "1024"), ("10^{-2}", "0.01"), ("5 \\times 10^{3}", "5000"), ("1e5", "100000"), ("\\sqrt{16}", "4"),
    ("\\sqrt2", "2^{1/2}"), ("\\binom{10}{3}", "120"), ("0.\\overline{3}", "1/3"), ("12_{10}", "12"), ("1100_2", "12"),
    ("1100_{2}", "1100"), ("-7", "−7"), ("–7", "-7"), ("３６", "36"), ("50\\%", "50"), ("50%", "0.5"), ("+7", "7"),
    ("025", "25"), ("204.0", "204"), ("7.", "7"), ("7;", "7"), (".5", "1/2"), ("\\left(7\\right)", "7"), ("x=7", "7"),
    ("m+n=7", "7"), ("1 + 6 = 7", "7"), ("\\angle ABC = 36^\\circ", "36"), ("seven", "7"), ("x+1", "x + 1"),
    ("(1,2)", "(1, 2)"), ("1, 2", "2, 1"), ("\\{1,2\\}", "\\{2,1\\}"), ("Blue", "blue"),
    ("\\text{(C)}", "C"), ("0e999999999", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "answer"), SAME)
def test_the_same_answer_in_another_form_is_right(stated: str, answer: str) -> None:
    assert equal(stated, answer) is True
    assert equal(answer, stated) is True
    assert equal(answer, "98765") is not True


@pytest.mark.parametrize(
    ("stated", "answer"),
    [
        ("7", "70"), ("8 apples", "7"), ("7.5", "7"), ("2\\sqrt3", "12"), ("50%", "51"), ("337^\\circ", "336"),
        ("-7", "7"), ("\\frac12", "2"), ("x=8", "7"), ("(1,2)", "(2,1)"), ("blue", "red"), ("undefined", "7"),
    ],
)  # fmt: skip
def test_another_answer_is_wrong(stated: str, answer: str) -> None:
    assert equal(stated, answer) is False


@pytest.mark.parametrize(
    ("stated", "answer"),
    [
        ("7 or 8", "7"), ("7x", "7"), ("x+1", "7"), ("x+1", "1+x"), ("\\pm 7", "7"), ("\\approx 7", "7"),
        ("not 7", "7"),
        ("0.33", "1/3"), ("1.41", "\\sqrt{2}"), ("1.024", "1024"), ("700 cm", "7"), ("\\frac{\\pi}{3}", "60"),
        ("twenty-one", "21"), ("none", "0"), ("3:4", "3/4"), ("10!", "10"), ("204 \\pmod{1000}", "204"),
        ("x=7,y=3", "7"),
        ("7...", "7"), ("7!", "7"),
        ("the red one", "red"), ("(100,200)", "100200"), ("", "7"), ("1^{9^{9^9}}", "1"),
    ],
)  # fmt: skip
def test_where_a_form_does_not_tell_there_is_no_verdict(stated: str, answer: str) -> None:
    assert equal(stated, answer) is None


EXPLOSIVE = {
    "an exponent": ("1e10000000", False),
    "a larger one": ("1e999999999", False),
    "a small one": ("1e-999999999", False),
    "powers of powers": ("9^{9^{9}}", False),
    "powers without braces": ("9^9^9^9", False),
    "digits": ("9" * 1_000_000, False),
    "digits of no number": ("9" * 1000 + "x" * 1000, None),
    "a factor": ("(10^{1000})(10^{1000})(10^{1000})", None),
    "roots": ("\\sqrt" * 60 + "{2}", None),
    "brackets": ("(" * 199 + "7" + ")" * 199, None),
    "many powers": ("2" + "^2" * 190, None),
}


@pytest.mark.parametrize("what", EXPLOSIVE)
def test_a_number_that_explodes_is_judged_without_being_computed(what: str) -> None:
    text, verdict = EXPLOSIVE[what]
    begin = time.process_time()
    assert equal(text, "7") is verdict
    assert equal(text, text) is not False
    answer_key(text)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    "choice",
    [
        "\\boxed{" * 30_000, "\\boxed{}" * 25_000, "{" * 200_000, "The answer is " * 14_000, "Answer: " * 25_000,
        "\n" * 199_000 + "answer", " " * 199_000 + "answer", "$" * 199_000, "#### " * 40_000, "* " * 99_000 + "answer:",
        "\\boxed{" + "^{9" * 40_000 + "}" * 40_001, "\\boxed{" + "9" * 199_000 + "}", "\\boxed " * 20_000,
    ],
)  # fmt: skip
def test_no_long_text_takes_long(choice: str) -> None:
    begin = time.process_time()
    stated = stated_answer(choice)
    assert stated is None or not equal(stated, "7")
    assert time.process_time() - begin < 3


@settings(max_examples=100)
@given(st.text(alphabet="0123456789.,+-*/^_{}()[]\\$% =efracsqtboxd\u2212\u00b2\u00bd\u0663", max_size=40))
def test_no_text_breaks_the_judge_and_every_text_equals_itself(text: str) -> None:
    assert equal(text, text) is not False
    stated_answer(text)
    stated_answer(f"\\boxed{{{text}}}")
    assert equal(text, "98765") == equal("98765", text)


def test_proposals_are_labelled_by_value_and_what_cannot_be_told_is_counted() -> None:
    known = {"Angle?": ("336", "dapo"), "AIME?": ("336^\\circ", "aime-2025")}
    forms = {
        "\\boxed{336^\\circ}": 1,
        "**Answer:** 336": 1,
        "The final answer is 337.": 0,
        "\\boxed{1e10000000}": 0,
    }
    unclear = ["\\boxed{336 \\text{ or } 24}", "I do not know."]
    proposals = [Proposal(question, choice, None, 1) for question in known for choice in (*forms, *unclear)]
    pool = math.collect(known, proposals)
    labels = {(item.question, item.fields["choice"]): item.label for item in (*pool.near, *pool.far)}
    assert labels == {(question, choice): label for question in known for choice, label in forms.items()}
    assert pool.skipped == {
        "a final answer whose form cannot be compared with the source's": 2,
        "a proposal without a final answer": 2,
    }


def test_answers_that_are_one_number_are_one_vote() -> None:
    def key(choice: str) -> str | None:
        return proposed_answer(Item("verification", {"question": "?", "choice": choice}, 1))

    assert key("\\boxed{1{,}024}") == key("Answer: 2^{10}") == key("#### 1,024") == "1024"
    assert key("It is even.") == "It is even."
