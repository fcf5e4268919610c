"""Display of a run's progress."""

from __future__ import annotations

from typing import Any, Protocol


class Show(Protocol):
    """Display of progress; the command line has one."""

    def stage(self, text: str, *, done: int | None = None, total: int | None = None) -> None:
        """Show the stage of preparation."""
        ...

    def update(self, status: dict[str, Any]) -> None:
        """The state of the run, as `GET /v1/status` answers it, and each researcher's process."""
        ...

    def tick(self) -> None:
        """Nothing has changed but the time."""
        ...

    def say(self, line: str) -> None:
        """A line that stays."""
        ...
