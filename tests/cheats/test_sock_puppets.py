"""Would: ten names share one study, so that each has a budget, a bar and a first attempt of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from queue_lab import open_lab, submit
from test_label_probing import TRUTH, Answer, N, exact, gate, voting

from aar.database import runs, submissions
from aar.scoring import judge_sealed, level
from aar.scoring.evidence.board import Watch
from aar.scoring.verdicts.duplicates import same_code

NAMES = 10


def together(scorer: Callable[[], Answer]) -> float:
    """The names share the work of one attack; accuracy above one half."""
    answers = [scorer() for _ in range(NAMES)]
    turn = iter(range(10**6))
    return voting(lambda guess: answers[next(turn) % NAMES](guess), np.random.default_rng(9))


def test_ten_names_learn_what_one_may_not_where_counts_are_told(table) -> None:
    gain = together(exact)
    table("sock_puppets", without=f"ten budgets of 30 gain {gain:.2f}")
    assert gain > 0.1


def test_ten_names_hear_of_one_ladder_and_sealed_knows_none_of_the_items(table) -> None:
    gain = together(gate)
    rng = np.random.default_rng(10)
    champion, theirs = ((rng.random((8, N)) < 0.6).astype(float) for _ in range(2))
    # dev's labels are worth nothing there
    confirmed = judge_sealed([theirs], [champion], [np.arange(N)], alpha=level(1, authors=NAMES))
    table("sock_puppets", ended="no_improvement", by="one Ladder a lab", figure=f"gain {gain:.3f}")
    assert gain < 0.06
    assert not confirmed.verified
    assert len(TRUTH) == N


def test_one_code_draws_one_lot_whoever_hands_it_in(tmp_path: Path) -> None:
    lab = open_lab(tmp_path, "r1", "r2")
    one, two = submit(lab, "r1", "the same"), submit(lab, "r2", "the same")
    with lab.database.read() as tx:
        code = submissions.get(tx, one).code_hash
        assert len(runs.all(tx, code_hash=code)) == lab.settings.dev_seeds
    board = Watch(lab.database).board()
    assert same_code(board, board.named(two)) == board.named(one)
    lab.database.close()
