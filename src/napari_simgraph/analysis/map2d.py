"""Map: points of many dimensions on a plane, alike ones near each other."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.neighbours import Points

NO_UMAP = "UMAP is not installed: pip install 'napari-simgraph[map]', or take the PCA."


def pca(points: Points) -> NDArray[np.float32]:
    """The two directions in which points differ most ``(N, 2)``."""
    centred = points - points.mean(0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :2]
    axes = axes * np.where(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])] < 0, -1, 1)
    plane = np.zeros((len(points), 2), np.float32)
    plane[:, : axes.shape[1]] = centred @ axes
    return plane


def check_umap() -> None:
    """Nothing, where UMAP is installed.

    Raises
    ------
    ValueError
        It is not.
    """
    if find_spec("umap") is None:
        raise ValueError(NO_UMAP)


def umap(points: Points, neighbours: int, spread: float, seed: int) -> NDArray[np.float32]:
    """Neighbourhoods kept on a plane ``(N, 2)`` [1]_; it can't tick.

    References
    ----------
    .. [1] McInnes, Healy, Melville, UMAP, arXiv:1802.03426, algorithm 1.
    """
    made = import_module("umap").UMAP(
        n_neighbors=max(2, min(neighbours, len(points) - 1)),
        min_dist=spread,
        metric="cosine",
        random_state=seed,
        n_jobs=1,
    )
    return np.asarray(made.fit_transform(points), np.float32)
