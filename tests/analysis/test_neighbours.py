"""Neighbours, the index, clusters, maps: held against slow, obvious versions."""

import numpy as np
import pytest

from napari_simgraph.analysis.beside import beside
from napari_simgraph.analysis.clusters import communities, exemplars, k_means
from napari_simgraph.analysis.edge_kinds import class_shares, edge_kinds, shares
from napari_simgraph.analysis.index import approximate, build_index
from napari_simgraph.analysis.map2d import pca
from napari_simgraph.analysis.neighbours import (
    Found,
    apart,
    as_edges,
    exact,
    nearest,
    overlaps,
    unit,
)
from napari_simgraph.analysis.retrieval import agreement, answers, report
from napari_simgraph.analysis.select import largest
from napari_simgraph.analysis.spawned import wait
from napari_simgraph.analysis.tissue import tissue
from napari_simgraph.core.job import run
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.tables import EmbeddingTable


def blobs(n=600, groups=6, seed=0):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n)
    middles = rng.normal(size=(groups, 16))
    return unit(middles[group] + 0.3 * rng.normal(size=(n, 16))), group


def slow(points, k):
    similarity = points @ points.T
    np.fill_diagonal(similarity, -np.inf)
    return np.argsort(-similarity, axis=1)[:, :k]


@pytest.mark.parametrize("width", [5, 40, 1000, 5003])
def test_the_largest_of_a_row_are_found_exactly(width):
    values = np.random.default_rng(width).normal(size=(20, width)).astype(np.float32)
    found = largest(values, 11)
    assert np.array_equal(found.values, -np.sort(-values, axis=1)[:, :11])
    assert np.array_equal(np.take_along_axis(values, found.columns, 1), found.values)


def test_neighbours_are_the_most_similar_others():
    points, _ = blobs()
    found = run(exact(points, 7))
    assert np.array_equal(found.rows, slow(points, 7))
    some = run(exact(points, 7, np.array([5, 99])))
    assert np.array_equal(some.rows, found.rows[[5, 99]])
    assert nearest(points, points[3], 1).rows.tolist() == [[3]]


def test_fewer_rows_than_neighbours_leave_places_empty():
    found = run(exact(blobs(4)[0], 10))
    assert (found.rows[:, 3:] == -1).all()
    assert len(as_edges(found).ends) == 12


def test_the_index_finds_nearly_all_neighbours():
    points, _ = blobs(4000, 40)
    index = run(build_index(points))
    found = run(approximate(index, 10))
    true = slow(points, 10)
    hits = [len(set(a) & set(b)) for a, b in zip(found.rows.tolist(), true.tolist(), strict=True)]
    assert np.mean(hits) / 10 > 0.97
    assert not (found.rows == np.arange(4000)[:, None]).any()
    assert all(len(set(row)) == 10 for row in found.rows.tolist())
    again = run(approximate(run(build_index(points)), 10))
    assert np.array_equal(found.rows, again.rows)


def test_overlapping_patches_are_left_out():
    grid = grid_over(Image(np.zeros((64, 64), np.uint8)), 16, 8)
    points = unit(np.random.default_rng(0).normal(size=(len(grid), 8)))
    found = apart(run(exact(points, 5 + overlaps(grid))), grid, 5)
    left = np.repeat(np.arange(len(grid)), 5)
    assert (found.rows >= 0).all()
    assert not grid.overlapping(left, found.rows.ravel().astype(np.intp)).any()


def test_union_and_mutual_edges():
    rows = np.array([[1], [0], [0]], np.int32)
    found = Found(rows, np.array([[0.9], [0.9], [-0.5]], np.float32))
    union, mutual = as_edges(found), as_edges(found, "mutual")
    assert union.ends.tolist() == [1, 2, 0, 0]
    assert mutual.ends.tolist() == [1, 0]
    assert (union.weights > 0).all()


def test_clusters_are_the_groups():
    points, group = blobs()
    found = run(k_means(points, 6, seed=1))
    assert len({(a, b) for a, b in zip(group.tolist(), found.tolist(), strict=True)}) == 6
    assert (np.diff(np.bincount(found)) <= 0).all()
    assert all((group[rows] == group[rows[0]]).all() for rows in exemplars(points, found).values())


def test_of_several_tries_the_best_clusters_are_taken():
    points, group = blobs(groups=9)

    def found_all(seed, tries):
        found = run(k_means(points, 9, seed, tries))
        return len(set(zip(group.tolist(), found.tolist(), strict=True))) == 9

    assert not all(found_all(seed, 1) for seed in range(8))
    assert all(found_all(seed, 8) for seed in range(8))


def test_communities_are_the_groups_also_in_a_process_of_their_own():
    points, group = blobs()
    edges = as_edges(run(exact(points, 10)))
    found = run(wait(communities, edges, 0.5, 0, text="looking"))
    assert np.array_equal(found, communities(edges, 0.5, 0))
    assert all(len(np.unique(group[found == number])) == 1 for number in np.unique(found))


def test_what_goes_wrong_in_another_process_is_told():
    table = EmbeddingTable(grid_over(Image(np.zeros((8, 8))), 8, 8), np.zeros((1, 2), "f4"))
    with pytest.raises(ValueError, match="no classes"):
        run(wait(agreement, table, None, 1, text="looking"))
    job = wait(communities, as_edges(run(exact(blobs()[0], 10))), 1.0, 0, text="looking")
    next(job)
    job.close()


def test_what_lies_side_by_side_is_joined():
    grid = grid_over(Image(np.zeros((2, 32, 48), np.uint8)), 16, 16)
    edges = beside(grid)
    assert len(grid) == 12
    assert edges.row(0)[0].tolist() == [1, 3, 6]
    some = grid.take([0, 2, 3])
    assert beside(some).ends.tolist() == [2, 0]


def test_pca_turns_points_to_where_they_differ_most():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(500, 8)) * np.array([1, 5, 1, 1, 9, 1, 1, 1])
    plane = pca(points.astype(np.float32))
    assert abs(np.corrcoef(plane[:, 0], points[:, 4])[0, 1]) > 0.99
    assert abs(np.corrcoef(plane[:, 1], points[:, 1])[0, 1]) > 0.99
    assert pca(np.ones((3, 1), np.float32)).shape == (3, 2)


def test_agreement_is_what_counting_gives():
    points, group = blobs(60, 3)
    images = ImageSet(
        tuple(Image(np.full((8, 8), n, np.uint8)) for n in range(60)), tuple(map(str, group))
    )
    table = EmbeddingTable(grid_over(images, 8, 8), points)
    found = agreement(table, None, 5)
    order = slow(points, 59)
    same = group[order] == group[:, None]
    average = [(s.cumsum() / np.arange(1, 60))[s].mean() for s in same]
    assert found["precision_at_5"] == pytest.approx(same[:, :5].mean())
    assert found["map"] == pytest.approx(np.mean(average))


def test_glass_and_filled_in_borders_are_background():
    slide = np.full((64, 64, 3), 245, np.uint8)
    slide[:32] = (180, 90, 160)
    grid = grid_over(Image(slide, axes="YXC"), 16, 16)
    assert tissue([Image(slide, axes="YXC")], grid).tolist() == [True] * 8 + [False] * 8
    stack = np.full((2, 64, 64), 100, np.uint8)
    stack[1, :, 32:] = 0
    grid = grid_over(Image(stack), 16, 16)
    shown = tissue([Image(stack)], grid)
    assert shown[:16].all()
    assert np.array_equal(shown[16:], grid.x[16:] < 32)
    empty = Image(np.zeros((32, 32), np.uint8))
    assert tissue([empty], grid_over(empty, 16, 16)).all()


def test_a_table_is_reported_beside_plain_features_and_overlaps_don_t_count():
    grid = grid_over(Image(np.zeros((64, 64), np.uint8)), 16, 8)
    kind = np.where(grid.x < 24, "left", "right")
    rng = np.random.default_rng(0)
    well = np.where(kind == "left", 1, -1)[:, None] + 0.1 * rng.normal(size=(len(grid), 4))
    beside = {"pixels": rng.normal(size=(len(grid), 4)).astype("f4")}
    table = EmbeddingTable(grid, well.astype("f4"), beside=beside, columns={"class": kind})
    found = report(table, None, 3)
    assert found["accuracy"] == 1
    assert found["map"] > 0.99
    assert found["map_pixels"] < 0.8
    assert {"rank", "spread", "hubness", "rank_pixels"} <= set(found)
    one = next(answers(table, None))
    lies = grid.overlapping(np.zeros(len(grid), int), np.arange(len(grid)))
    assert np.isfinite(one.similarity[0]).sum() == (~lies).sum()
    bare = report(table.replace(columns={}), None, 3)
    assert "accuracy" not in bare
    assert bare["rank"] < 4


@pytest.mark.parametrize("values", [2**28, 2**12])
def test_a_device_finds_the_same_neighbours(values, monkeypatch):
    import torch

    from napari_simgraph.learn import near
    from napari_simgraph.learn.aside import Aside

    monkeypatch.setattr(near, "_VALUES", values)
    points, _ = blobs()
    aside = Aside()
    try:
        found = run(near.exact_on(points, 7, torch.device("cpu"), aside))
        few = run(near.exact_on(points[:4], 7, torch.device("cpu"), aside))
    finally:
        aside.close()
    assert np.array_equal(found.rows, slow(points, 7))
    assert (few.rows[:, 3:] == -1).all()


def test_blocks_get_smaller_where_a_device_is_short_of_memory(monkeypatch):
    import torch

    from napari_simgraph.learn import near
    from napari_simgraph.learn.aside import Aside

    points, _ = blobs()
    block, sizes = near._block, []

    def short(known, part, found):
        sizes.append(part.stop - part.start)
        if sizes[-1] > 100:
            raise torch.OutOfMemoryError("CUDA out of memory")
        block(known, part, found)

    monkeypatch.setattr(near, "_block", short)
    aside = Aside()
    try:
        found = run(near.exact_on(points, 7, torch.device("cpu"), aside))
    finally:
        aside.close()
    assert max(sizes) > 100 > min(sizes)
    assert np.array_equal(found.rows, slow(points, 7))


def test_edges_are_told_by_where_they_lead():
    stack, flat = Image(np.zeros((2, 8, 8), np.uint8)), Image(np.ones((8, 8), np.uint8))
    grid = grid_over(ImageSet((stack, flat)), 4, 4)
    rows = np.full((12, 3), -1, np.int32)
    rows[0] = (1, 4, 8)
    edges = as_edges(Found(rows, np.ones((12, 3), np.float32)))
    assert edge_kinds(grid, edges)[:3].tolist() == [0, 1, 2]
    told = shares(grid, edges)
    assert told == pytest.approx(dict.fromkeys(told, 1 / 3))
    classes = np.array(["a", "a", "", ""] + ["b"] * 8)
    told = class_shares(classes, edges)
    assert told["same_class"] == pytest.approx(1 / 3)
    assert class_shares(np.full(12, ""), edges) == {}
