"""Settings of anomalies: what is hidden while learning, and how what is odd is scored.

A Config that inherits several of these shows the last one named first.
"""

from __future__ import annotations

from dataclasses import dataclass

from napari_simgraph.core.config import Config, setting
from napari_simgraph.learn.settings import BY_STEPS, Learning


@dataclass(frozen=True)
class NormalLearning(Learning):
    """How long to learn, and from which crops."""

    minutes: float = setting(
        10.0,
        "How long to learn; 0 where steps say it.",
        0,
        10_000,
        1,
        label="Learn for",
        first=True,
        unit="min",
        zero=BY_STEPS,
    )
    patch: int = setting(
        128, "Side of the squares it learns from.", 32, 1024, 32, label="Patch", unit="px"
    )
    batch: int = setting(8, "Squares per step.", 1, 1024, 1, label="Squares per step")
    rate: float = setting(2e-3, "Highest learning rate.", 1e-6, 1, 1e-4, label="Learning rate")


@dataclass(frozen=True)
class Pretext(Config):
    """What the network has to do, so that it learns what is normal."""

    pretext: str = setting(
        "mae",
        "Fill gaps (mae), repaint holes, colour from grey, or all of them.",
        choices=("mae", "inpainting", "colorization", "all"),
        label="Learn by",
        first=True,
    )
    hidden: int = setting(
        75, "Share hidden at most while learning.", 25, 95, 5, label="Hidden", unit="%"
    )
    tile: int = setting(
        16, "Side of a hidden part: at least that of a defect.", 8, 64, 8, label="Gap", unit="px"
    )
    repair: float = setting(
        0.6, "Share of squares with odd parts to be mended.", 0, 0.9, 0.1, label="Mend"
    )
    flips: str = setting(
        "auto",
        "Whether flips should not matter; auto: where pictures aren't aligned, or look the same.",
        choices=("auto", "on", "off"),
        label="Flips",
    )


@dataclass(frozen=True)
class Redrawer(Config):
    """What the network of mae is like."""

    network: str = setting(
        "auto",
        "conv is quick on a CPU, vit is for a GPU; auto looks which there is.",
        choices=("auto", "conv", "vit"),
        label="Network",
    )
    width: int = setting(48, "Features of the network.", 16, 1024, 16, label="Width")
    depth: int = setting(3, "Levels, or layers of vit.", 2, 24, 1, label="Depth")


@dataclass(frozen=True)
class Judging(Config):
    """How a map is made of what was redrawn."""

    features: bool = setting(
        True,
        "Also compare texture, and what the network sees, with what is normal.",
        label="Compare features",
    )
    aligned: str = setting(
        "auto",
        "Whether each place has its own normal, as where objects are photographed alike.",
        choices=("auto", "on", "off"),
        label="Same place in each picture",
    )
    light: str = setting(
        "auto",
        "Whether each section is judged by its own light and contrast; auto: those of stacks.",
        choices=("auto", "each", "together"),
        label="Light",
    )


@dataclass(frozen=True)
class Looking(Config):
    """How thoroughly to look."""

    speed: str = setting(
        "full",
        "full hides each place twice, in parts of two sizes; fast only mends the picture.",
        choices=("full", "fast"),
        label="How thoroughly",
        first=True,
    )
    expected: bool = setting(
        False,
        "Also give the picture that was expected, and what was hidden.",
        label="Expected",
    )
    background: str = setting(
        "auto",
        "auto leaves out glass and what was filled in, keep looks everywhere.",
        choices=("auto", "keep"),
        label="Background",
    )
