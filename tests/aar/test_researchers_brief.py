"""What a researcher is told at the start is what its study tells it later."""

from __future__ import annotations

import re

from aar.researchers.brief import compose
from w2s import blocks


def test_the_brief_promises_numbers_only_where_the_study_tells_them() -> None:
    ladder, noisy, exact = (compose({"feedback": feedback}) for feedback in ("ladder", "noisy", "exact"))
    assert "You will not be told numbers" in ladder
    assert "`score`" not in ladder
    assert "on a random half of the scored items" in noisy
    assert "the accuracy on the scored items, exactly" in exact
    assert "You will not be told numbers" not in noisy + exact


def test_the_brief_says_what_becomes_of_the_same_code_again() -> None:
    assert "is answered as before, and counts against your budget" in compose({})


def test_the_brief_has_a_line_on_each_building_block() -> None:
    missing = sorted(set(blocks.names()) - set(re.findall(r"`w2s\.(\w+)`", compose({}))))
    assert not missing, f"src/aar/researchers/brief/blocks.md lacks: {', '.join(missing)}"
