"""A lab's cores are held by so many at a time, and given back by those who are killed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

from aar.allotment import Allotment

HOLDER = """
import sys, time
from pathlib import Path
from aar.allotment import Allotment
with Allotment(Path(sys.argv[1]), 1).core():
    print("held", flush=True)
    time.sleep(600)
"""


def test_never_more_hold_a_core_than_there_are(tmp_path: Path) -> None:
    cores, now, most = Allotment(tmp_path, 2), [0], [0]
    guard = threading.Lock()

    def train() -> None:
        for _ in range(5):
            with cores.core():
                with guard:
                    now[0] += 1
                    most[0] = max(most[0], now[0])
                time.sleep(0.01)
                with guard:
                    now[0] -= 1

    threads = [threading.Thread(target=train) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 2


def test_a_killed_process_gives_its_core_back(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    async def waits() -> bool:
        async with Allotment(tmp_path, 1).core_soon():
            return True

    async def taken() -> bool:
        waiting = asyncio.create_task(waits())
        await asyncio.sleep(0.3)
        assert not waiting.done(), "the core is another process's"
        holder.kill()
        return await asyncio.wait_for(waiting, 10)

    assert asyncio.run(taken())
    holder.communicate()
