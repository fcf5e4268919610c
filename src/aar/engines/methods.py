"""Method processes: each starts with everything imported, serves one run in its own sandbox, and ends."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from aar.errors import SandboxLost
from aar.sandboxes import Limits, Profile, Provider, SandboxProcess, Warm, WarmCall, warm
from w2s import blocks

PROCESSES = 32
ALWAYS = ("numpy", "w2s.runner")
"""Modules that every run needs."""
OFTEN = (
    "scipy.integrate",
    "scipy.optimize",
    "scipy.sparse",
    "scipy.spatial",
    "scipy.special",
    "scipy.stats",
    "sklearn.feature_extraction",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.preprocessing",
    "torch",
    *(f"w2s.blocks.{name}" for name in blocks.names()),
    "w2s.methods",
    "w2s.models.losses",
)
"""Modules that many methods import: free where processes are forked, seconds of every run where they are not."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ENVIRONMENT = {
    **ONE_THREAD,
    "PYTHONHASHSEED": "0",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pandas may bring pyarrow, whose thread no fork keeps
}


class Methods:
    """Starts one method process at a time for one slot, under the slot's user."""

    def __init__(self, provider: Provider, *, packages: Path, uid: int | None) -> None:
        self._provider = provider
        self._profile = Profile(
            env=ENVIRONMENT, uid=uid, limits=Limits(processes=PROCESSES), packages=packages
        )
        self._warm: Warm | None = None

    def ready(self) -> None:
        """Return once the next run starts without waiting; `SandboxError` if nothing starts."""
        if self._warm is None or not self._warm.alive:
            self.close()
            self._warm = warm(self._provider, self._profile, always=ALWAYS, often=OFTEN)

    def start(self, code: Mapping[str, str], service: socket.socket, *, memory_mb: int) -> SandboxProcess:
        """Run the submission `code` with `service` as its only connection; its error stream is a pipe."""
        if self._warm is None:
            raise SandboxLost("the slot was closed")
        return self._warm.start(
            WarmCall("w2s.runner", ("3",), code),
            Limits(memory_mb=memory_mb, processes=PROCESSES),
            pass_fds=(service.fileno(),),
            stderr=subprocess.PIPE,
        )

    def close(self) -> None:
        """End what waits for a run; a run that has begun is ended by who started it."""
        if self._warm is not None:
            self._warm.close()
        self._warm = None
