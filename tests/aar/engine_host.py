"""A process that hosts an engine with a run that never ends, for the test that kills it."""

import asyncio
import sys
from pathlib import Path

from test_engines import Folders, job

from aar.engines.local import LocalEngine
from aar.sandboxes import choose


async def main():
    engine = LocalEngine(choose(), Folders(Path(sys.argv[1])), slots=1, testbed="mini-chat")
    await engine.start()
    print("started", flush=True)
    await engine.run(job("def run(bench):\n    while True: pass"))


asyncio.run(main())
