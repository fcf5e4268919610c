"""Facts of one study that a brief states: each comes from the settings or from the constant that decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aar.conditions import Workflow
from aar.feedback import Feedback


@dataclass(frozen=True)
class Pool:
    """Items of one run, and in how many worlds there are such."""

    labelled: int
    unlabelled: int
    test: int
    worlds: int = 1


@dataclass(frozen=True)
class Shape:
    """Shape of a model: number of blocks and width of its hidden states."""

    layers: int
    width: int


@dataclass(frozen=True)
class Facts:
    """What holds for every researcher of a study.

    Attributes:
        testbed: Name of the testbed.
        title: Its title.
        kind: Whether items are pairs or proposed answers.
        dev: Items of a run on dev.
        practice: Items of the practice bench.
        new_worlds: Number of worlds of sealed that dev has not.
        strong: Shape of the strong model; None where it is not known.
        weak: Shape of the weak model; None where it is not known.
        epochs: Passes of the recipe.
        finetune_seconds: Seconds of a vanilla run here; None where none was measured.
        baselines: Names of the methods that the lab hands in itself.
        feedback: What is told of dev.
        forum: Whether researchers read each other.
        workflow: Whether steps are prescribed.
        researchers: Researchers of the study.
        directions_differ: Whether each of several researchers has another direction.
        dev_seeds: Supervisors of a submission on dev.
        sealed_seeds: Supervisors of the first confirmation.
        gate: Standard errors that a gain on dev has to exceed.
        step: Accuracy that it has to exceed as well.
        level: Level of the first confirmation.
        near: Share of answers that has to differ from every earlier submission's.
        run_seconds: Seconds that a run may take.
        run_memory_mb: Memory of a run, in MB.
        practices: Practice runs of a researcher.
        practice_wait_seconds: Longest wait of one practice call.
        submissions: Submissions of a researcher; None without a bound.
        submissions_in_all: Submissions of all; None without a bound.
        queued: Runs of a researcher that may wait.
        code_kib: Size of a submission, in KiB.
        files: Files of a submission.
        title_characters: Length of a title.
        text_characters: Length of a summary, claim or post.
        output_characters: Length of a tool's output.
        command_seconds: Longest command in a workspace.
        free_failures: Failures in a row that cost nothing.
        first_wait_seconds: Wait after the next one.
        most_wait_seconds: Longest wait after failures.
        hours_each: Hours that a researcher may work; None without a bound.
        last_seconds: Seconds of these that are kept for last turns.
        budget_usd_each: US dollars that a researcher's calls may cost; None without a bound.
        budget_usd: The same of all.
        budget_tokens_each: Weighted tokens that a researcher's calls may use; None without a bound.
        budget_tokens: The same of all.
        research_share: Share of a bounded run's time in which submissions are taken; None without a bound.
    """

    testbed: str
    title: str
    kind: Literal["pair", "verification"]
    dev: Pool
    practice: Pool
    new_worlds: int
    strong: Shape | None
    weak: Shape | None
    epochs: int
    finetune_seconds: float | None
    baselines: tuple[str, ...]
    feedback: Feedback
    forum: bool
    workflow: Workflow
    researchers: int
    directions_differ: bool
    dev_seeds: int
    sealed_seeds: int
    gate: float
    step: float
    level: float
    near: float
    run_seconds: int
    run_memory_mb: int
    practices: int
    practice_wait_seconds: int
    submissions: int | None
    submissions_in_all: int | None
    queued: int
    code_kib: int
    files: int
    title_characters: int
    text_characters: int
    output_characters: int
    command_seconds: int
    free_failures: int
    first_wait_seconds: float
    most_wait_seconds: float
    hours_each: float | None
    last_seconds: float
    budget_usd_each: float | None
    budget_usd: float | None
    budget_tokens_each: int | None
    budget_tokens: int | None
    research_share: float | None

    @property
    def bounded_money(self) -> bool:
        """True if a budget of money or tokens can end a researcher."""
        budgets = (self.budget_usd_each, self.budget_usd, self.budget_tokens_each, self.budget_tokens)
        return any(budget is not None for budget in budgets)
