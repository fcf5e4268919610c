"""Processes that compute beside each other, one thread each, and end with the one that started them."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process


class Pool(ProcessPoolExecutor):
    """An executor whose `with` block ends all of its processes at once where an exception or Ctrl-C leaves it."""

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.shutdown(wait=True)
            return
        processes = list((self._processes or {}).values())
        self.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


def pool(processes: int) -> Pool:
    """An executor of that many fresh processes, with one torch thread each; a killed parent leaves none behind."""
    return Pool(processes, get_context("spawn"), initializer=_begin)


def _begin() -> None:
    import signal

    import torch

    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches all of them: the one that started them ends them
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
