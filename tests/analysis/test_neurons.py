"""Neurons: which tell A from B, held against slow and obvious counts."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, mannwhitneyu

from napari_simgraph import run
from napari_simgraph.analysis.neurons import (
    Pair,
    beside,
    dead,
    exemplars,
    false_discoveries,
    ranked,
    selectivity,
    sides,
    tell_apart,
    twins,
    values_of,
)
from napari_simgraph.core.signatures import ONE, Layer, halved, layers_of
from toy import toy_signatures


@pytest.fixture
def table():
    """A layer of two channels and one of four single neurons, of nothing but noise."""
    toy = toy_signatures()
    layers = layers_of([Layer("first", "Block", (2, 8, 8), 2), Layer("last", "ReLU", (4,), 4, ONE)])
    values = np.random.default_rng(0).normal(size=(len(toy), 10))
    return toy.replace(values=halved(values), layers=layers, about={})


def test_figures_are_those_of_the_plain_tests():
    rng = np.random.default_rng(0)
    a = np.maximum(rng.normal(0.4, 1, (60, 5)), 0).astype(np.float32)  # many equal values
    b = np.maximum(rng.normal(0.0, 2, (90, 5)), 0).astype(np.float32)
    told = tell_apart(a, b)
    for column in range(5):
        x, y = a[:, column], b[:, column]
        above = (x[:, None] > y).mean() + (x[:, None] == y).mean() / 2
        assert told.auroc[column] == pytest.approx(above)
        plain = mannwhitneyu(x, y, use_continuity=False, method="asymptotic").pvalue
        assert told.chance[column] == pytest.approx(plain, rel=1e-4)
        pooled = np.sqrt((59 * x.var(ddof=1) + 89 * y.var(ddof=1)) / 148)
        assert told.effect[column] == pytest.approx((x.mean() - y.mean()) / pooled, rel=1e-4)


def test_false_discoveries_are_those_of_benjamini_and_hochberg():
    chance = np.random.default_rng(1).random(40) ** 2
    assert np.allclose(false_discoveries(chance), false_discovery_control(chance))


def test_a_planted_neuron_ranks_first(table):
    values = np.array(table.values)
    disc = table.classes() == "disc"
    values[:, 8] = values[:, 8] / 4 + 3 * disc  # neuron 2 of the layer "last"
    planted = table.replace(values=values)
    found = run(ranked((planted, planted), sides(planted, "disc", "")))
    assert (found["layer"][0], found["neuron"][0], found["by"][0]) == ("last", 2, "value")
    assert found["auroc"][0] == pytest.approx(1.0)
    assert found["q"][0] < 1e-3 < 0.01 < found["q"][1:].min()
    assert len(found) == 2 + 4  # one row a neuron
    values = values_of(planted, planted.layer("last"), 2)
    assert next(iter(selectivity(values, planted.classes()))) == "disc"
    assert np.isin(exemplars(values, 5).top, np.flatnonzero(disc)).all()


def test_nothing_is_found_where_there_is_nothing(table):
    values = np.random.default_rng(3).normal(size=table.values.shape).astype(np.float16)
    noise = table.replace(values=values)
    rows = np.random.default_rng(4).permutation(len(table))
    found = run(ranked((noise, noise), Pair(rows[:50], rows[50:])))
    assert found["q"].min() > 0.05


def test_dead_neurons_and_twins_are_named(table):
    values = np.random.default_rng(0).normal(size=table.values.shape)
    layer = table.layer("last")
    values[:, layer.start + 1] = 0.25
    values[:, layer.start + 3] = -2 * values[:, layer.start] + 1
    spread = {"mean": values.mean(0), "spread": values.std(0)}
    odd = table.replace(values=values.astype(np.float16), about=spread)
    assert dead(odd, layer).tolist() == [1]
    known = beside(odd, layer)
    assert twins(known, 0).tolist() == [3]
    assert twins(known, 2).tolist() == []
    assert twins(known, 1).tolist() == []  # dead: it says nothing, as no other does


@pytest.mark.parametrize("count", [1, 12, 200])
def test_patches_that_show_a_neuron_are_those_of_a_full_sort(count):
    rng = np.random.default_rng(1)
    several = (rng.normal(size=151), np.round(rng.normal(size=151)), np.zeros(151))
    for values in (one.astype(np.float32) for one in several):
        found, order = exemplars(values, count), np.sort(values)[::-1]
        many = min(count, 151)
        start = (151 - many) // 2
        assert np.array_equal(values[found.top], order[:many])
        assert np.array_equal(values[found.middle], order[start : start + many])
        for rows in found:
            assert len(set(rows.tolist())) == many


def test_sides_are_asked_for_in_words(table):
    pair = sides(table, "stripes", "grain")
    assert set(table.classes()[pair.a]) == {"stripes"}
    assert len(sides(table, "disc", "").b) == (table.classes() != "disc").sum()
    with pytest.raises(ValueError, match="There is no 'disk' in the column class; there are disc"):
        sides(table, "disk", "grain")
    with pytest.raises(ValueError, match="no column 'cluster'; it has class"):
        sides(table, "1", "2", by="cluster")
    with pytest.raises(ValueError, match="two different classes"):
        sides(table, "disc", "disc")
