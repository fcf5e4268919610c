"""Chat preference: HelpSteer2 and HelpSteer3 to train and test on, RM-Bench and RewardBench 2 out of distribution.

Columns as of 2025 (dataset cards of nvidia/HelpSteer2, nvidia/HelpSteer3 `preference`, THU-KEG/RM-Bench,
allenai/reward-bench-2). Our choices, where the study is silent: the answer with the higher `helpfulness` is
better (ties left out), "about the same" left out, one pair a prompt, HelpSteer3 in English or code only, RM-Bench
pairs in one style, RewardBench 2 without its ties. Which answer comes first follows from the texts alone.
"""

from __future__ import annotations

import re

from w2s.testbeds.real.layouts import spoken
from w2s.testbeds.real.release import Item
from w2s.testbeds.real.sources.assemble import ItemPool, coin
from w2s.testbeds.real.sources.rows import Row, Rows, Source, checked, column, number

HELPSTEER2 = Source("nvidia/HelpSteer2", "train", ("prompt", "response", "helpfulness"))
HELPSTEER3 = Source(
    "nvidia/HelpSteer3",
    "train",
    ("domain", "context", "response1", "response2", "overall_preference"),
    config="preference",
)
RM_BENCH = Source("THU-KEG/RM-Bench", "train", ("prompt", "chosen", "rejected"), whole="total_dataset")
REWARD_BENCH_2 = Source("allenai/reward-bench-2", "test", ("prompt", "chosen", "rejected", "subset"))
_TURN = re.compile(r"\n?<extra_id_1>(User|Assistant)\n?")


def collect(rows: Rows) -> ItemPool:
    """Pairs of all four sources."""
    pool = ItemPool()
    _helpsteer2(rows, pool)
    for row in checked(rows, HELPSTEER3, skip=pool.skip):
        _helpsteer3(row, pool)
    for row in checked(rows, RM_BENCH, skip=pool.skip):
        chosen, rejected = (column(RM_BENCH, row, name, list) for name in ("chosen", "rejected"))
        prompt = column(RM_BENCH, row, "prompt", str)
        styles = min(len(chosen), len(rejected))
        if not styles:
            pool.skip("RM-Bench without answers")
            continue
        style = coin(prompt) % styles  # both in one style: the study's pairs differ in substance
        pool.add(_pair(prompt, chosen[style], rejected[style], "rm-bench"), far=True)
    for row in checked(rows, REWARD_BENCH_2, skip=pool.skip):
        chosen, rejected = (column(REWARD_BENCH_2, row, name, list) for name in ("chosen", "rejected"))
        prompt = column(REWARD_BENCH_2, row, "prompt", str)
        if column(REWARD_BENCH_2, row, "subset", str).casefold() == "ties" or not chosen or not rejected:
            pool.skip("RewardBench 2: ties")
            continue
        pool.add(_pair(prompt, chosen[0], rejected[coin(prompt) % len(rejected)], "reward-bench-2"), far=True)
    return pool


def _helpsteer2(rows: Rows, pool: ItemPool) -> None:
    """Two rows have one prompt; they need not follow each other."""
    waiting: dict[str, Row] = {}
    done: set[str] = set()
    for row in checked(rows, HELPSTEER2, skip=pool.skip):
        prompt = column(HELPSTEER2, row, "prompt", str)
        other = waiting.pop(prompt, None)
        if prompt in done:
            pool.skip("HelpSteer2: a third answer")
        elif other is None:
            waiting[prompt] = row
        else:
            done.add(prompt)
            two = sorted((other, row), key=lambda answer: number(HELPSTEER2, answer, "helpfulness"))
            worse, better = two
            if worse["helpfulness"] == better["helpfulness"]:
                pool.skip("HelpSteer2: equally helpful")
            else:
                answers = [column(HELPSTEER2, answer, "response", str) for answer in (better, worse)]
                pool.add(_pair(_turns(prompt), answers[0], answers[1], "helpsteer2"))
    for _ in waiting:
        pool.skip("HelpSteer2: one answer only")


def _helpsteer3(row: Row, pool: ItemPool) -> None:
    preference = number(HELPSTEER3, row, "overall_preference")
    if preference == 0:
        pool.skip("HelpSteer3: about the same")
        return
    if column(HELPSTEER3, row, "domain", str).casefold() == "multilingual":
        pool.skip("HelpSteer3: other languages")
        return
    context = column(HELPSTEER3, row, "context", list)
    if (
        not all(isinstance(turn, dict) and {"role", "content"} <= set(turn) for turn in context)
        or not context
    ):
        pool.skip("HelpSteer3: a context without turns")
        return
    prompt = spoken([(str(turn["role"]), str(turn["content"])) for turn in context])
    answers = [column(HELPSTEER3, row, name, str) for name in ("response1", "response2")]
    better, worse = answers if preference < 0 else reversed(answers)
    pool.add(_pair(prompt, better, worse, "helpsteer3"))


def _turns(prompt: str) -> str:
    """A prompt of HelpSteer2, whose later turns are marked, as a conversation."""
    parts = _TURN.split(prompt)
    turns = [("User", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
    return spoken([(role, text) for role, text in turns if text.strip()])


def _pair(prompt: str, better: str, worse: str, subset: str) -> Item:
    first_is_better = coin(prompt, *sorted((better, worse))) % 2
    # the coin must not know which is better: it is drawn from the sorted texts, then turned to them
    first, second = sorted((better, worse)) if first_is_better else sorted((better, worse), reverse=True)
    return Item(
        "pair",
        {"prompt": prompt, "first": first, "second": second},
        int(first == better),
        subset=subset,
    )
