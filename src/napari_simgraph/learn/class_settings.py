"""Settings of classification: what is seen, by which network, and how rare classes are treated.

A Config that inherits several of these shows the last one named first.
"""

from __future__ import annotations

from dataclasses import dataclass

from napari_simgraph.core.config import Config, setting
from napari_simgraph.learn.settings import BY_STEPS, HALF, UNSET, Learning
from napari_simgraph.learn.view_settings import KINDS


@dataclass(frozen=True)
class ClassLearning(Learning):
    """How long to learn, and from which pictures."""

    minutes: float = setting(
        3.0,
        "How long to learn; 0 where steps or passes say it.",
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
        "Passes over all pictures, instead of minutes.",
        0,
        100_000,
        label="Passes",
        zero=UNSET,
    )
    patch: int = setting(
        64, "Side of a patch, where patches of images are classified.", 8, 1024, 8, label="Patch"
    )
    size: int = setting(
        0,
        "Side of the picture that the network sees; 0 for that of patches, 128 px at most.",
        0,
        1024,
        8,
        label="Picture size",
        first=True,
        unit="px",
        zero="auto",
    )
    batch: int = setting(64, "Pictures per step.", 2, 4096, 2, label="Pictures per step")
    rate: float = setting(3e-3, "Highest learning rate.", 1e-6, 1, 1e-4, label="Learning rate")


@dataclass(frozen=True)
class Varied(Config):
    """What should not matter."""

    views: str = setting(
        "auto",
        "As for EM, stained slides, digits, upright things, or none; auto tells the first three.",
        choices=("auto", *KINDS, "none"),
        label="What should not matter",
    )
    strength: float = setting(1.0, "How much it is varied.", 0, 3, 0.1, label="How much")


@dataclass(frozen=True)
class ClassNetwork(Config):
    """What tells classes apart."""

    network: str = setting(
        "cnn",
        "A small CNN, EfficientNet, a ResNet, or a dense one for comparison; or that of --start.",
        choices=("cnn", "dense", "efficientnet-lite0", "resnet18", "resnet34", "resnet50"),
        label="Network",
        first=True,
    )
    weights: str = setting(
        "random",
        "Where EfficientNet or a ResNet begins; those of ImageNet are downloaded once.",
        choices=("random", "imagenet"),
        label="Begin with",
    )
    layers: str = setting(
        "all",
        "All, or the last alone where others know something: seconds, and few pictures do.",
        choices=("all", "last"),
        label="Layers that learn",
    )
    width: int = setting(16, "Features of the small CNN at first.", 4, 128, 4, label="Width")
    depth: int = setting(4, "Levels of the small CNN.", 1, 6, 1, label="Depth")
    hidden: int = setting(
        128, "Neurons just before the classes.", 2, 4096, 2, label="Hidden neurons"
    )


@dataclass(frozen=True)
class Unequal(Config):
    """What happens where some classes have many pictures and others few."""

    unequal: str = setting(
        "balance",  # 0.991 against 0.985 on MNIST cut 1 : 100 (docs/benchmarks.md)
        "balance shows all equally often, adjust corrects for how common they are, "
        "plain does nothing.",
        choices=("balance", "adjust", "plain"),
        label="Rare classes",
        first=True,
    )
    fewer: int = setting(
        8,
        "Classes with fewer pictures can't be learned; they go by likeness.",
        0,
        1000,
        1,
        label="By likeness below",
        first=True,
        unit="pictures",
        zero="never",
    )
    augment_below: int = setting(
        0,
        "Classes with fewer pictures are shown as if they had so many, each time varied.",
        0,
        1_000_000,
        10,
        label="Augment classes below",
        unit="pictures",
        zero="never",
    )
    holdout: float = setting(
        0.2, "Share of each class that is kept aside.", 0, 0.9, 0.05, label="Keep aside"
    )
    compare: bool = setting(
        True,
        "Where classes are unequal, also learn a plain network; it takes half of the time.",
        label="Compare with a plain network",
    )


@dataclass(frozen=True)
class Given(Config):
    """Where classes of patches come from."""

    column: str = setting(
        "class", "Which column of the table holds the classes: class, cluster …", label="Column"
    )
    share: float = setting(
        0.5,
        "Of what is painted in a patch, so much must be of one class.",
        0.001,
        1,
        0.05,
        label="Share of a patch",
    )


@dataclass(frozen=True)
class Tiled(Config):
    """How patches of an image lie that is to be classified."""

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
    average: str = setting(
        "auto",
        "Mean over flips and quarter turns; auto where they should not matter.",
        choices=("auto", "none"),
        label="Average over flips and turns",
    )
