"""`python -m aar.researchers` for tests: AAR_SCRIPT says what a stand-in for its model does at every turn, if given.

One that is asked to stop may take as long as a busy machine needs, unless it is the one that has to give up.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

from aar.researchers import __main__ as program
from aar.researchers import stopping
from aar.researchers.exits import ExitCode
from aar.researchers.session import Session, run
from aar.researchers.stopping import Stop


async def turn(messages: Any, tools: Any, choice: Any, config: Any) -> Any:
    from inspect_ai.model import ModelUsage

    output = await said(messages)
    output.usage = ModelUsage(input_tokens=100, output_tokens=10, total_tokens=110)
    return output


async def said(messages: Any) -> Any:
    from inspect_ai.model import ModelOutput

    script = os.environ["AAR_SCRIPT"]
    if script == "a command that runs long":
        arguments = {"command": "touch begun; sleep 300", "seconds": 600}
        return ModelOutput.for_tool_call("mockllm/model", "bash", arguments)
    if script == "refuses":
        return ModelOutput.from_content("mockllm/model", "I can't.", stop_reason="content_filter")
    if not any(message.role == "assistant" for message in messages):
        return ModelOutput.for_tool_call("mockllm/model", "bash", {"command": "touch begun"})
    if script == "a call that hangs":
        await asyncio.sleep(300)
    time.sleep(300)  # a call that hangs, and the whole process with it
    return ModelOutput.from_content("mockllm/model", "")


def scripted(session: Session, token: str, *, stop: Stop) -> ExitCode:
    from inspect_ai.model import get_model

    return run(session, token, model=get_model("mockllm/model", custom_outputs=turn), stop=stop)


if __name__ == "__main__":
    if os.environ["AAR_SCRIPT"]:
        program.run = scripted
    if os.environ["AAR_SCRIPT"] != "a call that blocks everything":
        stopping.GRACE_SECONDS = 60.0
    sys.exit(program.main(sys.argv[1:]))
