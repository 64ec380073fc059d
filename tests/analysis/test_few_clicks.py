"""Spreading and few clicks, against slow and obvious versions."""

import numpy as np
import pytest

from napari_simgraph import Image
from napari_simgraph.analysis.beside import beside
from napari_simgraph.analysis.coherence import rank, rare, unlike_normal, usual_distance
from napari_simgraph.analysis.few_clicks import FewClicks, ground, judged_of
from napari_simgraph.analysis.kernel_logistic import logistic
from napari_simgraph.analysis.neighbours import as_edges, exact, unit
from napari_simgraph.analysis.ranking import auroc, average_precision
from napari_simgraph.analysis.spreading import alone, links, settle, spread
from napari_simgraph.core.graph import Edges, SimilarityGraph
from napari_simgraph.core.job import run
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.tables import EmbeddingTable


@pytest.fixture(scope="module")
def graph():
    """12 x 12 patches; a square of 4 x 4 in the middle is of another kind."""
    grid = grid_over(Image(np.zeros((96, 96), np.uint8)), 8, 8)
    kind = np.zeros((12, 12), bool)
    kind[4:8, 4:8] = True
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (144, 6)) + 2.0 * kind.ravel()[:, None]
    table = EmbeddingTable(grid, values.astype(np.float32), columns={"kind": kind.ravel()})
    similar = as_edges(run(exact(unit(values), 6)))
    return SimilarityGraph(table, {"similarity": similar, "spatial": beside(grid)})


@pytest.fixture(scope="module")
def few(graph):
    *_, prepared = ground(graph.table.values, links(graph))
    return FewClicks(prepared)


def dense(graph):
    whole = 0
    for kind, edges in graph.edges.items():
        matrix = np.zeros((len(graph), len(graph)))
        matrix[edges.begins(), edges.ends] = edges.weights ** (4 if kind == "similarity" else 1)
        degree = np.diag(1 / np.sqrt(matrix.sum(1)))
        whole = whole + 0.5 * degree @ matrix @ degree
    return whole


def test_a_group_speaks_as_a_whole_and_clicks_correct_it(graph, few):
    kind = graph.table.columns["kind"]
    members = np.concatenate([np.flatnonzero(kind)[:10], [0, 1]])  # a part of it, and two others
    speakers = {int(members[0]): True, 143: False}
    judged = judged_of([members[0]], [143])
    asked = FewClicks(few.ground)
    alone = asked.answer(judged).score
    asked.follow(members, speakers)
    whole = asked.answer(judged).score
    sides = np.where(np.isin(np.arange(144), members), 1 / 12, -1 / 132).astype(np.float32)
    reached = settle(few.ground.matrix, sides, 0.97)
    assert (np.argsort(whole, kind="stable") == np.argsort(reached, kind="stable")).all()
    assert auroc(whole, kind) > max(0.9, auroc(alone, kind))
    corrected = asked.answer(judged_of([members[0]], [0, 143])).score
    assert corrected[0] == 0
    assert corrected[1] < whole[1]  # beside it, and a member
    assert np.isclose(np.sort(whole)[-12], 0.5, atol=0.1)  # as many as it has members
    asked.follow(members[:0], {})
    assert (asked.answer(judged).score == alone).all()


def test_links_are_both_kinds_each_normalised(graph):
    assert links(graph).toarray() == pytest.approx(dense(graph), abs=1e-6)
    assert not alone(links(graph)).any()
    with pytest.raises(ValueError, match="none of the links"):
        links(graph, {"similarity": 0.0, "spatial": 0.0})


def test_a_kind_without_any_link_adds_none(graph):
    nodes = len(graph)
    nothing = Edges(np.zeros(nodes + 1, int), np.zeros(0, np.int32), np.zeros(0, np.float32))
    lonely = graph.replace(edges=graph.edges | {"spatial": nothing})  # one patch an image
    alike = graph.replace(edges={"similarity": graph.edges["similarity"]})
    assert 2 * links(lonely).toarray() == pytest.approx(links(alike).toarray())


def test_what_settles_is_the_solution_of_its_equation(graph):
    start = np.zeros(len(graph), np.float32)
    start[[3, 77]] = 1, -1
    found = settle(links(graph), start, 0.9, rounds=60)
    wanted = 0.1 * np.linalg.solve(np.eye(len(graph)) - 0.9 * dense(graph), start)
    assert found == pytest.approx(wanted, abs=1e-5)


def test_spreading_is_repeated_mixing(graph):
    values = np.random.default_rng(0).normal(size=(len(graph), 40)).astype(np.float32)
    *_, found = spread(links(graph), values, 0.8, 3)
    slow = values
    for _ in range(3):
        slow = 0.2 * values + 0.8 * dense(graph) @ slow
    assert found == pytest.approx(slow, abs=1e-5)


def test_logistic_head_is_at_its_minimum():
    rng = np.random.default_rng(0)
    points, like = rng.normal(size=(12, 3)), np.arange(12) < 5
    parts, offset = logistic(points @ points.T, like)
    weights = points.T @ parts

    def loss(weights, offset):
        logit = points @ weights + offset
        return np.logaddexp(0, np.where(like, -logit, logit)).sum() + 0.15 * weights @ weights

    best = loss(weights, offset)
    for _ in range(20):
        assert loss(weights + rng.normal(0, 0.01, 3), offset + rng.normal(0, 0.01)) > best


def test_two_and_two_clicks_find_the_square(graph, few):
    kind = graph.table.columns["kind"]
    scored = few.answer(judged_of([4 * 12 + 4, 7 * 12 + 6], [0, 143]))
    assert auroc(scored.score, kind) > 0.97
    assert scored.score[[52, 0]].tolist() == [1, 0]
    assert scored.uncertainty.min() >= 0
    assert scored.uncertainty[52] < np.median(scored.uncertainty)


def test_answers_do_not_depend_on_the_order_of_clicks(few):
    one = few.answer(judged_of([52, 90], [0, 143, 20])).score
    other = few.answer(judged_of([90, 52], [20, 0, 143])).score
    assert one == pytest.approx(other, abs=1e-4)


def test_each_click_is_left_out_as_if_it_had_never_been(graph, few):
    judged = judged_of([52, 66, 90], [0, 143, 20])
    found = few.left_out(judged)
    rest = judged_of([52, 66], [0, 143, 20])  # without the third
    assert found.reach[2] == pytest.approx(few.reach(rest)[90], rel=1e-4)


def test_what_is_asked_next_was_not_judged_and_teaches(graph, few):
    judged = judged_of([52, 66], [0, 143])
    asked = few.ask(few.answer(judged), judged)
    assert asked not in judged.rows
    why = few.weigh(65, judged)
    assert {row for row, _ in why} == set(judged.rows.tolist())
    assert why[0][1] > 0  # a patch of the square is scored by clicks in it first


def test_groups_that_hang_together_come_first(graph):
    kind = graph.table.columns["kind"]
    number = np.where(kind, 1, np.random.default_rng(0).integers(0, 2, len(kind)) * 2)
    groups = rank(unit(graph.table.values), number.astype(np.int32), graph)
    assert (groups.number[kind] == 0).all()
    assert groups.together[0] > groups.together[1]
    assert groups.share.sum() == pytest.approx(1)
    assert 0 < rare(graph).min() < rare(graph).max() < 1


def test_how_small_a_group_is_does_not_count_as_lying_together(graph):
    """A quarter of 12 x 12 patches in one piece, 4 single patches in one row, and the rest."""
    number = np.full((12, 12), 2, np.int32)
    number[:, :3] = 0
    number[5, [5, 6, 9, 11]] = 1  # two of four are beside each other: 18 times as many as by chance
    corners = unit(np.array([[1, 0.2, 0], [0, 1, 0.2], [0.2, 0, 1]], np.float32))
    groups = rank(corners[number.ravel()], number.ravel(), graph)
    assert groups.share[0] == 0.25
    assert groups.together[0] > 0.7
    assert groups.together[groups.share < 0.1] < 0.3


def test_of_two_groups_that_are_alike_the_second_comes_late(graph):
    """Stripes of two columns: the first two are all but one kind, those behind are of others."""
    number = (np.arange(144) % 12 // 2).astype(np.int32)
    middles = np.eye(6, dtype=np.float32)
    middles[1] = 0.99 * middles[0] + 0.14 * middles[1]
    groups = rank(unit(middles)[number], number, graph)
    places = {kind: int(groups.number[number == kind][0]) for kind in range(6)}
    assert max(places[0], places[1]) == 5
    assert np.allclose(groups.share, 1 / 6)


def test_far_from_normal_is_far(graph):
    points, kind = unit(graph.table.values), graph.table.columns["kind"]
    normal = points[np.flatnonzero(~kind)[::2]]
    far = unlike_normal(points, normal, 0.5)
    assert far[np.flatnonzero(~kind)[::2]] == pytest.approx(0, abs=1e-3)
    nearest = (1 - points[kind] @ normal.T).min(1)
    assert far[kind] == pytest.approx(2 * nearest, abs=1e-5)


def test_what_is_usual_in_a_reference_is_not_told_by_patches_that_overlap(graph):
    grid = grid_over(Image(np.zeros((16, 64), np.uint8)), 16, 8)
    turns = np.arange(len(grid)) * np.pi / 12  # each patch a little further round
    points = np.stack([np.cos(turns), np.sin(turns)], 1).astype(np.float32)
    rows = np.arange(len(grid))
    # the next patch but one is the nearest that overlaps it nowhere
    assert usual_distance(points, rows, grid) == pytest.approx(1 - np.cos(np.pi / 6), abs=1e-5)
    assert usual_distance(points, rows[:2], grid) == 1


def test_ranking_is_counting_pairs():
    rng = np.random.default_rng(0)
    for _ in range(20):
        score, truth = rng.integers(0, 6, 40), rng.random(40) < 0.3
        above = score[truth][:, None] - score[~truth]
        assert auroc(score, truth) == pytest.approx(((above > 0) + 0.5 * (above == 0)).mean())
        precision = [truth[score >= cut].mean() for cut in score[truth]]
        assert average_precision(score, truth) == pytest.approx(np.mean(precision))
    assert np.isnan(auroc(np.ones(3), np.ones(3, bool)))
