"""Requests that Schemathesis makes from the lab's own description: no server error, and every answer as described."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from queue_lab import open_lab
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from aar.api import rates
from aar.api.app import create_app
from aar.database import researchers
from aar.database.tokens import Access
from aar.lab.inviting import invite
from aar.lab.news import News
from aar.scoring.truth.preparation import write_public_facts
from w2s.testbeds import generate, load

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("role", ["researcher", "person", "viewer", "operator", "nobody"])
def test_no_request_that_the_description_allows_breaks_the_lab(
    role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "AT_ONCE", 1e9)
    lab = open_lab(tmp_path, "r1", guests=1)
    testbed = load(lab.settings.testbed)
    lab.folder.practice.mkdir(exist_ok=True)
    write_public_facts(lab.folder, testbed, generate(testbed, item_seed=bytes(16))[0])
    token = {"operator": "people", "nobody": "x"}.get(role, "")
    with lab.database.write() as tx:
        researchers.add(tx, researchers.OPERATOR)
        if not token:
            token = invite(tx, lab.settings, "ada", Access(role)).text
    app = create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    cases = st.one_of(*(found.ok().as_strategy() for found in schema.get_all_operations()))

    @settings(
        max_examples=150, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases)
    def ask(case: schemathesis.Case) -> None:
        case.query.pop("wait", None)  # a request that hangs is not what is asked here
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)

    ask()
    lab.database.close()
