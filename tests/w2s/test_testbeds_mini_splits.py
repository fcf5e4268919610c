"""What the shared making of splits asks of a domain and gives it, whatever the items are about."""

import pytest

from w2s.testbeds.mini.splits import SPLIT_WORLDS, ItemDraw, NewItem, generate, rng

SEED = bytes(range(16))


def rows(draw, chance):
    subsets = ["ood"] * draw.ood + ["id"] * (draw.n - draw.ood)
    return [
        NewItem(
            {"question": f"{draw.split} {draw.role} {i}", "choice": "1"},
            f"{i}",
            chance.randrange(2),
            "1",
            one,
        )
        for i, one in enumerate(subsets)
    ]


def test_a_domain_is_asked_for_every_part_once_with_the_world_it_is_about():
    asked = []

    def noted(draw, chance):
        asked.append((draw.world, draw.split, draw.role, draw.n, draw.ood))
        return rows(draw, chance)

    worlds = {"practice": ("north",), "dev": ("north", "west"), "sealed": ("south",)}
    generate(SEED, noted, kind="verification", worlds=worlds)
    assert asked == [
        ("north", "practice", "unlabelled", 200, 0),
        ("north", "practice", "test", 100, 0),
        ("north", "dev", "labelled", 800, 0),
        ("north", "dev", "unlabelled", 1080, 0),
        ("north", "dev", "test", 1000, 0),
        ("west", "dev", "labelled", 800, 0),
        ("west", "dev", "unlabelled", 1080, 0),
        ("west", "dev", "test", 1000, 0),
        ("south", "sealed", "labelled", 800, 0),
        ("south", "sealed", "unlabelled", 1080, 0),
        ("south", "sealed", "test", 1000, 500),
    ]


def test_a_split_has_one_part_a_world_in_the_order_of_its_worlds():
    splits, _ = generate(SEED, rows, kind="verification")
    assert {name: tuple(part.world for part in parts) for name, parts in splits.items()} == SPLIT_WORLDS
    assert not set(SPLIT_WORLDS["dev"]) & set(SPLIT_WORLDS["sealed"])


def test_the_items_of_a_world_do_not_depend_on_the_other_worlds():
    every, _ = generate(SEED, rows, kind="verification")
    worlds = {"practice": ("north",), "dev": ("coast",), "sealed": ("valley", "south")}
    few, _ = generate(SEED, rows, kind="verification", worlds=worlds)
    assert few["dev"][0] == every["dev"][2]
    assert few["sealed"] == (every["sealed"][1], every["sealed"][0])


def test_an_example_holds_its_row_in_shuffled_order_and_the_truth_its_label():
    splits, truth = generate(SEED, rows, kind="verification")
    draw = ItemDraw(SEED, "sealed", "south", "test", n=1000, ood=500)
    wanted = {row.fields["question"]: row for row in rows(draw, rng(SEED, "sealed", "south", "test"))}
    test = splits["sealed"][0].test
    assert [e.fields["question"] for e in test] != list(wanted)
    assert {e.fields["question"] for e in test} == set(wanted)
    for example in test:
        row = wanted[example.fields["question"]]
        made = (example.fields, example.group, truth[example.id], example.answer, example.subset)
        assert made == (row.fields, row.group, row.label, row.answer, row.subset)
        assert example.kind == "verification"


def test_other_names_for_the_roles_of_practice_change_practice_alone():
    plain, _ = generate(SEED, rows, kind="verification")
    named, _ = generate(SEED, rows, kind="verification", practice_roles=("easy", "easy test"))
    assert (named["dev"], named["sealed"]) == (plain["dev"], plain["sealed"])
    assert not {e.id for e in named["practice"][0].test} & {e.id for e in plain["practice"][0].test}


def test_a_domain_that_runs_out_of_items_is_refused():
    with pytest.raises(ValueError, match=r"dev north unlabelled: 1000 rows, .* instead of 1080 and 0"):
        generate(SEED, lambda draw, chance: rows(draw, chance)[:1000], kind="verification")


def test_too_few_items_out_of_distribution_are_refused():
    def familiar(draw, chance):
        return rows(ItemDraw(draw.seed, draw.split, draw.world, draw.role, n=draw.n), chance)

    with pytest.raises(
        ValueError, match=r"sealed south test: 1000 rows, 0 of them .* instead of 1000 and 500"
    ):
        generate(SEED, familiar, kind="verification")
