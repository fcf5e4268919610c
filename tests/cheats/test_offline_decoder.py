"""Would: brings a decoder of hidden states along that was fitted at home, with the truth, on the published checkpoint.

A basis that is drawn for each run makes a table of directions worthless. It does not close the road: whoever looks for
the basis finds it (by principal axes, by states of texts that are recognised), and log-odds are in no basis. Figures
for all testbeds: `python benchmarks/decoder.py` and docs/security.md.
"""

from __future__ import annotations

import base64

import numpy as np
import offline_decoder
import pytest
from offline_decoder import Seen, decoder

from w2s import testbeds
from w2s.bounds import SUBMISSION_BYTES

LAYER, ITEMS = 4, 300
SECRET = b"secret of a lab!"


@pytest.fixture(scope="module")
def home() -> list[Seen]:
    return offline_decoder.at_home(testbeds.load("mini-math"), seeds=[1, 2], layer=LAYER, n=ITEMS)


@pytest.fixture(scope="module")
def lab() -> Seen:
    return offline_decoder.seen_of(testbeds.load("mini-math"), SECRET, layer=LAYER, n=ITEMS)[0]


@pytest.fixture(scope="module")
def open_lab() -> Seen:
    with offline_decoder.unrotated():
        return offline_decoder.seen_of(testbeds.load("mini-math"), SECRET, layer=LAYER, n=ITEMS)[0]


def test_the_cheat_works_where_states_are_in_the_models_own_basis(home, open_lab, table) -> None:
    brought = decoder(home)
    table("offline_decoder", without=f"accuracy {brought.accuracy(open_lab):.2f} on unseen sealed items")
    assert brought.accuracy(open_lab) > 0.75
    as_text = base64.b85encode(brought.direction.astype(np.float16).tobytes())
    assert len(as_text) < SUBMISSION_BYTES / 16


def test_a_table_of_directions_fits_no_run(home, open_lab, lab, table) -> None:
    brought = decoder(home)
    runs = offline_decoder.in_drawn_bases(brought, open_lab, draws=64)
    sought = brought.in_basis(offline_decoder.principal(home, lab)).accuracy(lab)
    table(
        "offline_decoder",
        ended=f"accuracy {runs.mean():.2f} over 64 runs",
        by="a secret basis for each run",
        figure=f"{sought:.2f} where the basis is sought by principal axes: not closed",
    )
    assert abs(runs.mean() - 0.5) < 0.15
    assert np.abs(lab.states - open_lab.states).max() > 0.1 * np.abs(open_lab.states).max()


def test_what_no_basis_changes_is_the_same_on_both_sides(open_lab, lab) -> None:
    """Why the road stays open: distances name the items, and moments name the axes."""
    np.testing.assert_allclose(lab.scalars, open_lab.scalars, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(
        lab.states @ lab.states.T, open_lab.states @ open_lab.states.T, rtol=1e-3, atol=0.1
    )
