"""The door through which Inspect AI asks the embedded policy for its next tool call, as it would ask a model."""

from __future__ import annotations

import uuid
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo
from inspect_ai.util import store

from aar.errors import UnknownModel
from aar.researchers import refusals
from aar.researchers.evolution import STOPPED_KEY
from aar.researchers.evolution.memory import Memory
from aar.researchers.evolution.policy import Answer, Policy
from aar.researchers.evolution.searches import Search

STORE_KEY = "embedded_policy"


class EmbeddedPolicy(ModelAPI):
    """Models of provider `aar`, one for each `Search`: policies, no language models, that read the last answer only.

    Its memory lives in the sample's store and, by ordinary tool calls, in the workspace's notebook: never in
    the messages, which compaction may shorten.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        researcher: str = "r1",
        seed: int = 0,
        most_cost: float = 3.0,
        **model_args: Any,
    ) -> None:
        if model_name not in list(Search):
            known = ", ".join(f"aar/{search.value}" for search in Search)
            raise UnknownModel(f"unknown model aar/{model_name}; known: {known}")
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        self._policy = Policy(
            researcher=str(researcher), seed=int(seed), most_cost=float(most_cost), search=Search(model_name)
        )

    def max_connections(self) -> int:
        """No remote service, so no limit that matters."""
        return 1000

    def connection_key(self) -> str:
        """One pool: there is nothing to share."""
        return "embedded"

    def max_tokens(self) -> int | None:
        """Nothing is sampled, so nothing is cut off."""
        return None

    async def count_text_tokens(self, text: str) -> int:
        """A rough count; the default would download a tokenizer."""
        return max(1, len(text) // 4)

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """The next tool call."""
        if not tools:
            # Asked for prose, e.g. for a summary of a long conversation.
            return self._output("Embedded policy: what it knows is in its notebook.", [])
        memory = Memory.from_json(store().get(STORE_KEY, "")) or Memory()
        memory.leaves = bool(store().get(STOPPED_KEY, False))
        memory.stop = memory.stop or memory.leaves
        call = self._policy.step(memory, _last_answer(input))
        store().set(STORE_KEY, memory.to_json())
        thought = f"[embedded policy] {call.thought}"
        if not call.tool:
            return self._output(thought, [])
        return self._output(
            thought, [ToolCall(id=uuid.uuid4().hex[:12], function=call.tool, arguments=call.arguments)]
        )

    def _output(self, text: str, calls: list[ToolCall]) -> ModelOutput:
        message = ChatMessageAssistant(
            content=text, tool_calls=calls or None, model=self.model_name, source="generate"
        )
        choice = ChatCompletionChoice(message=message, stop_reason="tool_calls" if calls else "stop")
        nothing = ModelUsage(input_tokens=0, output_tokens=0, total_tokens=0)
        return ModelOutput(model=self.model_name, choices=[choice], usage=nothing)


def _last_answer(messages: list[ChatMessage]) -> Answer:
    """The tool message that answers the last call, if the conversation ends with one."""
    for message in reversed(messages):
        if isinstance(message, ChatMessageTool):
            if message.error is not None:
                error = message.error.message or message.error.type
                return Answer(error=error, refusal=refusals.read(error))
            return Answer(text=_text(message))
        if isinstance(message, ChatMessageAssistant):
            break
    return Answer()


def _text(message: ChatMessageTool) -> str:
    return message.content if isinstance(message.content, str) else message.text
