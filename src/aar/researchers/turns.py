"""Turns of a session that do nothing: told apart, counted, and answered with the help that fits.

A turn without effect is one of which no call did anything: talk alone, a text or a call that was cut off at the limit
on its length, arguments that a tool does not take, tools that do not exist, the same call failing again as it failed
before, a round of up to four turns of calls that give the same for the fifth time, or an answer that was declined. One
call with an effect ends the row.

Numbers do not make a failing call, its failure or a repeated command another one, so that a counter hides nothing. What
a call gives that works is compared as it is: a sweep over numbers has an effect as long as it gives something new.
Tools that wait or ask for news may give the same for hours.

Not covered: calls that work and lead nowhere but give something else each time, such as the clock, or reading a hundred
files in turn; failing calls that differ in their words; longer rounds; a turn with a call that waits or asks for news.
Budgets bound those.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from aar.researchers.output import line

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool, ModelOutput
    from inspect_ai.tool import ToolCall

MOST_IN_A_ROW = 12
"""Turns without effect before a session rests."""
AFTER_A_REST = 3
"""Such turns before it rests again."""
MOST_FAILURES = 64
"""Failed calls that are remembered."""
MOST_ROUND = 4
"""Turns of the longest round that is seen when it repeats itself."""
SAME_ROUNDS = 5
"""A round has no effect from this time on, if it was the same each time."""
WAITING = frozenset({"wait_for_verdict", "wait_for_news", "my_status", "leaderboard", "read_forum"})
"""Tools that wait or ask for news."""
COMMANDS = frozenset({"bash", "python"})
"""Tools of which a number in the arguments makes no other call."""
MOST_WORDS = 300
_EXIT = "[exit code "
_NUMBER = re.compile(r"[0-9a-fA-F]+")
_LONG_NUMBER = 6
"""Letters from a to f that are a hexadecimal number even without a digit."""


class Idle(StrEnum):
    """Why a turn did nothing."""

    TALK = "talk"
    CUT = "cut"
    INVALID_ARGUMENTS = "invalid_arguments"
    UNKNOWN_TOOL = "unknown_tool"
    SAME_FAILURE = "same_failure"
    SAME_RESULT = "same_result"
    DECLINED = "declined"

    @property
    def words(self) -> str:
        """For people: what the model did."""
        return _WORDS[self]


_WORDS = {
    Idle.TALK: "only talked",
    Idle.CUT: "answer cut off",
    Idle.INVALID_ARGUMENTS: "wrong arguments",
    Idle.UNKNOWN_TOOL: "unknown tool",
    Idle.SAME_FAILURE: "the same failing call",
    Idle.SAME_RESULT: "the same calls with the same results",
    Idle.DECLINED: "declined",
}


@dataclass(frozen=True)
class IdleTurn:
    """A turn without effect: the how manieth in a row, and what its model should know."""

    kind: Idle
    in_a_row: int
    help: str

    @property
    def rests(self) -> bool:
        """True if the session should rest now."""
        return self.in_a_row >= MOST_IN_A_ROW


class Turns:
    """Looks at each turn; `counts` has the turns without effect of the whole session, by kind."""

    def __init__(self, parameters: Mapping[str, Sequence[str]], *, go_on: str) -> None:
        """`parameters`: those of each tool by its name; `go_on`: what one that only talks is told first."""
        self.counts: Counter[Idle] = Counter()
        self.effective = 0
        self._parameters = parameters
        self._go_on = go_on
        self._in_a_row = 0
        self._rounds: deque[object] = deque(maxlen=MOST_ROUND * SAME_ROUNDS)
        self._failures: OrderedDict[tuple[str, str], tuple[str, int]] = OrderedDict()

    def look(self, messages: Sequence[ChatMessage], output: ModelOutput) -> IdleTurn | None:
        """The turn with which a conversation ends, if it did nothing."""
        answer, results = _last_turn(messages)
        if not answer.tool_calls:
            found: tuple[Idle, str] | None = self._without_calls(output)
            self._rounds.append("no call")
        else:
            found = self._with_calls(answer, results, output)
            self._rounds.append(_result(answer, results))
            if found is None and self._repeats():
                found = Idle.SAME_RESULT, _repeated(answer.tool_calls[0].function)
        if found is None:
            self._in_a_row = 0
            self.effective += 1
            return None
        kind, help = found
        self._in_a_row += 1
        self.counts[kind] += 1
        if self._in_a_row > 1:
            left = max(0, MOST_IN_A_ROW - self._in_a_row)
            help += f" ({self._in_a_row} turns in a row did nothing; after {left} more you rest.)"
        return IdleTurn(kind, self._in_a_row, help)

    def rested(self) -> None:
        """A rest is over: the next one comes sooner."""
        self._in_a_row = MOST_IN_A_ROW - AFTER_A_REST

    def _without_calls(self, output: ModelOutput) -> tuple[Idle, str]:
        if output.stop_reason == "max_tokens":
            return Idle.CUT, self._cut(output)
        if output.stop_reason == "content_filter":
            return Idle.DECLINED, "Your last answer was declined. Go on with another step of your work."
        return Idle.TALK, f"{self._go_on} Only a call of a tool does anything; the tools are {self._names}."

    def _with_calls(
        self, answer: ChatMessageAssistant, results: Mapping[str, ChatMessageTool], output: ModelOutput
    ) -> tuple[Idle, str] | None:
        found: list[tuple[Idle, str]] = []
        effect = False
        for call in answer.tool_calls or []:
            result = results.get(call.id)
            error = result.error if result is not None else None
            if call.function not in self._parameters:
                found.append((Idle.UNKNOWN_TOOL, self._unknown(call.function)))
            elif call.parse_error or (error is not None and error.type == "parsing"):
                if output.stop_reason == "max_tokens":
                    found.append((Idle.CUT, self._cut(output)))
                else:
                    words = call.parse_error or (error.message if error is not None else "")
                    found.append((Idle.INVALID_ARGUMENTS, self._invalid(call.function, words)))
            else:
                failed = _failure(result)
                times = self._failed_before((call.function, _plain(_arguments(call))), _plain(failed))
                effect = effect or times < 2
                found.append((Idle.SAME_FAILURE, _same(call.function, times)))
        return None if effect else found[0]

    def _repeats(self) -> bool:
        """True if the last turns are one round of turns, gone through again and again."""
        turns = list(self._rounds)
        return any(
            len(turns) >= SAME_ROUNDS * round
            and all(turns[-at] == turns[-at - round] for at in range(1, (SAME_ROUNDS - 1) * round + 1))
            for round in range(1, MOST_ROUND + 1)
        )

    def _failed_before(self, call: tuple[str, str], failure: str) -> int:
        """How often this call has failed in this way, now included; 0 if it did not fail."""
        before, times = self._failures.pop(call, ("", 0))
        if not failure:
            return 0
        times = times + 1 if before == failure else 1
        self._failures[call] = (failure, times)
        if len(self._failures) > MOST_FAILURES:
            self._failures.popitem(last=False)
        return times

    @property
    def _names(self) -> str:
        return ", ".join(self._parameters)

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name.lower(), self._parameters, n=1, cutoff=0.6)
        meant = f" Did you mean {near[0]}?" if near else ""
        return f"There is no tool {line(name)!r}.{meant} The tools are {self._names}."

    def _invalid(self, name: str, words: str) -> str:
        takes = ", ".join(self._parameters[name]) or "nothing"
        why = " ".join(words.split())[:MOST_WORDS]
        return f"The arguments of {name} were not taken, so it was not run: {why}. It takes: {takes}."

    def _cut(self, output: ModelOutput) -> str:
        tokens = f" after {output.usage.output_tokens} tokens" if output.usage is not None else ""
        return (
            f"Your answer was cut off{tokens}, at the limit on its length, so the rest of it was not done. Write less "
            "before you call a tool, and write a long file in several calls."
        )


def _same(name: str, times: int) -> str:
    return (
        f"This call of {name} has now failed {times} times in the same way. It will fail again: change what it needs, "
        "or do something else."
    )


def _repeated(name: str) -> str:
    return (
        f"This call of {name} has now given the same {SAME_ROUNDS} times or more. It will do so again: take another "
        "step, or wait for news if there is nothing to do."
    )


def _arguments(call: ToolCall) -> str:
    return str(sorted(call.arguments.items()))


def _plain(text: str) -> str:
    """A text without its numbers: counters, addresses, process numbers and the like.

    >>> _plain("cat run12: pid 3fa9 at 0xDEADBEEF is bad")
    'cat run#: pid # at #x# is bad'
    """
    return _NUMBER.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    number = found[0]
    return "#" if len(number) >= _LONG_NUMBER or not number.isalpha() else number


def _result(answer: ChatMessageAssistant, results: Mapping[str, ChatMessageTool]) -> object:
    """What a turn did and what came of it: equal for two turns if the second one had no effect of its own."""
    done: list[tuple[str, str, str]] = []
    for call in answer.tool_calls or []:
        if call.function in WAITING:
            return object()
        given, result = _arguments(call), results.get(call.id)
        failed = _plain(_failure(result))
        given = _plain(given) if call.function in COMMANDS or failed else given
        done.append((call.function, given, failed or (result.text if result is not None else "")))
    return hash(tuple(done))


def _failure(result: ChatMessageTool | None) -> str:
    """What a call failed with; empty if it did not fail."""
    if result is None:
        return ""
    if result.error is not None:
        return result.error.message or result.error.type
    last = result.text.rstrip().rpartition("\n")[2]
    return result.text if last.startswith(_EXIT) else ""


def _last_turn(messages: Sequence[ChatMessage]) -> tuple[ChatMessageAssistant, dict[str, ChatMessageTool]]:
    """The last answer, and the results of its calls."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageTool

    results: dict[str, ChatMessageTool] = {}
    for message in reversed(messages):
        if isinstance(message, ChatMessageTool) and message.tool_call_id is not None:
            results[message.tool_call_id] = message
        if isinstance(message, ChatMessageAssistant):
            return message, results
    return ChatMessageAssistant(content=""), results
