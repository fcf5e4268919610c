"""The truth that verdicts rest on cannot be changed unseen."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from synthetic_lab import SyntheticLab

from aar.errors import BrokenChain
from aar.ledger import Ledger
from aar.scoring.serve import serve
from aar.scoring.truth import truth_digest


@pytest.fixture
def lab(tmp_path: Path) -> SyntheticLab:
    made = SyntheticLab(tmp_path / "lab")
    made.folder.describe({"settings": made.settings.as_json()})
    return made


def look(lab: SyntheticLab) -> None:
    stop = threading.Event()
    stop.set()
    serve(lab.folder, stop=stop, say=lambda line: None)


def test_the_first_look_commits_to_the_truth_and_later_ones_hold_it_against_that(lab: SyntheticLab) -> None:
    assert not truth_digest.check(lab.db, lab.vault)
    look(lab)
    entries = Ledger(lab.db).verify().entries
    look(lab)
    assert Ledger(lab.db).verify().entries == entries
    assert truth_digest.check(lab.db, lab.vault)


@pytest.mark.parametrize("name", ["truth.json", "items.json"])
def test_changed_labels_or_items_are_found(lab: SyntheticLab, name: str) -> None:
    look(lab)
    path = lab.vault.path / name
    body = json.loads(path.read_text())
    if name == "truth.json":
        first = next(iter(body["truth"]))
        body["truth"][first] = 1 - body["truth"][first]
    path.write_text(json.dumps(body, indent=1))
    with pytest.raises(BrokenChain, match="not those of entry"):
        truth_digest.check(lab.db, lab.vault)
    with pytest.raises(BrokenChain):
        look(lab)


def test_the_digest_tells_nobody_the_labels(lab: SyntheticLab) -> None:
    digest = truth_digest.digest(lab.vault)
    secret = json.loads((lab.vault.path / "secret.json").read_text())
    (lab.vault.path / "secret.json").write_text(json.dumps({**secret, "secret": "00" * 16}))
    assert truth_digest.digest(type(lab.vault)(lab.vault.path)) != digest
