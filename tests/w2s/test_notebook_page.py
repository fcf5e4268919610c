"""The page for notebooks: its code runs, in the order of the page, and its table is that of `w2s.bounds`."""

import ast
import itertools
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import w2s
from w2s import bounds
from w2s.errors import BadTestbed, NotFound, TooMuch

PAGE = Path(__file__).parents[2] / "docs" / "notebook.md"
MARK = "<!-- bounds: written by tests/w2s/test_notebook_page.py -->\n"


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def table() -> str:
    """Each constant of `w2s.bounds` with its docstring's first sentence, in the order of the file."""
    lines = ["| name | value | what it bounds |", "|---|---|---|"]
    body = ast.parse(Path(bounds.__file__).read_text()).body
    for constant, explained in itertools.pairwise(body):
        if isinstance(constant, ast.Assign) and isinstance(explained, ast.Expr):
            name = constant.targets[0].id
            value = getattr(bounds, name)
            shown = f"{value:g}" if isinstance(value, float) else f"{value:,}"
            lines.append(f"| `{name}` | {shown} | {explained.value.value} |")
    return "\n".join(lines) + "\n"


def test_the_table_of_bounds_is_that_of_the_code():
    page = PAGE.read_text()
    start = page.index(MARK) + len(MARK)
    if os.environ.get("WRITE_PAGES"):
        PAGE.write_text(page[:start] + table())
    else:
        assert page[start:] == table(), "write it anew: WRITE_PAGES=1 pytest tests/w2s/test_notebook_page.py"


def rows() -> list[dict[str, object]]:
    rng = np.random.default_rng(0)
    drawn = [(rng.choice(["sky", "grass", "rose"]), rng.choice(["red", "blue", "green"])) for _ in range(120)]
    return [
        {"question": f"what colour is the {thing}", "choice": str(colour), "label": bool(colour == "red")}
        for thing, colour in drawn
    ]


@pytest.fixture
def notebook(tmp_path, monkeypatch, tiny_checkpoint):
    """A folder with two tiny models and 120 rows about colours, as the page expects them."""
    monkeypatch.chdir(tmp_path)
    for name in ("weak", "strong"):
        shutil.copytree(tiny_checkpoint, tmp_path / "models" / name)
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()))
    return tmp_path


def test_the_code_for_your_own_models_and_data_runs(notebook, capsys):
    (own,) = [block for block in blocks() if "Problem.of" in block]
    assert len(own.strip().splitlines()) <= 10
    exec(own, {})  # noqa: S102 - the page's own code
    assert re.search(r"PGR +(\S+ \[|none)", capsys.readouterr().out)


def test_the_code_for_the_shipped_testbed_and_a_method_of_your_own_runs(notebook, capsys):
    first, own, look, _ = blocks()
    few = first.replace("most=200", "most=24").replace("seeds=3", "seeds=2")
    assert few.count("most=24") == few.count("seeds=2") == 1
    exec(few + own + look, {})  # noqa: S102 - the page's own code
    printed = capsys.readouterr().out
    assert printed.count("accuracy") == 2
    assert "prompt: " in printed


def tiny(notebook, **changes):
    drawn = [tuple(row.values()) for row in rows()]
    pools = {"labelled": drawn[:20], "unlabelled": drawn[20:40], "test": drawn[40:60]}
    models = {"weak": "models/weak", "strong": Path("models/strong")}
    return w2s.Problem.of(**{**pools, **models, **changes})


def test_a_folder_is_measured_as_the_lab_would_import_it_and_logs_only_names_of_its_source(notebook):
    folder = notebook / "my_method"
    folder.mkdir()
    (folder / "half.py").write_text("HALF = 0.5\n")
    (folder / "method.py").write_text(
        "import numpy as np\nimport w2s\nfrom half import HALF\n\n"
        "def run(bench):\n    bench.log(half=HALF)\n"
        "    return w2s.Predictions(bench.test, np.full(len(bench.test), HALF))\n"
    )
    problem = tiny(notebook)
    assert problem.measure("./my_method", seeds=2).accuracy.mean == 0.5
    written = (folder / "half.py").stat()
    (folder / "half.py").write_text("HALF = 1.0\n")
    os.utime(
        folder / "half.py", ns=(written.st_atime_ns, written.st_mtime_ns)
    )  # edited within the same second
    assert problem.measure(folder, seeds=2).accuracy.mean != 0.5  # what was edited is imported anew
    assert sorted(path.name for path in folder.iterdir()) == ["half.py", "method.py"]
    (folder / "method.py").write_text("def run(bench):\n    bench.log(**{'secret': 1.0})\n")
    with pytest.raises(TooMuch, match="stand in the source"):
        problem.measure(folder, seeds=2)


def test_rows_may_be_mappings_and_pairs(notebook):
    row = {"prompt": "what colour is the sky", "first": "blue", "second": "green", "label": "A", "more": 1}
    given = [row, {**row, "label": "B"}, {**row, "label": False}]
    problem = tiny(notebook, labelled=given, unlabelled=given, test=given)
    assert problem.testbed.kind == "pair"
    assert [problem.truth[example.id] for example in problem.split.test] == [1, 0, 0]


@pytest.mark.parametrize(
    "row", [("a", "b"), ("a", "", True), ("a", "b", "perhaps"), {"question": "a"}, "abc", ("a", "b", "c", 1)]
)
def test_a_row_of_another_form_is_refused(notebook, row):
    with pytest.raises(BadTestbed):
        tiny(notebook, labelled=[("a", "b", True), row])


def test_a_problem_is_about_the_first_world_of_its_split_or_the_one_that_is_named():
    assert w2s.Problem.load("mini-code").split.world == "north"
    assert w2s.Problem.load("mini-code", split="sealed").split.world == "south"
    coast = w2s.Problem.load("mini-code", world="coast", most=3)
    assert (coast.split.name, coast.split.world, len(coast.split.test)) == ("dev", "coast", 3)
    with pytest.raises(NotFound, match="unknown world of dev 'south'; did you mean north"):
        w2s.Problem.load("mini-code", world="south")
