"""Coherence: which groups of patches look like a thing of their own, found without labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.clusters import blocks
from napari_simgraph.analysis.few_clicks import Judged, judged_of
from napari_simgraph.analysis.kernel_logistic import Vector
from napari_simgraph.analysis.neighbours import Points
from napari_simgraph.core.graph import SIMILARITY, SPATIAL, Edges, SimilarityGraph
from napari_simgraph.core.patches import PatchGrid, Rows

_COMMON, _TINY = 0.3, 0.002  # share of all patches: more is ground, less is chance
# Of a group in rank: how like an earlier one it is costs so much. Of 8 kinds of tissue put side by
# side 0 finds 0.847 AUROC, 0.8 finds 0.870, 1.6 finds 0.864; on VNC 0.931, 0.931, 0.884.
_LIKENESS = 0.8
_ASKED = 300  # patches of a reference that tell how unlike each other normal ones are
_EXAMPLES = 40  # patches of a group that speak for it; so many of all others speak against it


class Groups(NamedTuple):
    """Groups by rank: what each patch belongs to (from 0), and what ranked them.

    `compact`: how much more like its own middle than like that of the next group a patch is (mean
    difference of cosines; how near to their middle patches lie by itself is highest for the bland
    ground). `together`: how much more often patches beside those of it are of it, too, than by
    chance; 0 is chance, 1 is always. `share` of all patches.
    """

    number: NDArray[np.int32]
    centres: Points
    compact: Vector
    together: Vector
    share: Vector


def rank(points: Points, number: NDArray[np.int32], graph: SimilarityGraph) -> Groups:
    """Groups put in order: compact ones that lie together first, each unlike those before it.

    The two are compared by their rank, so that neither needs a weight; the ground (more than a
    third of all) and chance finds come last.
    """
    count = int(number.max()) + 1
    share = (np.bincount(number, minlength=count) / len(number)).astype(np.float32)
    centres = np.zeros((count, points.shape[1]), np.float32)
    np.add.at(centres, number, points)
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    compact = _apart(points, number, centres)
    together = _together(number, graph.edges.get(SPATIAL), share)
    worth = (_place(compact) + _place(together)) / max(1, 2 * (count - 1))
    worth = worth - 2 * ((share > _COMMON) | (share < _TINY))
    order = _unlike_those_before(worth, centres)
    place = np.empty(count, np.int32)
    place[order] = np.arange(count, dtype=np.int32)
    return Groups(place[number], centres[order], compact[order], together[order], share[order])


def nearest_group(points: Points, centres: Points) -> NDArray[np.int32]:
    """The group whose middle each patch is most like."""
    found: NDArray[np.int32] = (points @ centres.T).argmax(1).astype(np.int32)
    return found


def speak_for(groups: NDArray[np.int32], chosen: int, seed: int) -> Judged:
    """Patches that speak for a group and against it, as if they had been clicked.

    Raises
    ------
    ValueError
        There is no such group, or nothing else.
    """
    members, others = np.flatnonzero(groups == chosen), np.flatnonzero(groups != chosen)
    if not len(members) or not len(others):
        raise ValueError(f"There is no group {chosen + 1} on these patches: choose another one.")
    rng = np.random.default_rng(seed)
    # any of its patches: the most typical half alone gave 0.79 to 0.96 AUROC where all give 0.91 up
    like = rng.permutation(members)[:_EXAMPLES]
    unlike = rng.permutation(others)[:_EXAMPLES]
    return judged_of(np.sort(like), np.sort(unlike))


def rare(graph: SimilarityGraph) -> Vector:
    """How rare and together a patch is, from 0 to 1: unlike its likest, and so are those beside it.

    Exploratory: what is rare need not be of interest.
    """
    edges = graph.edges[SIMILARITY]
    far = 1 - _mean(edges, edges.weights)
    beside = graph.edges.get(SPATIAL)
    if beside is not None:
        far = 0.5 * far + 0.5 * _mean(beside, far[beside.ends])
    return ((np.argsort(np.argsort(far, kind="stable")) + 0.5) / len(far)).astype(np.float32)


def unlike_normal(points: Points, normal: Points, usual: float) -> Vector:
    """How unlike a reference patches are, ``(N,)`` from 0; 1 is as unlike as the odd one in it."""
    far = np.empty(len(points), np.float32)
    for start in range(0, len(points), 4096):  # 4096 x the reference: some 100 MB at most
        part = slice(start, start + 4096)
        far[part] = 1 - (points[part] @ normal.T).max(1)
    return far / max(usual, 1e-6)


def usual_distance(points: Points, rows: Rows, grid: PatchGrid, seed: int = 0) -> float:
    """How unlike its likest an odd patch of a reference is: the distance of one in twenty is more.

    Patches that overlap it, also in the sections beside, don't count: they show the same. Where
    all do, the whole distance from like to unlike is usual.
    """
    some = np.sort(np.random.default_rng(seed).permutation(rows)[:_ASKED])
    found = []
    for row in some.tolist():
        apart = rows[~grid.overlapping(np.full(len(rows), row), rows, 1)]
        if len(apart):
            found.append(1 - float((points[apart] @ points[row]).max()))
    return float(np.quantile(found, 0.95)) if found else 1.0


def _mean(edges: Edges, values: NDArray[np.floating]) -> Vector:
    """Mean over the edges of each row; 0 where it has none."""
    count = np.diff(edges.starts)
    total = np.bincount(edges.begins(), values, len(count))
    return (total / np.maximum(count, 1)).astype(np.float32)


def _apart(points: Points, number: NDArray[np.int32], centres: Points) -> Vector:
    """How much nearer to its middle than to the next one a patch of each group is."""
    count, found = len(centres), np.empty(len(points), np.float32)
    for part in blocks(len(points), count):
        alike = points[part] @ centres.T
        rows = np.arange(len(alike))
        own = alike[rows, number[part]]
        alike[rows, number[part]] = -1
        found[part] = own - alike.max(1)
    members = np.maximum(np.bincount(number, minlength=count), 1)
    return (np.bincount(number, found, count) / members).astype(np.float32)


def _together(number: NDArray[np.int32], beside: Edges | None, share: Vector) -> Vector:
    if beside is None or not len(beside.ends):
        return np.ones_like(share)
    begins = number[beside.begins()]
    same = np.bincount(begins, begins == number[beside.ends], len(share))
    all_of = np.maximum(np.bincount(begins, minlength=len(share)), 1)
    # not divided by chance: that would count once more how rare a group is
    return ((same / all_of - share) / np.maximum(1 - share, 1e-9)).astype(np.float32)


def _unlike_those_before(worth: NDArray[np.float64], centres: Points) -> NDArray[np.intp]:
    """Order by worth, of which one that is like an earlier one loses some."""
    left, order = worth.copy(), np.empty(len(worth), np.intp)
    near = np.zeros(len(worth))
    for at in range(len(order)):
        order[at] = best = int(np.argmax(left - _LIKENESS * near))
        left[best] = -np.inf
        near = np.maximum(near, centres @ centres[best])
    return order


def _place(values: Vector) -> NDArray[np.intp]:
    return np.argsort(np.argsort(values, kind="stable"))
