"""One lab a testbed that takes many submissions, each judged by itself as `aar score --fresh` does."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platformdirs import user_data_path
from scoring_table_pairs import add_pairs
from scoring_table_rows import CHEATS, RUNS, SCORES, Row, Rows, key, version

from aar import database
from aar.baseline_sets import PLAIN
from aar.cli.baselines import PATIENCE
from aar.cli.display import Display
from aar.database import researchers, submissions
from aar.folder import LabFolder
from aar.launch.launch import Launch
from aar.launch.run_folder import make
from aar.reports.summary import judged
from aar.sandboxes import choose
from aar.settings import Settings, cores
from w2s import methods, testbeds
from w2s.errors import W2SError
from w2s.measurements import weights

RANDOM_LABELS = """import w2s

def run(bench):
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.rng.integers(0, 2, len(bench.unlabelled)).astype(float))
    return student.predict(bench.test)
"""
DRAWN_ANSWERS = """import w2s

def run(bench):
    return w2s.Predictions(bench.test, bench.rng.random(len(bench.test)))
"""
ONE_ANSWER = """import numpy as np
import w2s

def run(bench):
    return w2s.Predictions(bench.test, np.full(len(bench.test), 0.6))
"""
NULLS = {
    "vanilla again": (methods.source(PLAIN), 0.5),
    "random labels": (RANDOM_LABELS, 0.25),
    "drawn answers": (DRAWN_ANSWERS, 0.125),
    "one answer": (ONE_ANSWER, 0.125),
}
"""What is worth nothing over vanilla, with its share of the null submissions."""


@dataclass(frozen=True)
class Wanted:
    """One submission to be judged, its files by name; `part` is "methods", "nulls" or "as they are"."""

    part: str
    testbed: str
    name: str
    files: Mapping[str, str]
    lab: int = 1

    @property
    def key(self) -> str:
        """What its verdict rests on."""
        models = weights(testbeds.load(self.testbed))
        code = self.files["method.py"] if len(self.files) == 1 else dict(self.files)
        draw = [self.lab] if self.lab > 1 else []
        return key(code, methods.building_blocks(), models, version(SCORES), *draw)

    @property
    def title(self) -> str:
        """Its name in the lab."""
        return f"{self.name} ({self.key[:8]})"


def honest(testbed: str, chosen: Sequence[str] | None, *, lab: int = 1) -> list[Wanted]:
    """The library, or what was chosen of it; vanilla is what they are compared with."""
    variants = chosen or [name for name in methods.names() if name != PLAIN]
    return [Wanted("methods", testbed, name, {"method.py": methods.source(name)}, lab) for name in variants]


def null(testbed: str, count: int, *, lab: int = 1) -> list[Wanted]:
    """`count` submissions that are worth nothing, each with seeds of its own, since its code differs in a comment."""
    found = []
    for name, (code, share) in NULLS.items():
        found += [
            Wanted("nulls", testbed, f"{name} {k + 1}", {"method.py": f"{code}# {k + 1}\n"}, lab)
            for k in range(round(share * count))
        ]
    return found


def cheating(testbed: str) -> list[Wanted]:
    """Cheats that need texts or votes, handed in as they are, with what they read these with."""
    home = testbed.replace("-", "_")
    shared = CHEATS / f"{home.removeprefix('mini_')}_shortcuts.py"
    found = []
    for path in sorted((CHEATS / "audited" / home).glob("*.py")):
        files = {"method.py": path.read_text(encoding="utf-8")}
        if shared.stem in files["method.py"]:
            files[shared.name] = shared.read_text(encoding="utf-8")
        found.append(Wanted("as they are", testbed, f"{home}/{path.stem}", files))
    return found


def score_all(
    rows: Rows, testbed: str, wanted: list[Wanted], *, lab: int, in_flight: int, until: float
) -> None:
    """Judge in the `lab`-th lab what is not known yet, a few at a time; every verdict is written as it falls."""
    waiting = [one for one in wanted if one.key not in rows.known(one.part)]
    problem = testbeds.load(testbed)
    settings = Settings(
        testbed=testbed,
        researchers=0,
        slots=min(cores(), 16),
        baselines=(PLAIN,),
        run_seconds=PATIENCE * round(problem.run_seconds),
    )
    # a lab outlives a change of what judges: the same code is judged anew there, on the runs that there are
    place = f"{testbed}-{key(weights(problem), version(RUNS), settings.as_json())[:8]}-{lab}"
    folder = LabFolder((user_data_path("aar") / "scoring-table" / place).resolve())
    if not waiting or time.monotonic() > until:
        if folder.database.is_file():
            add_pairs(rows, folder, testbed=testbed, lab=lab)
        return
    choose()
    make(folder, settings, problem)
    with Display() as display, Launch(folder, settings, display) as launch:
        display.say(f"{testbed}: {len(waiting)} submissions to judge in {folder.path}")
        launch.prepare()
        launch.start(directions={})
        pending: dict[str, tuple[Wanted, float]] = {}
        for status in launch.watch():
            if status["phase"] == "baselines":
                continue
            known = _submitted(folder)
            while waiting and len(pending) < in_flight and time.monotonic() < until:
                one = waiting.pop(0)
                id = known.get(one.title) or launch.submit(dict(one.files), title=one.title, fresh=True)
                pending[id] = (one, time.monotonic())
            for id, (one, since) in list(pending.items()):
                row = _row(folder, id, one)
                if row is not None:
                    alone = {"seconds": round(time.monotonic() - since, 1)} if in_flight == 1 else {}
                    rows.add(row | alone)
                    display.say(f"{one.title}: {row['status']}")
                    del pending[id]
            if not pending and (not waiting or time.monotonic() > until):
                add_pairs(rows, folder, testbed=testbed, lab=lab)
                return


def _submitted(folder: LabFolder) -> dict[str, str]:
    """Ids by title of what an earlier start handed in."""
    store = database.open(folder.database)
    with store.read() as tx:
        found = {one.title: one.id for one in submissions.all(tx, researcher=researchers.FRESH)}
    store.close()
    return found


def _row(folder: LabFolder, id: str, one: Wanted) -> Row | None:
    """What was decided, None as long as nothing is."""
    try:
        found = judged(folder, id)
    except W2SError:
        return None
    if found["status"] == "pending":
        return None
    return {
        "part": one.part,
        "key": one.key,
        "version": version(SCORES)[:8],
        "testbed": one.testbed,
        "name": one.name,
        "lab": one.lab,
        "status": found["status"],
        "reply": found["reply"],
        "track": found["track"],
        "dev": _figures(found["dev"]),
        "sealed": _figures(found["sealed"]),
        "audits": found["audits"],
        "cost": found["cost"],
    }


def _figures(found: dict[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        name: found[name]
        for name in ("seeds", "n", "pgr", "gain", "accuracy_gain", "attempt")
        if name in found
    }
