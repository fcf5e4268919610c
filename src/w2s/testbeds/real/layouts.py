"""Other people's columns become a release's: chosen and rejected, messages, prompt and completion, or mapped names.

    {"prompt", "chosen", "rejected"}        texts, or lists of messages; the sides are drawn from texts and a seed
    {"chosen", "rejected"}                  whole conversations that differ in their last turn
    {"messages", "label"}                   a question and a proposed answer
    {"prompt", "completion", "label"}       the same

`columns` maps a name of these or of a release to the name in the file. Columns that are not used are left out; what
cannot be understood in one way only is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from w2s.testbeds.real.digests import digest
from w2s.testbeds.real.problems import Problem

NATIVE = ("prompt", "first", "second", "question", "choice", "label", "subset", "difficulty")
FOREIGN = ("chosen", "rejected", "messages", "completion")
RECIPES = (
    "name the columns: --columns prompt=...,chosen=...,rejected=... (or prompt=,first=,second=,label= for pairs, "
    "question=,choice=,label= for proposed answers)"
)
_ASSISTANT = "\n\nAssistant:"
_KEPT = ("label", "subset", "difficulty")
_GUESSES: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt", "instruction", "question", "query", "input", "context"),
    "chosen": ("chosen", "good", "preferred", "better", "winner", "accepted", "positive", "response_chosen"),
    "rejected": ("rejected", "bad", "dispreferred", "worse", "loser", "negative", "response_rejected"),
    "first": ("first", "response_a", "response_0", "response1", "answer_a", "output_1", "model_a", "a"),
    "second": ("second", "response_b", "response_1", "response2", "answer_b", "output_2", "model_b", "b"),
    "question": ("question", "prompt", "problem", "instruction", "query", "claim"),
    "choice": ("choice", "completion", "response", "answer", "solution", "output", "proposal"),
    "label": ("label", "correct", "is_correct", "preference", "winner", "better", "verdict"),
}


class _Unclear(ValueError):
    """A row that cannot be read in one way: (column, what is wrong, what to do)."""

    def __init__(self, column: str, what: str, remedy: str) -> None:
        super().__init__(what)
        self.column, self.remedy = column, remedy


@dataclass(frozen=True)
class Layout:
    """How the rows of a file are read; `columns` gives the file's name of each field that is used."""

    name: str
    columns: Mapping[str, str]
    convert: Callable[[Mapping[str, Any], int], dict[str, Any]]

    def item(self, row: Mapping[str, Any], file: str, line: int, *, seed: int) -> dict[str, Any] | Problem:
        """The row as a line of a release, or what is wrong with it."""
        fields: dict[str, Any] = {}
        for ours, theirs in self.columns.items():
            if theirs in row:
                fields[ours] = row[theirs]
            elif ours not in ("subset", "difficulty"):
                return Problem(file, line, theirs, "is missing", f"{self.name} need this column in every row")
        try:
            made = self.convert(fields, seed)
        except _Unclear as error:
            return Problem(file, line, self.columns.get(error.column, error.column), str(error), error.remedy)
        return made | {
            name: fields[name] for name in ("subset", "difficulty") if fields.get(name) is not None
        }


def layout_of(row: Mapping[str, Any], columns: Mapping[str, str]) -> Layout | str | None:
    """The layout of a file by its first row; None for a release's own form, a remedy for an unknown one."""
    named = {**{name: name for name in (*NATIVE, *FOREIGN) if name in row}, **columns}
    has = set(named)
    if {"chosen", "rejected"} <= has:
        return _layout("pairs of chosen and rejected", named, ("prompt", "chosen", "rejected"), _preference)
    if "messages" in has and "label" in has:
        return _layout("conversations with a label", named, ("messages",), _conversation)
    if {"prompt", "completion", "label"} <= has:
        return _layout("completions with a label", named, ("prompt", "completion"), _completion)
    if columns and {"prompt", "first", "second", "label"} <= has:
        return _layout("pairs", named, ("prompt", "first", "second"), _pair)
    if columns and {"question", "choice", "label"} <= has:
        return _layout("proposed answers", named, ("question", "choice"), _as_it_is)
    own = {"prompt", "first", "second"} & set(row), {"question", "choice"} & set(row)
    if not row or len(own[0]) > 1 or len(own[1]) > 1 or columns:
        return None if not columns else RECIPES
    return _recipe(row)


def _layout(
    name: str,
    named: Mapping[str, str],
    texts: tuple[str, ...],
    convert: Callable[[Mapping[str, Any], int], dict[str, Any]],
) -> Layout:
    kept = _KEPT if "chosen" not in texts else _KEPT[1:]
    return Layout(name, {ours: named[ours] for ours in (*texts, *kept) if ours in named}, convert)


def _recipe(row: Mapping[str, Any]) -> str:
    """The option that would read a file with these columns, as far as their names tell."""
    known = {name.casefold(): name for name in row}

    def guessed(*fields: str) -> str | None:
        found = {field: next((known[g] for g in _GUESSES[field] if g in known), None) for field in fields}
        if None in found.values() or len(set(found.values())) < len(fields):
            return None
        return "--columns " + ",".join(f"{ours}={theirs}" for ours, theirs in found.items())

    forms = (
        ("prompt", "chosen", "rejected"), ("prompt", "first", "second", "label"), ("question", "choice", "label"),
    )  # fmt: skip
    best = next((option for form in forms if (option := guessed(*form))), None)
    return f"name the columns, e.g. {best}" if best else RECIPES


def _preference(fields: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """A pair whose order follows from the texts and the seed, not from which answer is better."""
    chosen, rejected = fields["chosen"], fields["rejected"]
    if isinstance(chosen, list) and isinstance(rejected, list):
        asked = _messages(fields["prompt"], "prompt") if isinstance(fields.get("prompt"), list) else []
        prompt, better, worse = _last_turns(
            _messages(chosen, "chosen"), _messages(rejected, "rejected"), asked
        )
        if not prompt and isinstance(fields.get("prompt"), str):
            prompt = fields["prompt"]
    elif "prompt" in fields:
        prompt, better, worse = (
            _prompt(fields["prompt"]),
            _text(chosen, "chosen"),
            _text(rejected, "rejected"),
        )
    else:
        prompt, better, worse = _split(_text(chosen, "chosen"), _text(rejected, "rejected"))
    if not prompt.strip():
        raise _Unclear("prompt", "there is no prompt", "name its column: --columns prompt=...")
    low, high = sorted((better, worse))
    turned = int(digest(str(seed), "side", prompt, low, high), 16) % 2
    first, second = (high, low) if turned else (low, high)
    return {"prompt": prompt, "first": first, "second": second, "label": "A" if first == better else "B"}


def _last_turns(
    chosen: list[tuple[str, str]], rejected: list[tuple[str, str]], asked: list[tuple[str, str]]
) -> tuple[str, str, str]:
    """Prompt and two answers of conversations that share all but their last turn."""
    if not chosen or not rejected or chosen[:-1] != rejected[:-1]:
        what = "the two conversations differ before their last turn"
        raise _Unclear("chosen", what, "leave the row out, or write one prompt and two answers")
    before = chosen[:-1]
    # some data sets repeat the prompt inside both conversations
    turns = before if before[: len(asked)] == asked else [*asked, *before]
    return spoken(turns), chosen[-1][1], rejected[-1][1]


def _split(chosen: str, rejected: str) -> tuple[str, str, str]:
    """Prompt and answers of two dialogues "\\n\\nHuman: ...\\n\\nAssistant: ..." that share all but the last answer."""
    heads = [text.rpartition(_ASSISTANT) for text in (chosen, rejected)]
    if not heads[0][1] or heads[0][0] != heads[1][0]:
        what = "there is no prompt, and the two texts share no dialogue before their last answer"
        raise _Unclear("chosen", what, "name the column of the prompt: --columns prompt=...")
    return heads[0][0].strip(), heads[0][2].strip(), heads[1][2].strip()


def _conversation(fields: Mapping[str, Any], seed: int) -> dict[str, Any]:
    turns = _messages(fields["messages"], "messages")
    if len(turns) < 2 or turns[-1][0] != "assistant":
        raise _Unclear("messages", "do not end with an answer of the assistant", "leave the row out")
    return {"question": spoken(turns[:-1]), "choice": turns[-1][1], "label": fields.get("label")}


def _completion(fields: Mapping[str, Any], seed: int) -> dict[str, Any]:
    return {
        "question": _prompt(fields["prompt"]),
        "choice": _prompt(fields["completion"], "completion"),
        "label": fields.get("label"),
    }


def _pair(fields: Mapping[str, Any], seed: int) -> dict[str, Any]:
    return {**fields, "prompt": _prompt(fields["prompt"])}


def _as_it_is(fields: Mapping[str, Any], seed: int) -> dict[str, Any]:
    return {**fields, "question": _prompt(fields["question"], "question")}


def _text(value: Any, column: str) -> str:
    if not isinstance(value, str):
        raise _Unclear(
            column, f"is {'null' if value is None else type(value).__name__}, not a text", "leave the row out"
        )
    return value


def _prompt(value: Any, column: str = "prompt") -> str:
    """A prompt that is a text, or a list of messages."""
    return spoken(_messages(value, column)) if isinstance(value, list) else _text(value, column)


def _messages(value: Any, column: str) -> list[tuple[str, str]]:
    """(role, text) of each message, in either of the usual spellings."""
    turns = []
    for message in value if isinstance(value, list) else [value]:
        if not isinstance(message, Mapping):
            raise _Unclear(column, "holds a message that is no object", 'a message is {"role", "content"}')
        role, text = message.get("role", message.get("from")), message.get("content", message.get("value"))
        if isinstance(text, list) and all(
            isinstance(part, Mapping) and part.get("type") == "text" for part in text
        ):
            text = "\n".join(str(part.get("text", "")) for part in text)
        if not isinstance(role, str) or not isinstance(text, str):
            raise _Unclear(column, "holds a message without role or text", 'a message is {"role", "content"}')
        turns.append(({"human": "user", "gpt": "assistant"}.get(role.casefold(), role.casefold()), text))
    return turns


def spoken(turns: list[tuple[str, str]]) -> str:
    """One turn as it is; several with who speaks.

    >>> spoken([("user", "Hi"), ("assistant", "Hello"), ("user", "Why?")])
    'User: Hi\\n\\nAssistant: Hello\\n\\nUser: Why?'
    """
    if len(turns) == 1:
        return turns[0][1].strip()
    return "\n\n".join(f"{role.capitalize()}: {text.strip()}" for role, text in turns)
