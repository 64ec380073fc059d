"""Suspects: a merge and a split that were made on purpose are found first."""

import numpy as np
import pytest

from napari_simgraph import Image, Labels, MemoryRoom, run
from napari_simgraph.capabilities import objects

EDGE, CELL = 160, 20
PLACE = {"spacing": (50.0, 4.0, 4.0), "unit": "nm"}


def cells(depth=3):
    """A grid of cells with walls 3 px wide, the same in each section."""
    numbers = np.zeros((EDGE, EDGE), np.uint32)
    for row in range(EDGE // CELL):
        for column in range(EDGE // CELL):
            y, x = row * CELL, column * CELL
            numbers[y + 2 : y + CELL - 1, x + 2 : x + CELL - 1] = row * 8 + column + 1
    return np.repeat(numbers[None], depth, 0)


def blurred_walls(numbers, seed=0):
    noise = np.random.default_rng(seed).normal(0, 0.06, numbers.shape)
    return np.clip(np.where(numbers == 0, 0.85, 0.1) + noise, 0, 1).astype(np.float32)


@pytest.fixture
def mistaken():
    """Cells 10 and 11 are one object in section 1, cell 30 is two in section 2."""
    true = cells()
    wrong = true.copy()
    wrong[1][true[1] == 11] = 10
    wrong[2, :, : 5 * CELL + 10][true[2, :, : 5 * CELL + 10] == 30] = 99
    return wrong, blurred_walls(true)


def find(wrong, image, **settings):
    labels = Labels(wrong, meaning="objects", **PLACE)
    config = objects.Suspects(**settings)
    return run(objects.suspects(labels, image, config=config, room=MemoryRoom()))


def test_what_was_merged_and_what_was_split_comes_first(mistaken):
    wrong, walls = mistaken
    table = find(wrong, Image(walls, "ZYX", **PLACE), most=10)
    assert len(table) == 10
    first = {key: values[0] for key, values in table.columns.items()}
    second = {key: values[1] for key, values in table.columns.items()}
    found = {row["kind"]: row for row in (first, second)}
    merged, split = found["looks merged"], found["looks split"]
    assert (merged["object"], merged["other"], merged["section"]) == (10, 0, 1)
    assert CELL <= merged["y"] < 2 * CELL
    assert abs(merged["x"] - 2 * CELL) <= 2
    assert {split["object"], split["other"]} == {30, 99}
    assert split["section"] == 2
    assert min(merged["probability"], split["probability"]) > 0.5 > table["probability"][2]


def test_walls_are_learned_from_a_picture(mistaken):
    wrong, walls = mistaken
    grey = (200 - 150 * walls).astype(np.uint8)
    table = find(wrong, Image(grey, "ZYX", **PLACE), most=2, smallest=30 * 16e-6)  # 30 px
    assert {int(n) for n in table["object"]} | {int(n) for n in table["other"]} == {0, 10, 30, 99}


def test_channels_of_a_map_are_named_or_numbered(mistaken):
    wrong, walls = mistaken
    both = Image(np.stack([1 - walls, walls], -1), "ZYXC", **PLACE)
    with pytest.raises(ValueError, match="--boundary 1"):
        find(wrong, both)
    assert find(wrong, both, boundary="2", most=2)["probability"].min() > 0.5
    with pytest.raises(ValueError, match="differ in size"):
        find(wrong[:2], both, boundary="2")


def test_objects_without_borders_have_nothing_to_learn_from():
    one = np.ones((2, 40, 40), np.uint32)
    with pytest.raises(ValueError, match="no borders"):
        find(one, Image(np.zeros((2, 40, 40), np.uint8), "ZYX", **PLACE))
    assert len(find(one, Image(np.zeros((2, 40, 40), np.float32), "ZYX", **PLACE))) == 0
