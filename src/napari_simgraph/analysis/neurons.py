"""Neurons: which tell A from B, which see one class, which are dead or twins.

References
----------
.. [1] Mann, Whitney, On a test of whether one of two random variables is stochastically larger,
   Annals of Mathematical Statistics 18, 1947 (AUROC is their U by the number of pairs).
.. [2] Cohen, Statistical power analysis for the behavioral sciences, 1988, section 2.2 (d).
.. [3] Benjamini, Hochberg, Controlling the false discovery rate, Journal of the Royal Statistical
   Society B 57, 1995.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.ranking import auroc
from napari_simgraph.analysis.signature_points import Floats, some
from napari_simgraph.core.job import Job, Progress
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.signatures import Layer, NeuronTable, SignatureTable

Doubles = NDArray[np.float64]

MOST = 2000  # patches of either side that are compared: AUROC is then sure within 0.02
_COLUMNS = 256  # ranked at once: a tenth of a second
_CHUNKS = 8  # read to tell twins: a tenth of a second for 100,000 patches
_ALIKE = 0.95  # correlation from which two neurons say the same


class Pair(NamedTuple):
    """The patches of A and of B."""

    a: Rows
    b: Rows


class Told(NamedTuple):
    """How well each column tells A from B, ``(C,)`` each."""

    auroc: Doubles
    effect: Doubles
    chance: Doubles


def sides(table: SignatureTable, a: str, b: str, by: str = "class") -> Pair:
    """The patches whose words in a column are A and B; without a B all others that have a word.

    Raises
    ------
    ValueError
        The column or a word is not there, or both sides share patches.
    """
    words = words_of(table, by)
    known = [word for word in np.unique(words).tolist() if word]
    if not known:
        raise ValueError("No patch has a class: give labels, or name a column with --by.")
    for word in filter(None, (a, b)):
        if word not in known:
            listed = ", ".join(known[:12]) + (" …" if len(known) > 12 else "")
            raise ValueError(f"There is no '{word}' in the column {by}; there are {listed}.")
    if not a or a == b:
        raise ValueError("Say what to compare: two different classes or groups A and B.")
    other = (words == b) if b else (words != a) & (words != "")
    found = Pair(np.flatnonzero(words == a), np.flatnonzero(other))
    if min(map(len, found)) < 2:
        raise ValueError("Either side needs two patches or more to be compared.")
    return found


def words_of(table: SignatureTable, by: str) -> NDArray[np.str_]:
    """A column as words: classes, or the names of groups.

    Raises
    ------
    ValueError
        There is no such column.
    """
    if by == "class":
        return table.classes()
    if by not in table.columns:
        listed = ", ".join(["class", *table.columns])
        raise ValueError(f"The table has no column '{by}'; it has {listed}.")
    values = np.asarray(table.columns[by])
    return values.astype(np.str_)


def ranked(
    tables: tuple[SignatureTable, SignatureTable], pair: Pair, seed: int = 0, until: float = 1.0
) -> Job[NeuronTable]:
    """Neurons by how well each alone tells A, in the first table, from B, in the second.

    Its progress goes from 0 to `until`.
    """
    a, b = (rows[some(len(rows), MOST, seed)] for rows in pair)
    layers, parts = tables[0].inner, []
    for number, layer in enumerate(layers):
        say = f"comparing {layer.name}"
        for columns in _pieces(layer.columns):
            yield Progress(until * number / len(layers), say)
            parts.append(_compared(tables[0].read(columns, a), tables[1].read(columns, b)))
        yield Progress(until * (number + 1) / len(layers), say)
    found = np.concatenate(parts, 1)
    named = {
        "layer": np.concatenate([np.full(one.width, one.name) for one in layers]),
        "neuron": np.concatenate(
            [np.tile(np.arange(one.neurons), len(one.statistics)) for one in layers]
        ),
        "by": np.concatenate([np.repeat(one.statistics, one.neurons) for one in layers]),
        **dict(zip(("auroc", "effect", "p", "mean_a", "mean_b"), found, strict=True)),
        "q": false_discoveries(found[2]),
    }
    return best_of_each(NeuronTable(named))


def _compared(a: Floats, b: Floats) -> Doubles:
    """AUROC, effect, p and both means of some columns ``(5, C)``."""
    return np.stack([*tell_apart(a, b), a.mean(0), b.mean(0)])


def best_of_each(table: NeuronTable) -> NeuronTable:
    """One row a neuron, that of its most telling statistic, the most telling neuron first."""
    strength = np.abs(table["auroc"] - 0.5)
    order = np.lexsort((-np.abs(table["effect"]), -strength))
    keys = np.char.add(np.char.add(table["layer"], "/"), table["neuron"].astype(np.str_))[order]
    _, first = np.unique(keys, return_index=True)
    return table.take(order[np.sort(first)])


def tell_apart(a: Floats, b: Floats) -> Told:
    """How well each column of A ``(n, C)`` stands above that of B ``(m, C)`` [1]_ [2]_."""
    from scipy.stats import norm

    n, m = len(a), len(b)
    auroc, ties = _aurocs(np.concatenate([a, b]), n)
    total = n + m
    # the spread of U under no difference, made smaller by equal values
    spread = np.sqrt((total + 1 - ties / (total * (total - 1))) / (12 * n * m))
    off = np.abs(auroc - 0.5)
    z = np.divide(off, spread, out=np.zeros_like(off), where=spread > 1e-12)
    both = ((n - 1) * a.var(0, ddof=1) + (m - 1) * b.var(0, ddof=1)) / max(1, total - 2)
    apart = a.mean(0, dtype=np.float64) - b.mean(0, dtype=np.float64)
    pooled = np.sqrt(both.astype(np.float64))
    least = 1e-6 * (np.abs(a).max(0, initial=0) + np.abs(b).max(0, initial=0)) + 1e-12
    return Told(auroc, apart / np.maximum(pooled, least), 2 * norm.sf(z))


def false_discoveries(chance: Doubles) -> Doubles:
    """The share of false discoveries among all that are as unlikely by chance [3]_."""
    order = np.argsort(chance)
    count = len(chance)
    steps = chance[order] * count / np.arange(1, count + 1)
    found = np.empty(count)
    found[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1)
    return found


def values_of(table: SignatureTable, layer: Layer, neuron: int) -> Floats:
    """The values ``(N,)`` of one neuron; of a channel its means."""
    column = layer.of().start + neuron
    return table.read(slice(column, column + 1))[:, 0]


def selectivity(values: Floats, words: NDArray[np.str_], seed: int = 0) -> dict[str, float]:
    """AUROC of one neuron's values for each class against the rest, the largest first."""
    rows = some(len(values), 2 * MOST, seed)
    rows = rows[words[rows] != ""]
    names, which = np.unique(words[rows], return_inverse=True)
    if len(names) < 2:
        return {}
    found = {name: auroc(values[rows], which == n) for n, name in enumerate(names.tolist())}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def dead(table: SignatureTable, layer: Layer) -> NDArray[np.intp]:
    """Neurons that give the same for every patch."""
    mean, spread = (table.about[name][layer.of()] for name in ("mean", "spread"))
    return np.flatnonzero(spread <= 1e-4 * np.maximum(np.abs(mean), 1e-3))


def beside(table: SignatureTable, layer: Layer, seed: int = 0) -> Floats:
    """The neurons of a layer in some rows ``(n, C)``, each of mean 0 and length 1, for `twins`."""
    values = table.read(layer.of(), _in_few_chunks(table, seed))
    values = values - values.mean(0)
    whole: Floats = values / np.maximum(np.linalg.norm(values, axis=0), 1e-6)
    return whole


def twins(known: Floats, neuron: int) -> NDArray[np.intp]:
    """Neurons that say the same as one, most alike first; `known` is what `beside` gives."""
    alike = known.T @ known[:, neuron]
    alike[neuron] = 0
    found = np.argsort(-np.abs(alike), kind="stable")
    same: NDArray[np.intp] = found[np.abs(alike[found]) > _ALIKE]
    return same


class Shown(NamedTuple):
    """Patches that show what a neuron sees, as rows."""

    top: Rows
    middle: Rows
    random: Rows


def exemplars(values: Floats, count: int = 12, seed: int = 0) -> Shown:
    """The patches in which a neuron's values are largest, those around its median, and any."""
    count = min(count, len(values))
    start = max(0, (len(values) - count) // 2)
    drawn = np.random.default_rng(seed).choice(len(values), count, replace=False)
    return Shown(_sorted(values, 0, count), _sorted(values, start, start + count), drawn)


def _sorted(values: Floats, start: int, stop: int) -> Rows:
    """The rows at some places of the order, largest value first; the rest is not sorted."""
    if stop == start:
        return np.zeros(0, np.intp)
    order = np.argpartition(-values, (start, stop - 1))[start:stop]
    return order[np.lexsort((order, -values[order]))]


def _in_few_chunks(table: SignatureTable, seed: int) -> Rows:
    """Some rows, of eight chunks spread over the table: each chunk is read as a whole."""
    blocks = list(table.blocks())
    chosen = np.unique(np.linspace(0, len(blocks) - 1, _CHUNKS).round().astype(int))
    each = [np.arange(blocks[at].start, blocks[at].stop) for at in chosen]
    return np.concatenate([part[some(len(part), MOST // len(each), seed)] for part in each])


def _aurocs(values: Floats, positive: int) -> tuple[Doubles, Doubles]:
    """AUROC of each column, the first rows being those above; and what equal values take off."""
    from scipy.stats import rankdata

    count, width = values.shape
    auroc, ties = np.empty(width), np.empty(width)
    for piece in _pieces(slice(0, width)):
        part = values[:, piece]
        ranks = rankdata(part, axis=0)
        above = ranks[:positive].sum(0) - positive * (positive + 1) / 2
        auroc[piece] = above / (positive * (count - positive))
        # ranks of t equal values each lack (t^3 - t) / 12 of their squares
        full = count * (count + 1) * (2 * count + 1) / 6
        ties[piece] = 12 * (full - (ranks**2).sum(0))
    return auroc, ties


def _pieces(columns: slice) -> Iterator[slice]:
    for at in range(columns.start, columns.stop, _COLUMNS):
        yield slice(at, min(at + _COLUMNS, columns.stop))
