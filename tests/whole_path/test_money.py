"""A whole run that money ends: what it cost is the sum of its calls to the cent, a call that was cut off included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import spender
from installed import install

from aar import database, ledger
from aar.database import charges, spending
from aar.database.charges import ChargeKind
from aar.folder import LabFolder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

CALL, CUT_OFF = 0.2, 1.1
"""US dollars of a call of the spender, and of one at its estimate."""


def aar(packages: Path, *arguments: str) -> tuple[int, list[str]]:
    search = os.pathsep.join([str(packages), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "aar.cli", "run", *arguments, "--json"]
    result = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": search}, capture_output=True, text=True, check=False
    )
    print(result.stderr, file=sys.stderr)
    return result.returncode, result.stdout.splitlines()


def test_a_run_that_money_ends_says_so_counts_to_the_cent_and_goes_on_with_more(tmp_path: Path) -> None:
    source = Path(spender.__file__).read_text()
    packages = install(
        tmp_path / "packages",
        "spender",
        source,
        points={"aar.runtimes": {"spender": "spender:Spender"}},
    )
    given = (
        "--runtime",
        "spender",
        "--model",
        "nobody/model",
        "--price",
        spender.PRICE,
        "--researchers",
        "2",
    )
    code, lines = aar(packages, *given, "--budget-usd", "3", "--out", str(tmp_path / "runs"))
    result = json.loads(lines[-1])
    cost = result["cost"]
    assert (code, result["ending"]) == (0, "budget"), lines
    assert (cost["lost_calls"], cost["lost_usd"]) == (1, CUT_OFF)
    assert cost["usd"] == pytest.approx((cost["calls"] - 1) * CALL + CUT_OFF, abs=1e-9)
    assert 3 <= cost["usd"] < 3 + 2 * CALL, "held to within the calls in flight"
    assert any("was used up" in line for line in lines)
    folder = LabFolder(Path(result["run"]))
    assert f"${cost['usd']:,.2f}" in folder.report.read_text()
    code, lines = aar(packages, "--resume", str(folder.path), "--budget-usd", "+1")
    more = json.loads(lines[-1])["cost"]
    assert 4 <= more["usd"] < 4 + 2 * CALL
    store = database.open(folder.storage)
    with store.read() as tx:
        paid = [charge for charge in charges.all(tx) if charge.kind is not ChargeKind.RUN]
        assert sum(charge.nano_usd for charge in paid) == spending.total(tx).nano_usd
        assert len(paid) == more["calls"]
    ledger.Ledger(store).verify(mirror=folder.ledger)
    store.close()
