"""Objects of whole stacks: blocks leave no seam, links keep their number."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_simgraph.analysis import instances
from napari_simgraph.analysis.instances import Instances, Reading
from napari_simgraph.analysis.parting import Parting, part
from napari_simgraph.core.classes import ClassTable

WALLS = ClassTable.of(["membrane", "cell"])


def fill(chances, how, through=True):
    """Object numbers and classes of a stack ``(Z, Y, X, K)``."""
    last = () if how.exclusive else (how.planes,)
    out = np.zeros(chances.shape[:3] + last, np.uint32)
    made = Instances(out, chances.shape[1:3], how, through)
    for z in range(len(chances)):
        reading = Reading(lambda rows, columns, z=z: chances[z, rows, columns])
        for step in made.steps(z, reading):
            step()
    return out, made.kinds


def walls(cell):
    """Probabilities (Y, X, 2) of a drawing, True inside cells."""
    chance = gaussian_filter(cell.astype(np.float32), 0.7)
    return np.stack([1 - chance, chance], -1)


def honeycomb(rows, columns, size=40):
    """Rooms of size x size with walls of 4 pixels."""
    cell = np.ones((rows * size, columns * size), bool)
    for start in range(0, cell.shape[0], size):
        cell[start : start + 4] = False
    for start in range(0, cell.shape[1], size):
        cell[:, start : start + 4] = False
    return cell


def same_parts(one, other):
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    return pairs.shape[1] == len(np.unique(one)) == len(np.unique(other))


def test_cells_are_told_apart_by_their_walls():
    cell = honeycomb(3, 4)
    out, kinds = fill(walls(cell)[None], Parting(WALLS, boundary=1))
    inner = out[0][cell]
    assert len(np.unique(inner)) >= 12
    assert set(kinds[1:]) == {2}
    for y in range(3):
        for x in range(4):
            room = out[0, y * 40 + 8 : y * 40 + 36, x * 40 + 8 : x * 40 + 36]
            assert len(np.unique(room)) == 1


@pytest.mark.parametrize("edge", [50, 64, 100])
def test_blocks_give_the_same_objects_as_the_whole(edge, monkeypatch):
    rng = np.random.default_rng(1)
    field = gaussian_filter(rng.normal(size=(230, 210)), 7)
    chance = np.exp(-((field / field.std()) ** 2) * 8).astype(np.float32)
    chances = np.stack([chance, 1 - chance], -1)[None]
    how = Parting(WALLS, boundary=1, threshold=0.5)
    whole, _ = fill(chances, how)
    monkeypatch.setattr(instances, "_EDGE", edge)
    monkeypatch.setattr(instances, "_HALO", 48)
    blocks, _ = fill(chances, how)
    inside = (whole > 0) & (blocks > 0)
    assert inside.mean() > 0.97 * (whole > 0).mean()
    agree = [np.bincount(blocks[inside & (whole == n)]).max() for n in np.unique(whole)[1:]]
    assert sum(agree) > 0.97 * inside.sum()


@pytest.mark.parametrize("edge", [100, 128])
@pytest.mark.parametrize("kind", ["bar", "disc", "ring", "blobs", "grains"])
def test_an_object_that_lies_in_many_blocks_has_one_number(kind, edge, monkeypatch):
    """Larger than a block or cut by its edge: the very objects of the whole section."""
    y, x = np.mgrid[:300, :380]
    rng = np.random.default_rng(0)
    blur = {"blobs": 18, "grains": 5}.get(kind, 1)
    field = gaussian_filter(rng.normal(size=y.shape), blur)
    away = np.hypot(y - 150, x - 190)
    mask = {
        "bar": (np.abs(y - 150) < 60) & (x > 20) & (x < 360),
        "disc": away < 130,
        "ring": np.abs(away - 110) < 25,
    }.get(kind, field > 0.7 * field.std())
    chances = np.eye(2, dtype=np.float32)[mask.astype(int)][None]
    how = Parting(ClassTable.of(["background", "thing"]))
    whole, kinds = fill(chances, how)
    monkeypatch.setattr(instances, "_EDGE", edge)
    monkeypatch.setattr(instances, "_HALO", 48)
    blocks, again = fill(chances, how)
    assert same_parts(whole, blocks)
    assert np.array_equal(whole > 0, blocks > 0)
    assert kinds.tolist() == again.tolist()
    assert len(kinds) == 2 or kind in ("blobs", "grains")


def test_one_number_through_the_stack_and_a_number_a_section():
    cell = honeycomb(2, 3)
    moved = [np.roll(cell, shift, (0, 1)) for shift in (0, 5, 10)]
    stack = np.stack([walls(one) for one in moved])
    how = Parting(WALLS, boundary=1, smallest=200)
    linked, kinds = fill(stack, how)
    middle = [int(linked[z, 20 + 5 * z, 60 + 5 * z]) for z in range(3)]
    assert len(set(middle)) == 1
    assert kinds[middle[0]] == 2
    single, kinds = fill(stack, how, through=False)
    sets = [set(np.unique(section)) - {0} for section in single]
    assert not sets[0] & sets[1]
    assert len(kinds) == single.max() + 1


def test_objects_of_each_class_where_nothing_bounds_them():
    values = np.zeros((60, 90), int)
    y, x = np.mgrid[:60, :90]
    values[(y - 30) ** 2 + (x - 20) ** 2 < 144] = 1
    values[(y - 30) ** 2 + (x - 41) ** 2 < 144] = 1  # touches the first
    values[10:50, 65:85] = 2
    table = ClassTable.of(["background", "disc", "box"])
    out, kinds = fill(np.eye(3, dtype=np.float32)[values][None], Parting(table))
    assert kinds.tolist() == [0, 2, 2, 3]
    assert ((out[0] > 0) == (values > 0)).all()
    assert len({out[0, 30, 12], out[0, 30, 49]}) == 2


def test_overlapping_classes_have_objects_each():
    """A box of mitochondrion lies in a cell: both are objects, with numbers of their own."""
    cell = honeycomb(1, 2)
    chances = np.zeros((*cell.shape, 2), np.float32)
    chances[..., 0] = walls(cell)[..., 0]
    chances[10:30, 10:20, 1] = 0.9
    table = ClassTable.of(["membrane", "mitochondrion"])
    how = Parting(table, exclusive=False, boundary=1)
    out, kinds = fill(chances[None], how)
    cells, mitochondria = np.moveaxis(out[0], -1, 0)
    assert set(np.unique(mitochondria)) == {0, mitochondria[20, 15]}
    assert cells[20, 15] not in {0, mitochondria[20, 15]}
    assert kinds[cells[20, 15]] == 1
    assert kinds[mitochondria[20, 15]] == 2


def test_the_class_of_a_cell_is_the_one_that_fills_it():
    cell = honeycomb(1, 2)
    table = ClassTable.of(["membrane", "glia", "neurite", "outside"])
    chances = np.zeros((*cell.shape, 4), np.float32)
    chances[..., 0] = walls(cell)[..., 0]
    chances[:, :42, 1] = chances[:, 42:, 3] = 1
    chances[..., 1:] *= walls(cell)[..., 1:]
    parted = part(chances, 0, Parting(table, boundary=1))
    left, right = parted.objects[20, 20], parted.objects[20, 62]
    assert parted.amounts[left].argmax() == 1
    assert right == 0  # what lies outside is no object
