"""Whether a model can be used, before anything is trained: one cheap request, and what to do where it fails.

The request is made by a process of its own (`aar.researchers.asking`). To import Inspect costs more than 100 MB and
seconds, which whoever asks would keep for all of a run.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aar.errors import ModelError
from aar.prices import Tokens
from aar.processes import die_with_parent, printable_line, python
from aar.researchers.inspect_models import ModelOptions
from aar.researchers.models import check_model
from w2s.errors import Unavailable

LOCAL = ("aar", "mockllm")
"""Providers that are asked nothing: they answer in this process."""
MOST_SECONDS = 600.0
"""Time for imports on a busy machine, and for the slowest provider."""


@dataclass(frozen=True)
class Readiness:
    """Whether a model answers.

    Attributes:
        model: Name of the model.
        problem: What stands in the way and what to do, in one line; empty if nothing does.
        note: What a person may want to know though nothing stands in the way.
        used: What the request used; None where none was answered.
    """

    model: str
    problem: str = ""
    note: str = ""
    used: Tokens | None = None


def ask(models: Sequence[str], options: ModelOptions) -> list[Readiness]:
    """Ask each of the models once, all at the same time."""
    found = {model: _known(model) for model in dict.fromkeys(models)}
    open = [model for model, ready in found.items() if ready is None]
    answers = {ready.model: ready for ready in _asked(open, options)} if open else {}
    return [ready or answers[model] for model, ready in found.items()]


def refuse_unready(models: Sequence[str], options: ModelOptions) -> None:
    """`ModelError` with a line for each model that cannot be used."""
    problems = [found.problem for found in ask(models, options) if found.problem]
    if problems:
        raise ModelError("; ".join(problems))


def _known(model: str) -> Readiness | None:
    """What can be said without a question; None where it has to be asked."""
    try:
        check_model(model)
    except (ModelError, Unavailable) as error:
        return Readiness(model, problem=str(error))
    if model.partition("/")[0] in LOCAL:
        return Readiness(model, note="asked nothing: it answers in this process")
    return None


def _asked(models: Sequence[str], options: ModelOptions) -> list[Readiness]:
    """The answers of a process that dies with us, also by SIGKILL."""
    asked = {"models": list(models), "options": {**asdict(options), "args": dict(options.args)}}
    try:
        done = subprocess.run(
            python("aar.researchers.asking"),
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=MOST_SECONDS,
            cwd="/",
            env=dict(os.environ),
            check=False,
            preexec_fn=die_with_parent,
        )
        lines = done.stdout.splitlines()
        # something that a library printed may stand before it
        return [_readiness(answer) for answer in json.loads(lines[-1])]
    except subprocess.TimeoutExpired:
        why = f"no answer within {MOST_SECONDS:.0f} s"
    except (ValueError, LookupError, TypeError):
        why = printable_line(done.stderr) or f"it ended with code {done.returncode}"
    return [Readiness(model, problem=f"{model}: it could not be asked: {why}") for model in models]


def _readiness(answer: Mapping[str, Any]) -> Readiness:
    used = answer["used"]
    return Readiness(
        answer["model"], answer["problem"], answer["note"], None if used is None else Tokens(**used)
    )
