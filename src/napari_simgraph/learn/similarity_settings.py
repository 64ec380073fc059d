"""Settings of similarity: who is a neighbour, what is looked for, clusters and maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from napari_simgraph.core.config import Config, setting


def _seed(what: str) -> Any:
    """The setting that makes the same again."""
    return setting(0, f"Same seed: same {what}.", 0, 2**31 - 1, label="Seed")


@dataclass(frozen=True)
class Apart(Config):
    """Which patches are no neighbours."""

    apart: bool = setting(
        True, "Patches that overlap are no neighbours.", label="Leave out overlapping patches"
    )
    sections: int = setting(
        0,
        "So many sections up and down count as overlapping, too.",
        0,
        100,
        1,
        label="Also in sections up and down",
    )


@dataclass(frozen=True)
class Apply(Apart):
    """Settings of `apply`."""

    k: int = setting(10, "Neighbours of each patch.", 1, 1000, 1, label="Neighbours", first=True)
    keep: str = setting(
        "union",
        "union joins patches where either is a neighbour of the other, mutual where both are.",
        choices=("union", "mutual"),
        label="Join",
    )
    method: str = setting(
        "auto",
        "exact compares all with all; approximate looks into the nearest lists; auto by number.",
        choices=("auto", "exact", "approximate"),
        label="Search",
    )
    spatial: bool = setting(True, "Also join what lies side by side.", label="Side by side")
    device: str = setting(
        "auto",
        "Where to compare; auto takes a graphics card, if there is one, for many patches.",
        choices=("auto", "cpu", "cuda"),
        label="Device",
    )
    seed: int = _seed("neighbours, where the search is approximate")


@dataclass(frozen=True)
class Find(Apart):
    """Settings of `find`."""

    k: int = setting(10, "How many.", 1, 100_000, 1, label="Neighbours", first=True)
    box: str = setting("", "What is wanted: IMAGE,Z,Y,X,SIZE; several with ;.", label="Like")
    not_box: str = setting("", "What is not wanted, written alike.", label="Unlike")
    rows: str = setting("", "Wanted patches by their row: 3, 17.", label="Like patches")
    not_rows: str = setting("", "Unwanted patches by their row.", label="Unlike patches")


@dataclass(frozen=True)
class Cluster(Config):
    """Settings of `cluster`."""

    method: str = setting(
        "kmeans",
        "kmeans makes so many round clusters; leiden finds communities of the graph.",
        choices=("kmeans", "leiden"),
        label="Cluster by",
        first=True,
    )
    number: int = setting(
        0, "Clusters; 0 looks how many.", 0, 10_000, 1, label="Clusters", zero="auto"
    )
    fineness: float = setting(
        1.0, "More and smaller communities with a larger number.", 0.01, 100, 0.1, label="Fineness"
    )
    seed: int = _seed("clusters")


@dataclass(frozen=True)
class Map2d(Config):
    """Settings of `map2d`."""

    method: str = setting(
        "pca",
        "pca is there at once; umap keeps neighbourhoods and takes minutes.",
        choices=("pca", "umap"),
        label="Map by",
        first=True,
    )
    neighbours: int = setting(15, "Neighbours that UMAP looks at.", 2, 1000, 1, label="Neighbours")
    distance: float = setting(
        0.1, "How close points may lie in a UMAP.", 0, 1, 0.05, label="Smallest distance"
    )
    seed: int = _seed("map")


@dataclass(frozen=True)
class Score(Config):
    """Settings of `score`."""

    k: int = setting(10, "How many neighbours.", 1, 1000, 1, label="Neighbours")
