"""What every sandbox holds back: the attacks and limits of `tests/aar`, over the provider that `--sandbox` names.

    python -m pytest tests/conformance/test_sandbox.py --sandbox NAME

Run it as root and as another user. Without `--sandbox` the same tests run where they are, over the shipped providers.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aar.sandboxes import SANDBOXES, Profile, uid_for

pytestmark = pytest.mark.usefixtures("packages")

SUITES = ("", "_attacks", "_limits", "_disk", "_workspace")
TESTS = Path(__file__).parents[1] / "aar"


@pytest.mark.parametrize("suite", SUITES)
def test_it_passes_what_the_shipped_providers_pass(suite: str, pytestconfig: pytest.Config) -> None:
    name = pytestconfig.getoption("--sandbox")
    if name is None:
        pytest.skip("tests/aar runs them over the shipped providers; name another with --sandbox")
    check = SANDBOXES.make(name).check()
    assert check.ok, f"{check.detail}; {check.remedy}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(TESTS / f"test_sandboxes{suite}.py")],
        env={**os.environ, "AAR_SANDBOX": name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_sandbox_of_the_page_on_extending_runs_at_the_lowest_priority(
    pytestconfig: pytest.Config,
) -> None:
    if pytestconfig.getoption("--sandbox") not in (None, "nice"):
        pytest.skip("--sandbox names another one")
    provider = SANDBOXES.make("nice")
    check = provider.check()
    if not check.ok:
        pytest.skip(f"{check.detail}; {check.remedy}")
    code = "import os; print(os.nice(0))"
    with provider.start(
        [sys.executable, "-c", code], Profile(uid=uid_for("nice")), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b"19\n"
