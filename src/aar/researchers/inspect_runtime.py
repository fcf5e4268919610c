"""The runtime named "inspect": Inspect AI's loop, with any model that Inspect reaches or the embedded policy."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aar.processes import python
from aar.researchers.inspect_models import ModelOptions
from aar.researchers.models import check_model
from aar.researchers.preflight import refuse_unready
from aar.researchers.runtime import Assignment

PROGRAM = python("aar.researchers")


class InspectRuntime:
    """Runs `python -m aar.researchers`; `aar.researchers.host` imports Inspect once for all of a run, and forks."""

    def check(self, models: Sequence[str], options: ModelOptions | None = None) -> None:
        """Raise a `ModelError` for models that cannot be used; providers are asked one short question each."""
        for model in models:
            check_model(model)
        refuse_unready(models, options or ModelOptions())

    def command(self, assignment: Assignment) -> Sequence[str]:
        """The command line of `aar.researchers.__main__`."""
        command = [
            *PROGRAM,
            "--lab", str(assignment.folder),
            "--name", assignment.name,
            "--url", assignment.url,
            "--model", assignment.model,
            "--seed", str(assignment.seed),
        ]  # fmt: skip
        options = {
            "--sandbox": assignment.sandbox,
            "--effort": assignment.effort,
            "--temperature": assignment.temperature,
            "--base-url": assignment.base_url,
        }
        for option, value in options.items():
            command += [option, str(value)] if value is not None else []
        for name, value in assignment.model_args.items():
            command += ["--model-arg", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
        return command

    def host(self, models: Sequence[str]) -> Sequence[str]:
        """The command line of `aar.researchers.host`."""
        return python("aar.researchers.host", *dict.fromkeys(models))
