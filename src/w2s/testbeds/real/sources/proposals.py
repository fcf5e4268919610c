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
from w2s.testbeds.real.json_lines import file_problem, numbered, parsed
from w2s.testbeds.real.problems import Problem, Problems, refuse

MOST_PROBLEMS = 20
"""Problems after which a file is not read on."""
_REMEDY = 'a line is {"question": "...", "choice": "...", "correct": true or false (if judged)}'


_LATER = 1_000_003


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
        if whole := file_problem(path, path.name):
            raise Problems([whole])
        for number, raw in numbered(path):
            item = _proposal(raw, path.name, number, judged=judged)
            if isinstance(item, Proposal):
                proposals.append(item)
            else:
                problems.append(item)
            if len(problems) >= MOST_PROBLEMS:
                break
    except OSError as error:
        raise refuse(path.name, f"cannot be read ({error.strerror})", "check the path") from None
    if not proposals and not problems:
        problems.append(Problem(path.name, 0, "", "is empty", _REMEDY))
    if problems:
        raise Problems(problems)
    return proposals


def _proposal(raw: bytes, file: str, line: int, *, judged: bool) -> Proposal | Problem:
    body = parsed(raw, file, line, form=_REMEDY)
    if isinstance(body, Problem):
        return body
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
    already holds is kept and not written again, so an interrupted call goes on; a last line that it tore is written
    again. Raises `Unavailable` if the model cannot be loaded or the file not be written, `BadTestbed` for other torn
    lines, each with its number.
    """
    import torch

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        mend(path)
    except OSError as error:
        raise Unavailable(f"cannot write {path} ({error.strerror}); name another file with --keep") from error
    have: Counter[str] = Counter()
    if path.stat().st_size:
        have.update(proposal.question for proposal in read(path, judged=False))
    tokenizer, module = _loaded(model, device)
    with path.open("a", encoding="utf-8") as file:
        for number, question in enumerate(questions):
            progress(number, len(questions))
            missing = per_question - have[question]
            if missing <= 0:
                continue
            ids = torch.tensor([_asked(tokenizer, question)], device=device)
            with torch.random.fork_rng(devices=[]), torch.no_grad():
                # the answers that are there already were drawn from the question's first seed: others from another
                torch.manual_seed(seed + number + have[question] * _LATER)
                out = module.generate(
                    ids.repeat(missing, 1),
                    do_sample=True,
                    temperature=1.0,
                    top_k=0,
                    max_new_tokens=max_new_tokens,
                    pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
                )
            texts = [
                tokenizer.decode(row, skip_special_tokens=True).strip() for row in out[:, ids.shape[1] :]
            ]
            lines = (json.dumps({"question": question, "choice": text}) + "\n" for text in texts if text)
            file.write("".join(lines))
            file.flush()
    progress(len(questions), len(questions))


def mend(path: Path) -> None:
    """Make a file of lines one that can be appended to: a torn last line goes, a whole one gets its line end.

    Torn is what is no JSON at all, as a process leaves it that is killed while it writes.
    """
    content = path.read_bytes()
    whole = content.rstrip(b"\0 \t\r\n")
    begin = whole.rfind(b"\n") + 1
    try:
        json.loads(whole[begin:])
    except (ValueError, RecursionError):
        whole = whole[:begin].rstrip()
    if whole + b"\n" == content:
        return
    with path.open("r+b") as file:
        file.truncate(len(whole))
        file.seek(len(whole))
        if whole:
            file.write(b"\n")


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


def _asked(tokenizer: Any, question: str) -> list[int]:
    wish = f"{question}\n\nSolve it step by step. Put the final answer into \\boxed{{}}."
    if not getattr(tokenizer, "chat_template", None):
        return list(tokenizer(f"{wish}\n\n")["input_ids"])
    turns = [{"role": "user", "content": wish}]
    text = str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    # a template writes its special tokens itself
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])
