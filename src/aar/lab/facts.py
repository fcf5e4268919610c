"""The facts that a study's brief states, each from the setting or the constant that decides it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

from aar.database import Transaction, runs, submissions
from aar.database.researchers import MOST_WAIT_SECONDS, Researcher, Role
from aar.lab.budgets import last_seconds
from aar.lab.cooldown import FIRST_WAIT_SECONDS, FREE_FAILURES
from aar.lab.intake import MOST_TEXT, MOST_TITLE, RESERVE, Lab
from aar.researchers import directions
from aar.researchers.brief import Brief, Facts, Pool, Shape, compose
from aar.researchers.directions.conditions import given_out
from aar.researchers.output import MOST_OUTPUT
from aar.researchers.tools.lab import PRACTICE_WAIT_S
from aar.researchers.tools.workspace import LONGEST_COMMAND_S
from aar.scoring.ladder.confirmation import level
from aar.scoring.ladder.gate import ERRORS, step
from aar.scoring.verdicts.duplicates import NEAR
from aar.settings import Settings
from aar.submissions.source import MOST_FILES
from w2s.bounds import SUBMISSION_BYTES

TEACHER = "vanilla"
"""The baseline whose runs tell how long one fine-tune takes."""


def brief_for(lab: Lab, tx: Transaction, who: Researcher) -> Brief:
    """The brief of a researcher; its direction is a name, or words."""
    return compose(replace(facts(lab, tx), forum=who.forum), directions.words(who.direction))


def facts(lab: Lab, tx: Transaction) -> Facts:
    """Facts of a lab that is prepared."""
    settings = lab.settings
    public: Mapping[str, Any] = json.loads(lab.folder.public_facts.read_text(encoding="utf-8"))
    pools = {name: Pool(**counts) for name, counts in public["splits"].items()}
    return Facts(
        testbed=settings.testbed,
        title=public["title"],
        kind=public["kind"],
        dev=pools["dev"],
        practice=pools["practice"],
        new_worlds=public["new_worlds"],
        strong=_shape(public["strong"]),
        weak=_shape(public["weak"]),
        epochs=public["epochs"],
        finetune_seconds=_seconds_of(tx, TEACHER),
        baselines=settings.baselines,
        feedback=settings.feedback,
        forum=settings.forum,
        workflow=settings.workflow,
        researchers=settings.authors,
        directions_differ=_directions_differ(settings),
        dev_seeds=settings.dev_seeds,
        sealed_seeds=settings.sealed_seeds,
        gate=ERRORS,
        step=step(pools["dev"].test * min(pools["dev"].worlds, settings.dev_seeds)),
        level=level(1, authors=settings.authors),
        near=NEAR,
        run_seconds=settings.run_seconds,
        run_memory_mb=settings.run_memory_mb,
        practices=settings.practices,
        practice_wait_seconds=round(PRACTICE_WAIT_S),
        submissions=settings.submissions,
        submissions_in_all=settings.submissions_in_all,
        queued=settings.queued,
        code_kib=SUBMISSION_BYTES // 1024,
        files=MOST_FILES,
        title_characters=MOST_TITLE,
        text_characters=MOST_TEXT,
        output_characters=MOST_OUTPUT,
        command_seconds=LONGEST_COMMAND_S,
        free_failures=FREE_FAILURES,
        first_wait_seconds=FIRST_WAIT_SECONDS,
        most_wait_seconds=MOST_WAIT_SECONDS,
        hours_each=settings.hours_each,
        last_seconds=0.0 if settings.hours_each is None else last_seconds(settings.hours_each),
        budget_usd_each=settings.budget_usd_each,
        budget_usd=settings.budget_usd,
        budget_tokens_each=settings.budget_tokens_each,
        budget_tokens=settings.budget_tokens,
        research_share=None if settings.minutes is None else 1 - RESERVE,
    )


def _directions_differ(settings: Settings) -> bool:
    """Whether there are several researchers, and no two have the same direction."""
    team = [f"r{i + 1}" for i in range(settings.researchers)]
    given = given_out(settings.directions, team, seed=settings.seed, own=settings.own_directions)
    return 1 < len(set(given.values())) == len(team)


def _shape(shape: Mapping[str, int] | None) -> Shape | None:
    return None if shape is None else Shape(**shape)


def _seconds_of(tx: Transaction, title: str) -> float | None:
    """Median duration of a baseline's runs on dev; None before the first has ended."""
    found = next((row for row in submissions.all(tx, role=Role.BASELINE) if row.title == title), None)
    if found is None:
        return None
    took = [
        run.finished - run.started
        for run in runs.all(tx, code_hash=found.code_hash, split="dev")
        if run.state == "done" and run.started is not None and run.finished is not None
    ]
    return median(took) if took else None
