"""Where the progress of a run goes."""

from __future__ import annotations

from typing import Any, Protocol


class Show(Protocol):
    """Where progress goes; the command line's display is one."""

    def stage(self, text: str, *, done: int | None = None, total: int | None = None) -> None:
        """What is being prepared."""
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
