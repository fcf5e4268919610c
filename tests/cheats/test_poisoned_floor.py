"""Would: lays a floor of its own among the references, so that everything above it has recovered more of the gap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic_lab import CEILING, FLOOR, SyntheticLab

from aar.folder import LabFolder
from aar.scoring.audits import rules
from aar.scoring.truth.preparation import prepare
from aar.scoring.truth.references import References
from aar.scoring.truth.vault import Vault
from aar.settings import Settings


def pgr(lab: SyntheticLab, one: str) -> float:
    found = lab.figures(one, "sealed").pgr
    assert found is not None
    return found.mean


def test_a_floor_that_is_believed_raises_what_a_poor_method_recovers(
    tmp_path: Path, monkeypatch, table
) -> None:
    monkeypatch.setattr(rules, "DRAWS", 200)
    recovered = []
    for name, floor in (("fair", FLOOR), ("poisoned", 0.3)):
        lab = SyntheticLab(tmp_path / name, baselines=())
        for split in ("dev", "sealed"):
            for k in range(10):
                lab.vault.store_reference("floor", split, k, lab._correct(split, k, floor), key="mine")  # type: ignore[arg-type]
        one = lab.submit("operator", dev=0.64, sealed=0.64)
        lab.settle()
        recovered.append(pgr(lab, one))
    fair, poisoned = recovered
    table("poisoned_floor", without=f"PGR {poisoned:.2f} instead of {fair:.2f}")
    assert fair == pytest.approx((0.64 - FLOOR) / (CEILING - FLOOR), abs=0.05)
    assert poisoned > fair + 0.1


def test_a_floor_without_the_key_of_what_it_is_made_from_is_removed(tmp_path: Path, table) -> None:
    folder = LabFolder(tmp_path / "runs" / "lab")
    settings = Settings(dev_seeds=1, baseline_seeds=1, sealed_seeds=2, floors=1, ceilings=1)
    folder.describe({"testbed": "mini-chat", "settings": settings.as_json()})
    prepare(folder)
    vault = Vault(folder.vault)
    for split in ("dev", "sealed"):
        nothing = np.zeros(len(vault.part(split, 0).test))  # type: ignore[index]
        vault.store_reference("floor", split, 0, nothing, key="f" * 64)  # type: ignore[arg-type]

    References(folder).remove_foreign()  # as at every start of a lab
    assert vault.reference("floor", "dev", 0) is None
    assert vault.reference("floor", "sealed", 0) is None
    assert folder.vault.stat().st_mode & 0o077 == 0
    table(
        "poisoned_floor", ended="removed, and made again", by="content keys, and a vault of the scorer's own"
    )
