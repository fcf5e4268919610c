"""Math verification: DAPO-Math-17K to train and test on, AIME 2024 and 2025 out of distribution.

Columns as of 2025 (BytedTsinghua-SIA/DAPO-Math-17k, HuggingFaceH4/aime_2024, math-ai/aime25). The sources have
questions and answers, no proposed solutions: those come from a file or from a model that the user names
(`proposals`). A proposal is right if its final answer equals the source's. Our choices: questions in Chinese
are left out, every proposal that states a final answer is kept, unless its form does not tell whether it is right
("7 or 8", an expression that is no number).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from w2s.testbeds.real.answers import equal, stated_answer
from w2s.testbeds.real.digests import digest
from w2s.testbeds.real.release import Item
from w2s.testbeds.real.sources.assemble import ItemPool
from w2s.testbeds.real.sources.proposals import Proposal
from w2s.testbeds.real.sources.rows import Row, Rows, Source, checked, column

DAPO = Source(
    "BytedTsinghua-SIA/DAPO-Math-17k",
    "train",
    ("prompt",),
    either=("reward_model", "solution"),
    optional=("source_prompt",),
)
AIME_2024 = Source("HuggingFaceH4/aime_2024", "train", ("problem", "answer"))
AIME_2025 = Source("math-ai/aime25", "test", ("problem", "answer"))
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")


def questions(rows: Rows, *, skip: Callable[[str], None] = lambda reason: None) -> dict[str, tuple[str, str]]:
    """(answer, subset) by question; DAPO repeats its 17 thousand questions about a hundred times.

    Its de-duplicated form has the prompt as a text and the answer in `solution`. `skip` is told of rows left out.
    """
    known: dict[str, tuple[str, str]] = {}
    for row in checked(rows, DAPO, skip=skip):
        question, answer = _dapo_question(row), _dapo_answer(row)
        if not question or not answer:
            skip("DAPO-Math-17k: a row without a question or an answer")
        elif not _HAN.search(question):
            known.setdefault(question, (answer, "dapo"))
    for source, subset in ((AIME_2024, "aime-2024"), (AIME_2025, "aime-2025")):
        for row in checked(rows, source, skip=skip):
            answer = _number_word(column(source, row, "answer", (str, int, float)))
            known[column(source, row, "problem", str).strip()] = (answer, subset)
    return known


def _dapo_question(row: Row) -> str:
    prompt = column(DAPO, row, "prompt", (str, list))
    if isinstance(prompt, str):
        return plain_question(prompt)
    turns = [turn for turn in prompt if isinstance(turn, Mapping)]
    return plain_question(str(turns[0].get("content") or "")) if turns else ""


def _dapo_answer(row: Row) -> str:
    verdict = row.get("reward_model")
    stated = verdict.get("ground_truth") if isinstance(verdict, Mapping) else None
    answer = stated if stated is not None else row.get("solution")
    return _number_word(answer) if isinstance(answer, str | int | float) else ""


def _number_word(answer: str | int | float) -> str:
    """An answer as text; one that became a decimal because of a null elsewhere is a whole number again."""
    return str(int(answer)) if isinstance(answer, float) and answer.is_integer() else str(answer).strip()


def draw(known: dict[str, tuple[str, str]], count: int, *, seed: int) -> list[str]:
    """`count` questions to write proposals for, in an order that the seed draws; AIME's are all among them."""
    order = sorted(known, key=lambda question: digest(str(seed), question))
    far = [question for question in order if known[question][1] != "dapo"]
    near = [question for question in order if known[question][1] == "dapo"]
    return [*far, *near][: max(count, len(far))]


def plain_question(asked: str) -> str:
    """A question of DAPO without the instructions around it, which are the first and the last paragraph.

    >>> plain_question("Solve the following math problem ...\\n\\nWhat is 2+2?\\n\\nRemember to put your answer ...")
    'What is 2+2?'
    """
    parts = asked.strip().split("\n\n")
    if len(parts) > 1 and parts[0].startswith("Solve the following math problem"):
        parts = parts[1:]
    if len(parts) > 1 and parts[-1].startswith("Remember to put your answer"):
        parts = parts[:-1]
    return "\n\n".join(parts).strip()


def collect(
    known: dict[str, tuple[str, str]], proposals: Sequence[Proposal], *, pool: ItemPool | None = None
) -> ItemPool:
    """Each proposal with the verdict of its final answer, added to `pool`."""
    pool = pool or ItemPool()
    for proposal in proposals:
        if proposal.question.strip() not in known:
            pool.skip("a proposal to a question that no source has")
            continue
        answer, subset = known[proposal.question.strip()]
        stated = stated_answer(proposal.choice)
        if stated is None:
            pool.skip("a proposal without a final answer")
            continue
        right = equal(stated, answer)
        if right is None:
            pool.skip("a final answer whose form cannot be compared with the source's")
            continue
        fields = {"question": proposal.question.strip(), "choice": proposal.choice}
        item = Item("verification", fields, int(right), subset=subset)
        pool.add(item, far=subset != "dapo")
    return pool
