"""A lab without the prevention that an exploit runs into: what each of `exploits/` would get there.

`on_this_machine` runs an exploit as a plain process without a sandbox. `in_a_service` runs it against a real service
of which one check is taken away; `CHECKS` says which.
"""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from student_lab import request, run, soft_labels, splits

from aar.students import greeting
from aar.students.handles import Handles
from aar.students.server import Service
from aar.students.session import Session
from aar.students.shelf import Question
from aar.students.targets import TargetRecord
from w2s import bounds, testbeds, wire
from w2s.bench import LocalBench
from w2s.models import TextStudent

Patch = pytest.MonkeyPatch
EXPLOITS = {path.stem: path for path in sorted((Path(__file__).parent / "exploits").glob("*.py"))}

BARE = """
import runpy, sys
sys.path.insert(0, sys.argv[1])
found = runpy.run_path(sys.argv[2])
if len(sys.argv) > 3:
    found["run"].__globals__["ROOT"] = sys.argv[3]

class Student:
    def predict(self, items): return items

class Bench:
    test = ()
    def strong(self): return Student()
    def log(self, found): print(found)

found["run"](Bench())
"""


def on_this_machine(name: str, *arguments: str) -> float:
    """What an exploit finds as a plain process; it must log something."""
    source = str(Path(sys.modules["w2s"].__file__ or "").parents[1])
    command = [sys.executable, "-c", BARE, source, str(EXPLOITS[name]), *arguments]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return float(told.stdout)


def in_a_service(name: str, service: Service) -> float:
    """What an exploit finds in a service without the check that stops it; 1 where it only has to get through."""
    logged: dict[str, Any] = {}
    with Patch.context() as patch:
        CHECKS[name](patch)
        asked = request(log_names=("found", *(f"x{k}" for k in range(64))))
        logged |= run(service, runpy.run_path(str(EXPLOITS[name]))["run"], asked).end.logged
    return float(logged.get("found", 1.0))


def in_one_process(name: str) -> float:
    """What an exploit finds on a bench that lives in its own process."""
    split = splits()["dev"]
    bench = LocalBench.from_split(testbeds.load("mini-chat"), split, soft_labels("dev", 3), seed=0)
    runpy.run_path(str(EXPLOITS[name]))["run"](bench)
    return bench.logged["found"]


# -- what is taken away -----------------------------------------------------------------------------------------


def _texts_shown(patch: Patch) -> None:
    patch.setattr(greeting, "shows_texts", lambda request: True)


def _any_number_of_templates(patch: Patch) -> None:
    patch.setattr(bounds, "TEMPLATES", 10**6)


def _any_number_of_logged_names(patch: Patch) -> None:
    patch.setattr(bounds, "LOGGED_NAMES", 10**6)


def _test_items_are_trained_on(patch: Patch) -> None:
    choose = Handles.choose
    patch.setattr(Handles, "choose", lambda self, ids, flipped, trained_on=False: choose(self, ids, flipped))
    patch.setattr(TargetRecord, "add", lambda self, *given, **more: None)


def _predictions_by_position(patch: Patch) -> None:
    patch.setattr(Handles, "predictions", lambda self, ids, values: values)


def _any_layer(patch: Patch) -> None:
    def hidden_states(self: TextStudent, examples: Any, flipped: Any, layer: int, **more: Any) -> Any:
        rows = self._rows(examples, flipped, self.prompting.template)
        words = self._module.get_input_embeddings().weight.detach().numpy()
        return np.stack(
            [words[ids[: last + 1]].mean(axis=0) for ids, last in zip(rows.ids, rows.last, strict=True)]
        )

    def asked(self: Session, header: wire.Header, arrays: Any) -> Any:
        return {}, {"states": self._ask(header, arrays, Question("hidden_states", layer=header["layer"]))}

    patch.setattr(TextStudent, "hidden_states", hidden_states)
    patch.setattr(Session, "_hidden_states", asked)


def _likelihood_of_any_text(patch: Patch) -> None:
    def likelihood(self: Session, header: wire.Header, arrays: Any) -> Any:
        return {}, {"values": self._ask(header, arrays, Question("zero_shot", template=header["template"]))}

    patch.setattr(Session, "_likelihood", likelihood)


def _the_client_says_what_is_practice(patch: Patch) -> None:
    def hello(self: Session, header: wire.Header, arrays: Any) -> Any:
        self.greeted = True
        asked = replace(self._request, practice=bool(header.get("practice")))
        return greeting.greeting(asked, self._split, self._weak, self._handles, self._shelf)

    patch.setattr(Session, "_hello", hello)


def _any_request(patch: Patch) -> None:
    answer = Session._answer

    def careless(self: Session, header: wire.Header, arrays: Any) -> Any:
        if header.get("op") != "truth":
            return answer(self, header, arrays)
        wire.send(self._sock, {"ok": True}, {"truth": np.ones(1)})
        return None

    patch.setattr(Session, "_answer", careless)


CHECKS: dict[str, Callable[[Patch], None]] = {
    "asks_for_practice": _the_client_says_what_is_practice,
    "embedding_layer": _any_layer,
    "forged_ids": _predictions_by_position,
    "likelihood_of_a_guess": _likelihood_of_any_text,
    "logged_leak": _any_number_of_logged_names,
    "narrow_questions": _any_number_of_templates,
    "raw_protocol": _any_request,
    "text_in_template": _any_number_of_templates,
    "text_of_items": _texts_shown,
    "train_on_test": _test_items_are_trained_on,
}
