"""What changed between two versions: counted by hand on a small drawing."""

import numpy as np
import pytest

from napari_simgraph import ClassTable, Labels, run
from napari_simgraph.analysis.changes import changes

TABLE = ClassTable.of(["cell"])


def objects(rows):
    values = np.array([[int(c) for c in row] for row in rows], np.uint16).repeat(4, 0).repeat(4, 1)
    kinds = [0] + [1] * int(values.max())
    told = {"classes": TABLE, "meaning": "objects", "object_classes": kinds}
    return Labels(np.stack([values, values]), **told)


BEFORE = objects(["1123", "1123", "4444"])


def test_nothing_changed_though_numbers_did():
    same = objects(["3321", "3321", "5555"])
    assert run(changes(BEFORE, same)) == (0.0, 0, 0)


def test_objects_that_were_joined_and_split():
    joined = objects(["1122", "1122", "4444"])  # 2 and 3 are one now
    assert run(changes(BEFORE, joined))[1:] == (2, 0)
    split = objects(["1123", "1123", "4455"])
    found = run(changes(BEFORE, split))
    assert found[1:] == (0, 2)
    assert found.pixels == pytest.approx(2 / 12)
    assert found.text() == "16.7 % of pixels changed, 0 objects joined, 2 split."


def test_classes_count_pixels():
    one = np.ones((10, 10), np.uint8)
    other = one.copy()
    other[0, :3] = 2
    table = ClassTable.of(["a", "b"])
    found = run(changes(Labels(one, classes=table), Labels(other, classes=table)))
    assert found.text() == "3.0 % of pixels changed."


def test_other_shapes_are_told():
    small = Labels(np.ones((4, 4), np.uint8), classes=TABLE)
    with pytest.raises(ValueError, match="shapes"):
        run(changes(small, Labels(np.ones((5, 4), np.uint8), classes=TABLE)))
