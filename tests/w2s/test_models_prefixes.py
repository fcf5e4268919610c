"""Beginnings that texts of a batch share are found, and nothing else is shared."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")


def prefixes(rows):
    from w2s.models.batches import Rows
    from w2s.models.prefixes import Prefixes

    padded = Rows(rows, pad=0, longest=64)
    return Prefixes.of(*padded.take(np.arange(len(rows))))


def beginnings(rows):
    return {tuple(row[: k + 1]) for row in rows for k in range(len(row))}


def test_every_distinct_beginning_is_one_node():
    rows = [[1, 2, 3], [1, 2, 4, 5], [1, 2, 3], [2, 2, 3], [1]]
    found = prefixes(rows)
    assert len(found.tokens) == len(beginnings(rows)) == 8
    node = found.node.view(5, 4)
    for row, nodes in zip(rows, node, strict=True):
        assert found.tokens[nodes[: len(row)]].tolist() == row
        assert found.position[nodes[: len(row)]].tolist() == list(range(len(row)))
    assert node[0, :3].tolist() == node[2, :3].tolist()
    assert node[0, 2] != node[3, 2]


def test_padding_is_not_a_token():
    found = prefixes([[1, 0, 0], [1]])
    assert len(found.tokens) == 3


def test_what_is_spread_over_the_places_is_summed_on_the_way_back():
    found = prefixes([[1, 2, 3], [1, 2], [1]])
    x = torch.arange(3.0)[:, None].requires_grad_(True)
    spread = found.spread(x)
    assert spread.view(3, 3)[:, 0].tolist() == [0.0, 0.0, 0.0]
    spread.sum().backward()
    assert x.grad[:, 0].tolist() == [3.0, 2.0, 1.0]


def test_a_hash_that_collides_shares_nothing_wrongly(monkeypatch):
    from w2s.models import prefixes as of

    monkeypatch.setattr(of, "_MIX", np.uint64(0))
    rows = [[1, 2, 3], [1, 3, 2], [2, 2, 3]]
    found = prefixes(rows)
    for row, nodes in zip(rows, found.node.view(3, 3), strict=True):
        assert found.tokens[nodes].tolist() == row
    assert len(found.tokens) == 9
