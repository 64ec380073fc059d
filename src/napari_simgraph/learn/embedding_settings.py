"""Settings of an embedding: what is learned, from what, and how patches lie.

A Config that inherits several of these shows the last one named first.
"""

from __future__ import annotations

from dataclasses import dataclass

from napari_simgraph.core.config import Config, setting
from napari_simgraph.learn.settings import BY_STEPS, HALF, UNSET, Learning
from napari_simgraph.learn.view_settings import AUTO, IGNORED, KINDS


@dataclass(frozen=True)
class PatchLearning(Learning):
    """How long to learn, and from which patches."""

    minutes: float = setting(
        5.0,
        "How long to learn; 0 takes the network as it is.",
        0,
        10_000,
        1,
        label="Learn for",
        first=True,
        unit="min",
        zero=BY_STEPS,
    )
    epochs: int = setting(
        0,
        "Passes over all patches, instead of minutes.",
        0,
        100_000,
        label="Passes",
        zero=UNSET,
    )
    early: float = setting(
        0.0,
        "After so long some patches can be looked at while it learns; 0 never.",
        0,
        100_000,
        5,
        label="Early answer after",
        unit="s",
        zero="never",
    )
    patch: int = setting(
        64, "Side of a patch: what is compared.", 8, 1024, 8, label="Patch", first=True, unit="px"
    )
    batch: int = setting(128, "Patches per step.", 2, 4096, 2, label="Patches per step")


@dataclass(frozen=True)
class Method(Config):
    """What should not matter, and how two views are compared."""

    ignore: str = setting(
        AUTO,
        f"What should not matter: some of {', '.join(IGNORED)}, or none; auto: by kind of image.",
        label="Should not matter",
        first=True,
    )
    views: str = setting(
        "auto",
        "How much is varied: as for EM, slides, digits, or upright things; auto tells the first 3.",
        choices=("auto", *KINDS),
        label="Kind of image",
    )
    strength: float = setting(1.0, "How much it is varied.", 0, 3, 0.1, label="How much")
    nearby: bool = setting(
        True, "What lies beside a patch, or in the next section, is like it.", label="Nearby alike"
    )
    loss: str = setting(
        "ntxent", "How two views are compared.", choices=("ntxent", "vicreg"), label="Compare by"
    )
    rate: float = setting(3e-3, "Highest learning rate.", 1e-6, 1, 1e-4, label="Learning rate")


@dataclass(frozen=True)
class Network(Config):
    """What describes a patch."""

    network: str = setting(
        "cnn",
        "A small network of our own, or a ResNet.",
        choices=("cnn", "resnet18", "resnet34", "resnet50"),
        label="Network",
    )
    weights: str = setting(
        "random",
        "Where a ResNet begins; those of ImageNet are downloaded once.",
        choices=("random", "imagenet"),
        label="Begin with",
    )
    width: int = setting(16, "Features of the small network at first.", 4, 128, 4, label="Width")
    depth: int = setting(4, "Levels of the small network.", 1, 6, 1, label="Depth")
    dimensions: int = setting(128, "Numbers per patch in the end.", 2, 4096, 2, label="Numbers")
    whitening: str = setting(
        "auto",
        "full makes all directions equally long, none leaves them; auto: full for digits only.",
        choices=("auto", "full", "half", "none"),
        label="Whitening",
    )


@dataclass(frozen=True)
class Background(Config):
    """Whether patches that show nothing are left out."""

    background: str = setting(
        "auto",
        "auto leaves out glass and what was filled in, keep takes every patch.",
        choices=("auto", "keep"),
        label="Background",
    )


@dataclass(frozen=True)
class Stain(Config):
    """Whether dyes are brought to the same colours."""

    stain: str = setting(
        "keep",
        "macenko brings the dyes of all slides to the same colours, keep leaves them.",
        choices=("keep", "macenko"),
        label="Stain colours",
    )


@dataclass(frozen=True)
class PatchTiling(Config):
    """How patches lie, and what describes them."""

    stride: int = setting(
        0,
        "Distance of patches, in pixels of the model; 0 is half a patch.",
        0,
        4096,
        8,
        label="Distance",
        first=True,
        unit="px",
        zero=HALF,
    )
    features: str = setting(
        "learned",
        "What the model learned, or, to compare with, its network untrained, or plain features.",
        choices=("learned", "untrained", "pixels", "statistics"),
        label="Features",
    )
    compare: bool = setting(
        False,
        "Also keep the other features beside these, so that score tells what learning gained.",
        label="Keep plain features to compare",
    )
