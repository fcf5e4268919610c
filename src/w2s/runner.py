"""Runs one submitted method inside its sandbox: `python -m w2s.runner FD METHOD_DIR`.

Connects the bench over the inherited socket FD, imports `method.py` from METHOD_DIR, calls
`run(bench)` and hands in what it returns. An exception is told to the service by its type and its
place within the submission; its message only on the practice bench. Exit status: 0 when predictions
were taken, 1 when the method failed, 2 on a wrong call, 3 when the service went away.
"""

from __future__ import annotations

import builtins
import importlib.util
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from w2s import errors, former_names
from w2s.client import BatchGradient, RemoteBench
from w2s.errors import NoRun, ServiceLost


def main(arguments: list[str]) -> int:
    """Run the method in `arguments[1]` over the socket `arguments[0]`; gives the exit status."""
    if len(arguments) != 2 or not arguments[0].isdigit():
        print("usage: python -m w2s.runner FD METHOD_DIR", file=sys.stderr)
        return 2
    directory = Path(arguments[1]).resolve()
    with socket.socket(fileno=int(arguments[0])) as sock:
        try:
            bench = RemoteBench(sock, gradient_of=torch_gradient_of)
        except ServiceLost:
            return 3
        try:
            bench.finish(load(directory)(bench))
        except ServiceLost:
            return 3
        except BaseException as error:  # noqa: BLE001 - whatever a method raises is its result
            return _report(bench, error, directory)
    return 0


def load(directory: Path) -> Callable[[Any], Any]:
    """The function `run` of `method.py` in `directory`, whose other files it may import.

    Raises `NoRun` if there is no such file or function, and whatever the import itself raises.
    """
    path = directory / "method.py"
    if not path.is_file():
        raise NoRun("no method.py in the submission; it holds `def run(bench): ...`")
    sys.path.insert(0, str(directory))
    former_names.install()
    spec = importlib.util.spec_from_file_location("method", path)
    if spec is None or spec.loader is None:
        raise NoRun("method.py cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules["method"] = module
    spec.loader.exec_module(module)
    run = getattr(module, "run", None)
    if not callable(run):
        raise NoRun("method.py has no function `run`; write `def run(bench): ...`")
    return cast(Callable[[Any], Any], run)


def public_name(error: BaseException) -> str:
    """Type of `error` as it may leave the sandbox: a name of Python or of `w2s.errors`, else the nearest base.

    >>> class Mine(ValueError): ...
    >>> public_name(Mine()), public_name(errors.BadTargets())
    ('ValueError', 'BadTargets')
    """
    for kind in type(error).__mro__:
        if getattr(builtins, kind.__name__, None) is kind or getattr(errors, kind.__name__, None) is kind:
            return str(kind.__name__)
    return "Exception"


def place(error: BaseException, directory: Path) -> tuple[str, int]:
    """File (its name within `directory`) and line of the last frame of `error` in the submission."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_relative_to(directory):
        return Path(error.filename).relative_to(directory).as_posix(), error.lineno or 0
    location = ("", 0)
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(directory):
            location = (Path(frame.filename).relative_to(directory).as_posix(), frame.lineno or 0)
    return location


def _report(bench: RemoteBench, error: BaseException, directory: Path) -> int:
    file, line = place(error, directory)
    try:
        bench.fail(public_name(error), file=file, line=line, message=str(error))
    except ServiceLost:
        return 3
    return 1


def torch_gradient_of(loss: Callable[[Any], Any]) -> BatchGradient:
    """The gradient of a torch loss as arrays: the same adapter that training in one process uses."""
    from w2s.models.losses import LossArrays, torch_gradient

    gradient = torch_gradient(loss)
    return lambda **batch: gradient(LossArrays(**batch))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
