"""Settings of areas of interest: what is looked for, how it is learned, what is outlined."""

from __future__ import annotations

from dataclasses import dataclass

from napari_simgraph.core.config import Config, setting
from napari_simgraph.learn.settings import UNSET

WAYS = ("auto", "clicks", "groups", "normal", "sage", "gat")


@dataclass(frozen=True)
class Wanted(Config):
    """What marks mean."""

    wanted: str = setting(
        "", "The class looked for; empty for the first one marked.", label="Looked for", first=True
    )
    share: float = setting(
        0.5,
        "Of what is painted in a patch, so much must be of the class.",
        0.001,
        1,
        0.05,
        label="Share of a patch",
    )


@dataclass(frozen=True)
class Linked(Config):
    """How much either kind of link counts."""

    alike: float = setting(
        0.5, "Weight of links between patches that are alike.", 0, 1, 0.1, label="Links: alike"
    )
    nearby: float = setting(
        0.5,
        "Weight of links between patches side by side, in x, y and z.",
        0,
        1,
        0.1,
        label="Links: side by side",
    )

    @property
    def shares(self) -> dict[str, float]:
        """By kind of edge."""
        return {"similarity": self.alike, "spatial": self.nearby}


@dataclass(frozen=True)
class Way(Config):
    """How areas are found, and how long that may take."""

    way: str = setting(
        "auto",
        "clicks: answered at once; groups: without labels; normal: what is unlike a reference; "
        "sage, gat: a graph network from many marks; auto looks at the marks.",
        choices=WAYS,
        label="Way",
        first=True,
    )
    minutes: float = setting(
        2.0, "How long a network learns.", 0, 10_000, 1, label="Learn for", first=True, unit="min"
    )
    steps: int = setting(
        0, "Training steps, instead of minutes.", 0, 10_000_000, label="Steps", zero=UNSET
    )
    groups: int = setting(20, "Groups of alike patches.", 2, 1000, 1, label="Groups")
    width: int = setting(64, "Features within the graph network.", 4, 1024, 4, label="Width")
    hops: int = setting(2, "How many links away it looks.", 1, 4, 1, label="Links away")
    batch: int = setting(256, "Patches per step.", 2, 8192, 2, label="Patches per step")
    rate: float = setting(3e-3, "Highest learning rate.", 1e-6, 1, 1e-4, label="Learning rate")
    seed: int = setting(0, "Same seed, steps and threads: same model.", 0, 2**31 - 1, label="Seed")


@dataclass(frozen=True)
class Shown(Config):
    """Which answer is shown."""

    group: int = setting(
        1, "Which group counts as interesting, by its rank.", 1, 1000, 1, label="Group", first=True
    )


@dataclass(frozen=True)
class Outlining(Config):
    """What is outlined, and as what."""

    above: float = setting(
        0.7, "Patches that score more are outlined.", 0, 1, 0.01, label="Outline above", first=True
    )
    least: int = setting(
        1,
        "Smaller areas are left out.",
        1,
        1_000_000,
        1,
        label="Smallest",
        first=True,
        unit="patches",
    )
    output: str = setting(
        "outlines",
        "outlines are GeoJSON that QuPath reads; labels are an image of area numbers.",
        choices=("outlines", "labels"),
        label="As",
    )
    name: str = setting("interesting", "What the areas are called.", label="Called")
