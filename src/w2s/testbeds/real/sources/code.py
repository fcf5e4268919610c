"""Code verification: TACO easy and medium to train and test on, medium-hard to very hard out of distribution.

Columns as of 2025 (BAAI/TACO; its loading script no longer runs, so the parquet files are read). Programs and
verdicts come from a file of proposals with "correct" on every line: nothing is run here, because a stranger's
program belongs into a sandbox, and this package has none. TACO's own solutions are not used as right answers:
mixed with wrong programs by models, who wrote a program would give its verdict away (a cheat that the study saw).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from w2s.testbeds.real.release import Item
from w2s.testbeds.real.sources.assemble import ItemPool
from w2s.testbeds.real.sources.proposals import Proposal
from w2s.testbeds.real.sources.rows import Rows, Source, checked, column

COLUMNS = ("question", "difficulty")
_OPTIONAL = ("starter_code",)
TACO = (
    Source("BAAI/TACO", "train", COLUMNS, files="ALL/train-*.parquet", optional=_OPTIONAL),
    Source("BAAI/TACO", "test", COLUMNS, files="ALL/test-*.parquet", optional=_OPTIONAL),
)
NEAR = ("EASY", "MEDIUM")
FAR = ("MEDIUM_HARD", "HARD", "VERY_HARD")


def questions(rows: Rows, *, skip: Callable[[str], None] = lambda reason: None) -> dict[str, tuple[str, str]]:
    """(question as it is shown, difficulty) by question; shown with the code that it starts from, if any."""
    known: dict[str, tuple[str, str]] = {}
    for source in TACO:
        for row in checked(rows, source, skip=skip):
            difficulty = column(source, row, "difficulty", str)
            if difficulty in (*NEAR, *FAR):
                starter = str(row.get("starter_code") or "").strip()
                question = column(source, row, "question", str).strip()
                shown = f"{question}\n\n{starter}" if starter else question
                known.setdefault(question, (shown, difficulty))
    return known


def collect(
    known: dict[str, tuple[str, str]], proposals: Sequence[Proposal], *, pool: ItemPool | None = None
) -> ItemPool:
    """Each judged program; a proposal names its question as the source has it."""
    pool = pool or ItemPool()
    for proposal in proposals:
        if proposal.question.strip() not in known:
            pool.skip("a proposal to a question that no source has")
            continue
        shown, difficulty = known[proposal.question.strip()]
        item = Item(
            "verification",
            {"question": shown, "choice": proposal.choice},
            int(bool(proposal.correct)),
            subset=difficulty.casefold().replace("_", "-"),
            difficulty=difficulty,
        )
        pool.add(item, far=difficulty in FAR)
    return pool
