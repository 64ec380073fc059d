"""Settings of signatures: which layers of what, groups of them, and what is compared.

A Config that inherits several of these shows the last one named first.
"""

from __future__ import annotations

from dataclasses import dataclass

from napari_simgraph.core.config import Config, setting
from napari_simgraph.learn.embedding_settings import Background
from napari_simgraph.learn.settings import HALF, Computing, Scaled


@dataclass(frozen=True)
class Built(Config):
    """How a network is made of weights that lie in a file."""

    builder: str = setting(
        "",
        "Of weights in a file: a network of torchvision (resnet18), or one of ours with its "
        "options (unet:in_channels=1,out_channels=2).",
        label="Network of the weights",
    )


@dataclass(frozen=True)
class Recording(Built):
    """What is recorded, and where."""

    patch: int = setting(
        0,
        "Side of a patch; 0 takes that of the network, 64 where it has none.",
        0,
        4096,
        8,
        label="Patch",
        unit="px",
        zero="auto",
    )
    layers: str = setting(
        "",
        "Names of layers, a,b,c; all for each module; empty for the end of each stage.",
        label="Layers",
        first=True,
    )
    stride: int = setting(
        0,
        "Distance of patches, in pixels of the model; 0 is half a patch.",
        0,
        4096,
        8,
        label="Distance",
        unit="px",
        zero=HALF,
    )


@dataclass(frozen=True)
class Apply(Computing, Scaled, Background, Recording):
    """Settings of `apply`."""


@dataclass(frozen=True)
class Layers(Built):
    """Settings of `layers`."""

    patch: int = setting(
        0,
        "Side of a patch; 0 takes that of the network, 64 where it has none.",
        0,
        4096,
        8,
        label="Patch",
        unit="px",
        zero="auto",
    )


@dataclass(frozen=True)
class Cluster(Config):
    """Settings of `cluster`."""

    number: int = setting(
        0,
        "How many groups; 0 tries 2 to 20 and says so if no number is stable.",
        0,
        500,
        1,
        label="Groups",
        zero="suggest",
        first=True,
    )
    layer: str = setting(
        "", "The layer whose values are grouped; empty for all of them together.", label="Layer"
    )
    resamples: int = setting(
        20, "How often groups are looked for in another half.", 2, 200, 1, label="Resamplings"
    )
    shuffles: int = setting(
        999, "Shuffles of the classes, to tell chance.", 19, 99_999, 10, label="Shuffles"
    )
    seed: int = setting(0, "Same seed, same groups.", 0, 2**31 - 1, label="Seed")


@dataclass(frozen=True)
class Sides(Config):
    """What is compared with what."""

    a: str = setting("", "Class or group A.", label="A", first=True)
    b: str = setting("", "Class or group B; empty is all the rest.", label="B", first=True)
    by: str = setting("class", "The column that A and B are words of.", label="Column")


@dataclass(frozen=True)
class Compare(Sides):
    """Settings of `compare`."""

    seed: int = setting(0, "Of the patches that are looked at.", 0, 2**31 - 1, label="Seed")


@dataclass(frozen=True)
class Ablate(Computing, Built, Sides):
    """Settings of `ablate`."""

    top: int = setting(
        10, "How many neurons are switched off.", 1, 100_000, 1, label="Switch off", first=True
    )
    layer: str = setting("", "Only neurons of this layer.", label="Layer")
    draws: int = setting(
        5, "How often as many random ones are switched off instead.", 1, 200, 1, label="Draws"
    )
    most: int = setting(
        500, "Patches of either side that are looked at again.", 10, 100_000, 10, label="Patches"
    )
    seed: int = setting(0, "Of the random ones.", 0, 2**31 - 1, label="Seed")


@dataclass(frozen=True)
class Unlike(Config):
    """Settings of `unlike`."""

    layer: str = setting(
        "", "The layer whose values are compared; empty for the last but one.", label="Layer"
    )
    method: str = setting(
        "neighbours",
        "neighbours: how far the nearest training patches are; mahalanobis: how far from the "
        "middle of the nearest class, in spreads.",
        choices=("neighbours", "mahalanobis"),
        label="Distance",
        first=True,
    )
    k: int = setting(10, "Which neighbour counts.", 1, 1000, 1, label="Neighbour")
    seed: int = setting(0, "Of the patches kept aside.", 0, 2**31 - 1, label="Seed")
