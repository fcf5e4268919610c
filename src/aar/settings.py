"""What a run may be told to do differently; everything else follows from the testbed."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import Any, Literal

Feedback = Literal["ladder", "noisy", "exact"]
"""What an author is told of dev besides a word: nothing, a rounded score on a random half, or the exact count."""


@dataclass(frozen=True)
class Settings:
    """The settings of one run. Kept in `lab.json`, so that a resumed run goes on as it began.

    A run is bounded by work: `submissions` and `practices` are budgets of each researcher, `submissions_in_all` that of
    the study (None: as many as the researchers' own allow). `minutes` is an upper bound on the wall-clock of the whole
    run, references and confirmations included; None for no bound. `feedback` is what is told of dev. `dev_seeds` and
    `sealed_seeds` are how many (supervisor, student) seed pairs a submission is run on; a baseline gets
    `baseline_seeds` on dev. `floors` and `ceilings` are the seeds that floor and ceiling of each split are measured
    over. `engine`, `sandbox` and `runtime` name parts that can be replaced (docs/extending.md); without a name the
    first sandbox that works is taken. Of the `baselines` all are run on sealed too, or only the best on dev, as
    `confirmed` says.
    """

    testbed: str = "mini-chat"
    model: str = "aar/evolution"
    seed: int = 0
    researchers: int = 3
    minutes: float | None = None
    forum: bool = True
    feedback: Feedback = "ladder"
    slots: int = 2
    engine: str = "local"
    sandbox: str | None = None
    runtime: str = "inspect"
    baselines: tuple[str, ...] = ("vanilla", "confident_labels", "zero_shot")
    confirmed: Literal["all", "best"] = "all"
    dev_seeds: int = 3
    baseline_seeds: int = 5
    sealed_seeds: int = 8
    floors: int = 10
    ceilings: int = 10
    submissions: int = 5
    submissions_in_all: int | None = None
    practices: int = 60
    queued: int = 200
    queued_in_all: int = 20_000
    run_seconds: int = 90
    run_memory_mb: int = 2048
    tokens: int = 2_000_000

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `lab.json`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Settings:
        """Settings from `lab.json`; unknown names are refused by the constructor."""
        return cls(**{**values, "baselines": tuple(values["baselines"])})


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
