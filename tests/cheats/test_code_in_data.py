"""In 2026: graders called eval() on agents' answers, and scored whatever these returned (BenchJack, class V3).

A benchmark that evaluates what it is handed runs its code: `eval` on an answer, a pickle, a module loaded by path.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
RUN = {"eval", "exec", "compile", "__import__"}
LOAD = {
    "pickle": {"load", "loads", "Unpickler"},
    "marshal": {"load", "loads"},
    "shelve": {"open"},
    "runpy": {"run_path", "run_module"},
    "util": {"spec_from_file_location"},
    "torch": {"load"},
    "joblib": {"load"},
    "yaml": {"load", "unsafe_load", "full_load"},
}
INSIDE = {"w2s/runner.py", "aar/sandboxes/inside/warm_daemon.py"}
"""Programs of the sandbox: running what was submitted is what they are for."""


def runs_code(tree: ast.AST) -> list[str]:
    """Calls in a module that run code, or may run code that lies in data."""
    found = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        match call.func:
            case ast.Name(id=name) if name in RUN:
                found.append(name)
            case ast.Attribute(value=ast.Name(id=home) | ast.Attribute(attr=home), attr=name) if (
                name in LOAD.get(home, ())
            ):
                found.append(f"{home}.{name}")
            case ast.Attribute(attr="load") if any(
                keyword.arg == "allow_pickle" and getattr(keyword.value, "value", True)
                for keyword in call.keywords
            ):
                found.append("load(allow_pickle)")
    return found


@pytest.mark.parametrize(
    "attack",
    [
        "eval(answer)",
        "pickle.loads(blob)",
        "torch.load(path)",
        "importlib.util.spec_from_file_location(n, p)",
    ],
)
def test_the_search_sees_what_runs_code(attack: str) -> None:
    assert runs_code(ast.parse(attack))


def test_nothing_outside_the_sandbox_runs_what_it_is_handed() -> None:
    found = {}
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        if name not in INSIDE and (calls := runs_code(ast.parse(path.read_text(encoding="utf-8")))):
            found[name] = calls
    assert found == {}
