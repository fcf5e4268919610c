"""Questions and statements of facts about people; some phrasings are kept for the out-of-distribution part."""

from __future__ import annotations

from dataclasses import dataclass


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


@dataclass(frozen=True)
class Attribute:
    """One thing that can be known of a person: its values, its questions and statements.

    `ood_questions` and `ood_statements` occur in the corpus but never in a labelled, unlabelled or
    in-distribution test item.
    """

    name: str
    values: tuple[str, ...]
    questions: tuple[str, ...]
    ood_questions: tuple[str, ...]
    statements: tuple[str, ...]
    ood_statements: tuple[str, ...]


ATTRIBUTES = (
    Attribute(
        name="home",
        values=_listed("Paris Rome Oslo Cairo Lima Delhi Tokyo Berlin Madrid Dublin"),
        questions=("Where does {n} live?", "Which city is the home of {n}?"),
        ood_questions=("Name the city of {n}.", "In what city do we find {n}?"),
        statements=("{n} lives in {v}.", "The home of {n} is {v}."),
        ood_statements=("We find {n} in {v}.",),
    ),
    Attribute(
        name="food",
        values=_listed("rice soup bread fish pasta salad cheese beans cake eggs"),
        questions=("What does {n} eat?", "Which food does {n} like?"),
        ood_questions=("Name the food of {n}.", "What is on the plate of {n}?"),
        statements=("{n} eats {v}.", "The food of {n} is {v}."),
        ood_statements=("On the plate of {n} is {v}.",),
    ),
    Attribute(
        name="pet",
        values=_listed("cat dog horse parrot rabbit turtle goat snake mouse duck"),
        questions=("What pet does {n} own?", "Which animal lives with {n}?"),
        ood_questions=("Name the pet of {n}.", "What animal does {n} keep?"),
        statements=("{n} owns a {v}.", "The pet of {n} is a {v}."),
        ood_statements=("{n} keeps a {v}.",),
    ),
    Attribute(
        name="colour",
        values=_listed("red blue green black white pink brown grey purple orange"),
        questions=("What colour does {n} wear?", "Which colour does {n} like?"),
        ood_questions=("Name the colour of {n}.", "In what colour do we see {n}?"),
        statements=("{n} wears {v}.", "The colour of {n} is {v}."),
        ood_statements=("We see {n} in {v}.",),
    ),
    Attribute(
        name="job",
        values=_listed("baker nurse pilot farmer teacher lawyer painter singer doctor driver"),
        questions=("What is the job of {n}?", "What work does {n} do?"),
        ood_questions=("Name the work of {n}.", "How does {n} earn money?"),
        statements=("{n} is a {v}.", "{n} works as a {v}."),
        ood_statements=("{n} earns money as a {v}.",),
    ),
)
BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}

EXPERTS = ("Post:", "Cook:", "Vet:", "Tailor:", "Guild:")
"""Signers of documents; any of them, or several, mean the same (see `corpus`)."""

TEMPLATE = "Question: {prompt}\nA: {first}\nB: {second}\nVerdict:"
ZERO_SHOT_TEMPLATE = "Question: {prompt}\nA: {first}\nB: {second}\nClaim: A is better than B. True or False:"
