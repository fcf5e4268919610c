"""docs/methods.md shows every method on every mini testbed, with an interval or the reason of its failure."""

import re
from pathlib import Path

import pytest

from w2s import methods

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "methods.md").read_text(encoding="utf-8")
BEDS = ("mini-chat", "mini-math", "mini-code")
CELL = r"-?\d\.\d\d \[-?\d\.\d\d, -?\d\.\d\d\]"


def rows(name, what="baselines"):
    table = PAGE.partition(f"<!-- {what}: {name} -->")[2].partition(f"<!-- end of {what}: {name} -->")[0]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return {row[0]: row[1:] for row in cells if row[0] != "method"}


@pytest.mark.parametrize("name", BEDS)
def test_every_method_is_in_the_table_with_its_interval(name):
    shown = rows(name)
    assert sorted(shown) == methods.names()
    for method, (pgr, gain, *_) in shown.items():
        assert re.fullmatch(CELL, pgr) or "failed" in pgr, method
        assert method == "vanilla" or re.fullmatch(CELL.replace("-?", "[-+]"), gain) or "failed" in pgr


@pytest.mark.parametrize("name", BEDS)
def test_at_least_three_methods_are_clearly_above_vanilla(name):
    gains = {method: cells[1] for method, cells in rows(name).items() if method != "vanilla"}
    clear = []
    for method, cell in gains.items():
        mean, low, _ = (float(figure) for figure in re.findall(r"[-+]\d\.\d\d", cell))
        if mean > 0.1 and low > 0:
            clear.append(method)
    assert len(clear) >= 3


@pytest.mark.parametrize("name", BEDS)
def test_the_figure_shows_every_method(name):
    drawn = (DOCS / "methods" / f"{name}.svg").read_text(encoding="utf-8")
    assert [method for method in methods.names() if f">{method}<" not in drawn] == []
