"""Text of hidden items inside submitted code, and tables that no method needs.

Covered: fields of scored items (and of their normal forms) as text anywhere in the code, comments included; literals
of many constants. Not covered: texts that were hashed or compressed into a short string, or split; a table that is
computed.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from aar.broken_rules import Rule
from aar.scoring.audits import rules
from aar.scoring.audits.audit import Audit
from aar.scoring.audits.case import Case
from aar.scoring.audits.finding import Finding, Verdict

NAME = "text in code"


def text_in_code(case: Case) -> Finding:
    """Number of hidden texts in the code."""
    code = _plain("\n".join(case.code[name] for name in sorted(case.code)))
    wanted = {plain for text in case.texts if len(plain := _plain(text)) >= rules.TEXT_CHARS}
    held = sum(text in code for text in wanted)
    table = largest_literal(case.code)
    verdict: Verdict = "clean"
    rule, text = "", "The code holds no text of a scored item and no table."
    if held >= rules.TEXT_VIOLATION:
        verdict, rule, text = (
            "violation",
            Rule.HIDDEN_TEXT,
            f"The code holds {held} texts of items that are scored.",
        )
    elif held:
        verdict, text = "person", f"The code holds {held} text of a scored item, perhaps by coincidence."
    elif table > rules.TABLE_CONSTANTS:
        verdict, text = (
            "person",
            f"The code holds a table of {table} constants; somebody should see what it is for.",
        )
    return Finding(
        NAME,
        verdict,
        text,
        statistic=float(held),
        threshold=float(rules.TEXT_VIOLATION),
        n=len(wanted),
        rule=rule,
    )


def largest_literal(code: Mapping[str, str]) -> int:
    """Constants in the largest list, tuple, set or dictionary, a packed string counting by its length / 8.

    >>> largest_literal({"method.py": "x = [1, 2, (3, 4)]"})
    4
    """
    most = 0
    for source in code.values():
        try:
            tree = ast.parse(source.encode())  # as bytes: a file may begin with a byte order mark, and runs
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict):
                most = max(most, sum(isinstance(part, ast.Constant) for part in ast.walk(node)))
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                words = len(node.value.split())
                most = max(most, 0 if 8 * words > len(node.value) else len(node.value) // 8)
    return most


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


AUDIT = Audit(NAME, text_in_code)
