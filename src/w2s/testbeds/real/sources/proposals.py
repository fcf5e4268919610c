"""Proposed answers to questions: a file that a user gives, or one that a model of the user's choice writes.

A line is {"question", "choice"} and, where somebody judged it, "correct": true or false. The study's own
proposals were written by models that its release does not name in its items, so nobody can write them again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2s.errors import Unavailable
from w2s.testbeds.real.problems import Problem, Problems, refuse
from w2s.testbeds.real.release import LINE_BYTES

_REMEDY = 'a line is {"question": "...", "choice": "...", "correct": true or false (if judged)}'


@dataclass(frozen=True)
class Proposal:
    """One proposed answer; `correct` is None where nobody judged it."""

    question: str
    choice: str
    correct: bool | None
    line: int


def read(path: Path, *, judged: bool) -> list[Proposal]:
    """The proposals of a file; with `judged` each needs a verdict. `BadTestbed` names line and field."""
    proposals: list[Proposal] = []
    problems: list[Problem] = []
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                item = _proposal(raw, path.name, number, judged=judged)
                if isinstance(item, Proposal):
                    proposals.append(item)
                else:
                    problems.append(item)
                if len(problems) >= 20:
                    break
    except OSError as error:
        raise refuse(path.name, f"cannot be read ({error.strerror})", "check the path") from None
    if not proposals and not problems:
        problems.append(Problem(path.name, 0, "", "is empty", _REMEDY))
    if problems:
        raise Problems(problems)
    return proposals


def _proposal(raw: bytes, file: str, line: int, *, judged: bool) -> Proposal | Problem:
    try:
        body = json.loads(raw[: LINE_BYTES + 1].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return Problem(file, line, "", f"is not JSON ({str(error)[:80]})", _REMEDY)
    if not isinstance(body, dict):
        return Problem(file, line, "", "is not an object", _REMEDY)
    for name in ("question", "choice"):
        if not isinstance(body.get(name), str) or not body[name].strip():
            return Problem(file, line, name, "is missing or no text", _REMEDY)
    correct = body.get("correct")
    if (correct is not None and not isinstance(correct, bool)) or (judged and correct is None):
        return Problem(file, line, "correct", "is missing or not true or false", _REMEDY)
    return Proposal(body["question"], body["choice"], correct, line)


def write_with_model(
    questions: Sequence[str],
    model: str,
    path: Path,
    *,
    per_question: int,
    seed: int,
    max_new_tokens: int = 1024,
    device: str = "cpu",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Let `model` (a hub's name or a folder) answer each question `per_question` times; append to `path`.

    Sampled at temperature 1 from `seed`, so the same seed and library versions give the same text. What the file
    already holds is kept and not written again, so an interrupted call goes on. Raises `Unavailable` if the
    model cannot be loaded.
    """
    import torch

    tokenizer, module = _loaded(model, device)
    have: Counter[str] = Counter()
    if path.exists():
        have.update(proposal.question for proposal in read(path, judged=False))
    with path.open("a", encoding="utf-8") as file:
        for number, question in enumerate(questions):
            progress(number, len(questions))
            missing = per_question - have[question]
            if missing <= 0:
                continue
            ids = torch.tensor([tokenizer(_asked(tokenizer, question))["input_ids"]], device=device)
            with torch.random.fork_rng(devices=[]), torch.no_grad():
                torch.manual_seed(seed + number)
                out = module.generate(
                    ids.repeat(missing, 1),
                    do_sample=True,
                    temperature=1.0,
                    top_k=0,
                    max_new_tokens=max_new_tokens,
                    pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
                )
            for row in out[:, ids.shape[1] :]:
                text = tokenizer.decode(row, skip_special_tokens=True).strip()
                if text:
                    file.write(json.dumps({"question": question, "choice": text}, ensure_ascii=False) + "\n")
            file.flush()
    progress(len(questions), len(questions))


def _loaded(model: str, device: str) -> tuple[Any, Any]:
    """Tokenizer and module; not through `w2s.models`, which lies above the testbeds."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    kind = torch.float32 if device == "cpu" else torch.bfloat16
    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
        module = AutoModelForCausalLM.from_pretrained(model, dtype=kind)
        return tokenizer, module.to(device).eval()
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise Unavailable(f"cannot load a model from {model!r} on {device}: {reason}") from error


def _asked(tokenizer: Any, question: str) -> str:
    wish = f"{question}\n\nSolve it step by step. Put the final answer into \\boxed{{}}."
    if not getattr(tokenizer, "chat_template", None):
        return f"{wish}\n\n"
    turns = [{"role": "user", "content": wish}]
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
