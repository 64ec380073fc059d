"""Graph networks and what they need, against slow and obvious versions."""

import numpy as np
import pytest
import torch

from napari_simgraph.analysis.few_clicks import judged_of
from napari_simgraph.core.graph import edges_of
from napari_simgraph.learn.graph_lesson import MarkedLesson, Surroundings, blocks, hop, placed
from napari_simgraph.learn.interest_settings import Way
from napari_simgraph.learn.neighbourhood import around
from napari_simgraph.nets import build, reach

NODES, FEATURES = 30, 5


def random_edges(seed, links=60):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, NODES - 2, (2, links))  # the last two have no links
    weights = rng.uniform(0.1, 1, links).astype(np.float32)
    both = np.concatenate([a, b]), np.concatenate([b, a])
    return edges_of(*both, np.concatenate([weights, weights]), NODES)


@pytest.fixture
def graph():
    points = np.random.default_rng(0).normal(size=(NODES, FEATURES)).astype(np.float32)
    return Surroundings(points, {"similarity": random_edges(1), "spatial": random_edges(2)})


def dense(edges):
    matrix = np.zeros((NODES, NODES), np.float32)
    matrix[edges.begins(), edges.ends] = edges.weights
    return matrix


def network(way="sage", **options):
    return build(
        "graph", inside=FEATURES, kinds=["similarity", "spatial"], width=8, way=way, **options
    )


def test_one_hop_is_the_weighted_mean_of_the_neighbours(graph):
    made = network()
    first = made.hops[0]
    total = graph.points @ first.own.weight.detach().numpy().T
    for kind, edges in graph.edges.items():
        matrix = dense(edges)
        mean = matrix / np.maximum(matrix.sum(1, keepdims=True), 1e-12) @ graph.points
        conv = first.kinds[kind]
        total = total + mean @ conv.lin_rel.weight.detach().numpy().T
        total = total + graph.points @ conv.lin_root.weight.detach().numpy().T
    found = hop(made, 0, graph, np.arange(NODES))
    assert found == pytest.approx(np.maximum(total, 0), abs=1e-5)


@pytest.mark.parametrize("way", ["sage", "gat"])
def test_some_patches_get_what_they_get_among_all(graph, way):
    made, asked = network(way), np.array([29, 3, 17])
    points = graph.points
    for number in range(2):
        parts = [hop(made, number, graph._replace(points=points), rows) for rows in blocks(NODES)]
        points = np.concatenate(parts)
    x, rings = placed(graph, around(graph.edges, asked, 2), torch.device("cpu"))
    with torch.no_grad():
        found = made.embed(x, rings).numpy()
    assert found == pytest.approx(points[asked], abs=1e-5)


def test_drawn_neighbours_are_neighbours(graph):
    asked = np.arange(0, NODES, 3)
    found = around(graph.edges, asked, 1, np.random.default_rng(0), 4)
    assert found.rows[: len(asked)].tolist() == asked.tolist()
    assert len(set(found.rows.tolist())) == len(found.rows)
    for kind, (places, weights) in found.rings[0].pairs.items():
        matrix = dense(graph.edges[kind])
        begins, ends = asked[places[1]], found.rows[places[0]]
        assert (matrix[begins, ends] == weights).all()
        linked = (matrix[asked] > 0).any(1)
        assert np.bincount(places[1], minlength=len(asked)).tolist() == (4 * linked).tolist()


def test_infomax_is_its_formula(graph):
    """Cross entropy of real against shuffled neighbourhoods, by a bilinear form (eq. 1 of [3])."""
    made = network(infomax=True)
    found = around(graph.edges, np.arange(10), 2)
    x, rings = placed(graph, found, torch.device("cpu"))
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        loss = float(made(x, rings, order))
        real, fake = (made.network.embed(one, rings).numpy() for one in (x, x[order]))
    weight = made.infomax.weight.detach().numpy()
    middle = 1 / (1 + np.exp(-real.mean(0)))
    chances = [1 / (1 + np.exp(-(one @ weight @ middle))) for one in (real, fake)]
    plain = -np.log(chances[0] + 1e-15).mean() - np.log(1 - chances[1] + 1e-15).mean()
    assert loss == pytest.approx(plain, abs=1e-4)


def test_a_network_learns_marks_by_heart_and_its_best_weights_are_kept(graph):
    made, rows = network(), np.arange(20)
    like = np.arange(20) % 3 == 0
    judged = judged_of(rows[like], rows[~like])
    lesson = MarkedLesson(made, graph, (judged, judged), Way(hops=2))
    optimiser = torch.optim.Adam(made.parameters(), lr=0.02)
    losses = []
    for number in range(150):
        loss = lesson.loss(made, lesson.batch(number, 20), number)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
        if number % 50 == 49:
            lesson.check(made)
    assert np.mean(losses[-20:]) < 0.5 * np.mean(losses[:20])
    assert lesson.best[0] > 0.9
    assert set(lesson.best[1]) == set(made.state_dict())


def test_weights_come_from_the_seed_alone():
    torch.manual_seed(1)
    one = network(seed=4).state_dict()
    torch.manual_seed(2)
    other = network(seed=4).state_dict()
    assert all(torch.equal(one[key], other[key]) for key in one)
    with pytest.raises(ValueError, match="not at pixels"):
        reach("graph", {})
