"""Tables and the graph: rows, joining, what does not fit."""

import numpy as np
import pytest

from napari_simgraph.core.graph import Edges, SimilarityGraph, edges_of
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.tables import EmbeddingTable, PatchTable, ScoreTable, join


@pytest.fixture
def table():
    images = ImageSet(
        tuple(Image(np.full((16, 16), n, np.uint8), name=f"i{n}") for n in range(3)),
        ("a", "b", "a"),
    )
    grid = grid_over(images, 8, 8)
    values = np.random.default_rng(0).normal(size=(len(grid), 4)).astype(np.float32)
    return EmbeddingTable(grid, values, columns={"cluster": np.arange(len(grid))})


def test_rows_are_taken_with_all_that_stands_beside_them(table):
    some = table.take([4, 1])
    assert np.array_equal(some.values, table.values[[4, 1]])
    assert some.columns["cluster"].tolist() == [4, 1]
    assert some.fingerprint != table.fingerprint


def test_tables_join_by_patch(table):
    other = ScoreTable(table.grid.take([7, 2, 9]), np.array([0.7, 0.2, 0.9], np.float32))
    left, right = join(table, other)
    assert left.tolist() == [2, 7, 9]
    assert right.tolist() == [1, 0, 2]
    assert np.array_equal(table.patch_id[left], other.patch_id[right])


def test_tables_without_a_common_patch_are_told_apart(table):
    elsewhere = PatchTable(grid_over(Image(np.zeros((16, 16), np.uint8)), 4, 4))
    with pytest.raises(ValueError, match="share no patch"):
        join(table, elsewhere)


def test_classes_come_from_images_or_a_column(table):
    assert table.classes()[[0, 4, 8]].tolist() == ["a", "b", "a"]
    named = table.with_column("class", ["x"] * len(table))
    assert set(named.classes()) == {"x"}


def test_a_column_of_another_length_is_refused(table):
    with pytest.raises(ValueError, match="'short' has 2 values"):
        table.with_column("short", [1, 2])
    with pytest.raises(ValueError, match="'values' has 12 values but there are 2"):
        table.replace(grid=table.grid.take([0, 1]), columns={})


def test_edges_are_sorted_and_each_is_there_once():
    edges = edges_of(
        np.array([2, 0, 0, 2]),
        np.array([1, 2, 1, 1]),
        np.array([0.5, 0.9, 0.1, 0.7], np.float32),
        3,
    )
    assert edges.starts.tolist() == [0, 2, 2, 3]
    assert edges.ends.tolist() == [1, 2, 1]
    assert edges.weights.tolist() == pytest.approx([0.1, 0.9, 0.7])
    assert edges.row(0)[0].tolist() == [2, 1]
    assert edges.begins().tolist() == [0, 0, 2]


def test_a_graph_of_another_table_is_refused(table):
    edges = edges_of(np.array([0]), np.array([1]), np.array([1], np.float32), 3)
    with pytest.raises(ValueError, match="another table"):
        SimilarityGraph(table, {"similarity": edges})
    zero = Edges(np.array([0] * 12 + [1]), np.array([1], np.int32), np.zeros(1, np.float32))
    with pytest.raises(ValueError, match="not above zero"):
        SimilarityGraph(table, {"similarity": zero})


def test_edges_know_what_they_span(table):
    begins, ends = np.array([0, 0, 1]), np.array([1, 5, 2])
    edges = edges_of(begins, ends, np.ones(3, np.float32), len(table))
    graph = SimilarityGraph(table, {"similarity": edges})
    assert graph.span().tolist() == [0, 2, 0]
