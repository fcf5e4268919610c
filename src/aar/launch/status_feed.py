"""The lab's status as it changes: asked for by a thread of its own, so that nobody waits for an answer that hangs."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from typing import Any

from aar.launch.operator_client import OperatorClient

HANG_SECONDS = 30.0
"""Time that one request may wait for news from the lab."""
LEAST_SECONDS = 0.4
"""Between two questions, however much changes."""


class StatusFeed:
    """Feed of the lab's status: each request asks for what is newer than the last answer.

    Use it as a context; `client` is closed with it. `heard` is when the lab last answered (monotonic seconds).
    """

    def __init__(self, client: OperatorClient) -> None:
        self.heard = time.monotonic()
        self._client = client
        self._answers: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="status", daemon=True)

    def __enter__(self) -> StatusFeed:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        # not joined: its question may hang for long yet, and it ends with this process
        self._stopping.set()

    @property
    def trouble(self) -> str:
        """Reason that the last request had no answer; empty if it had one."""
        return self._client.trouble

    def next(self, seconds: float) -> dict[str, Any] | None:
        """The newest status, None if nothing new was told within `seconds`."""
        try:
            newest = self._answers.get(timeout=seconds)
            while not self._answers.empty():
                newest = self._answers.get()
        except queue.Empty:
            return None
        return dict(newest)

    def _ask(self) -> None:
        version = -1
        while not self._stopping.is_set():
            asked = time.monotonic()
            status = self._client.status(wait=HANG_SECONDS, after=version)
            if status is not None:
                self.heard = time.monotonic()
                if "phase" in status:
                    self._answers.put(status)
                version = int(status["version"])
            self._stopping.wait(max(0.0, asked + LEAST_SECONDS - time.monotonic()))
        self._client.close()
