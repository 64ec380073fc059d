"""Lookup: the same as comparing all rows, one per place, and what holds no numbers left out."""

import numpy as np
import pytest

from napari_simgraph.analysis.lookup import Lookup
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.raster import Image
from napari_simgraph.core.tables import EmbeddingTable


@pytest.fixture
def table():
    image = Image(np.zeros((4, 64, 64), np.uint8))
    grid = grid_over(image, 16, 8)
    values = np.random.default_rng(0).normal(size=(len(grid), 5)).astype(np.float32)
    return EmbeddingTable(grid, values)


def cosines(table, query):
    lengths = np.linalg.norm(table.values, axis=1)
    return table.values @ query / lengths


def test_the_most_similar_rows_in_their_order(table):
    query = table.values[7] / np.linalg.norm(table.values[7])
    found = Lookup(table).best(query, 5, taken=[7], apart=False)
    wanted = cosines(table, query)
    wanted[7] = -2
    np.testing.assert_array_equal(found.rows, np.argsort(-wanted)[:5])
    np.testing.assert_allclose(found.scores, np.sort(wanted)[::-1][:5], rtol=1e-5)


def test_one_row_a_place_and_none_beside_what_was_asked(table):
    query = table.values[30] / np.linalg.norm(table.values[30])
    found = Lookup(table).best(query, 20, taken=[30])
    rows = np.append(found.rows, 30)
    left, right = np.repeat(rows, len(rows)), np.tile(rows, len(rows))
    overlapping = table.grid.overlapping(left, right)
    assert overlapping.sum() == len(rows)  # each with itself only
    # one obvious row after the other, best first, gives the same
    order, kept = np.argsort(-cosines(table, query)), [30]
    for row in order:
        if not table.grid.overlapping(np.full(len(kept), row), np.array(kept)).any():
            kept.append(int(row))
    np.testing.assert_array_equal(found.rows, kept[1:21])


def test_fewer_places_than_asked_for_and_some_rows_only(table):
    lookup = Lookup(table)
    query = np.array([1, 0, 0, 0, 0], np.float32)
    assert len(lookup.best(query, 500).rows) < 4 * 17  # 16 places a section, a few more by luck
    among = table.grid.z == 2
    assert set(table.grid.z[lookup.best(query, 500, among=among, apart=False).rows]) == {2}


def test_rows_without_numbers_are_no_answer(table):
    values = table.values.copy()
    values[3], values[4] = np.nan, 0
    found = Lookup(table.replace(values=values)).best(values[5], 500, apart=False)
    assert not {3, 4} & set(found.rows.tolist())
