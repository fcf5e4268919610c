"""Neighbours: against a search item by item, and the symmetries that pairs must have."""

import numpy as np
import pytest

from w2s.blocks import geometry, neighbours
from w2s.errors import BadTargets


def by_hand(states, k, groups, odd):
    """Mean label of the k nearest for a given y, as a function, from the definition."""
    n = len(states)
    found = []
    for i in range(n):
        others = [
            (np.linalg.norm(states[i] - states[j]), j, False) for j in range(n) if groups[i] != groups[j]
        ]
        if odd:
            others += [
                (np.linalg.norm(states[i] + states[j]), j, True) for j in range(n) if groups[i] != groups[j]
            ]
        found.append([(j, mirrored) for _, j, mirrored in sorted(others)[:k]])
    return found


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("k", [1, 7])
def test_the_neighbours_are_those_of_a_search_item_by_item(k, odd):
    rng = np.random.default_rng(k)
    states, groups = rng.normal(1.0, 1.0, (40, 3)), rng.integers(0, 12, 40)
    near = neighbours.nearest(states, k=k, groups=groups, odd=odd)
    wanted = by_hand(states, k, groups, odd)
    assert [
        list(zip(i, m, strict=True)) for i, m in zip(near.index.tolist(), near.mirrored.tolist(), strict=True)
    ] == wanted
    soft = rng.random(40)
    means = [np.mean([1 - soft[j] if m else soft[j] for j, m in row]) for row in wanted]
    np.testing.assert_allclose(near.mean(soft), means)


def test_more_items_than_are_held_at_once_give_the_same(monkeypatch):
    states = np.random.default_rng(0).normal(size=(50, 4))
    whole = neighbours.nearest(states, k=5).index
    monkeypatch.setattr(neighbours, "_ROWS", 7)
    np.testing.assert_array_equal(neighbours.nearest(states, k=5).index, whole)


def test_an_item_of_the_same_question_is_never_a_neighbour():
    states = np.array([[0.0], [0.1], [9.0], [10.0]])
    near = neighbours.nearest(states, k=2, groups=np.array([0, 0, 1, 2]))
    assert near.index[0].tolist() == [2, 3]
    assert near.index[2].tolist() == [3, 1]


def test_the_order_in_which_a_pair_is_shown_does_not_matter():
    rng = np.random.default_rng(1)
    states, soft = rng.normal(size=(30, 3)), rng.random(30)
    turned = rng.random(30) < 0.5
    plain = neighbours.nearest(states, k=4, odd=True).mean(soft)
    other = neighbours.nearest(np.where(turned[:, None], -states, states), k=4, odd=True)
    flipped = other.mean(np.where(turned, 1 - soft, soft))
    np.testing.assert_allclose(np.where(turned, 1 - flipped, flipped), plain)


def test_with_every_other_item_as_neighbour_the_mean_is_that_of_the_others():
    soft = np.random.default_rng(2).random(9)
    near = neighbours.nearest(np.random.default_rng(3).normal(size=(9, 2)), k=8)
    np.testing.assert_allclose(near.mean(soft), (soft.sum() - soft) / 8)


def test_more_neighbours_than_there_are_outside_the_largest_group_are_refused():
    with pytest.raises(BadTargets, match="4 neighbours wanted; an item of the largest group has 3"):
        neighbours.nearest(np.zeros((5, 2)), k=4, groups=np.array([0, 0, 1, 2, 3]))


def test_among_directions_the_nearest_are_those_of_the_highest_cosine():
    rng = np.random.default_rng(0)
    x, apart = rng.normal(size=(40, 5)), np.arange(40) // 2
    found = neighbours.nearest(geometry.directions(x), k=4, groups=apart)
    y = x - x.mean(axis=0)
    cosine = (y @ y.T) / np.outer(np.linalg.norm(y, axis=1), np.linalg.norm(y, axis=1))
    for i in range(40):
        others = [j for j in range(40) if apart[j] != apart[i]]
        best = sorted(others, key=lambda j: -cosine[i, j])[:4]
        assert found.index[i].tolist() == best
        np.testing.assert_allclose(found.distance[i], 2 - 2 * cosine[i, best], atol=1e-12)
    np.testing.assert_allclose(found.density, -found.distance.mean(axis=1))


def test_neighbours_agree_where_labels_are_of_one_cluster():
    rng = np.random.default_rng(0)
    side = np.repeat([1.0, -1.0], 30)
    x = 5 * side[:, None] + rng.normal(size=(60, 3))
    labels = (side > 0).astype(float)
    labels[0] = 0.0
    share = neighbours.nearest(x, k=10).agreement(labels)
    assert share[0] == 0.0
    assert share[1:30].min() >= 0.9
    assert (share[30:] == 1.0).all()
