"""Settings that all who learn or compute have in common.

A Config that inherits several of these shows the last one named first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from napari_simgraph.core.config import Config, setting

# what 0 means where it is no number
BY_STEPS, UNSET, HALF = "by steps", "not set", "half a patch"


@dataclass(frozen=True)
class Learning(Config):
    """How long and on what."""

    minutes: float = setting(
        5.0,
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
        "Passes over all labelled pixels, instead of minutes.",
        0,
        100_000,
        label="Passes",
        zero=UNSET,
    )
    steps: int = setting(
        0, "Training steps, instead of minutes.", 0, 10_000_000, label="Steps", zero=UNSET
    )
    patch: int = setting(
        192, "Side of the squares it learns from.", 32, 1024, 32, label="Patch", unit="px"
    )
    batch: int = setting(4, "Patches per step.", 1, 64, 1, label="Patches per step")
    seed: int = setting(0, "Same seed, steps and threads: same model.", 0, 2**31 - 1, label="Seed")


@dataclass(frozen=True)
class Varying(Config):
    """What should not matter."""

    flips: bool = setting(True, "Flips and quarter turns should not matter.", label="Flips")
    rotation: bool = setting(True, "Rotation should not matter.", label="Rotation")
    scaling: bool = setting(True, "Size should not matter (± 25 %).", label="Size")
    elastic: bool = setting(True, "Slight bending should not matter.", label="Bending")
    intensity: bool = setting(
        True, "Brightness, contrast and noise should not matter.", label="Brightness and noise"
    )
    damage: bool = setting(
        True,
        "Blurred, dark and missing parts of sections should not matter.",
        label="Damaged sections",
    )


@dataclass(frozen=True)
class Computing(Config):
    """Where and how to compute."""

    device: str = setting(
        "auto", "Where to compute.", choices=("auto", "cpu", "cuda", "mps"), label="Device"
    )
    threads: int = setting(
        0, "CPU threads; 0 is all cores.", 0, 1024, 1, label="CPU threads", zero="all cores"
    )
    precision: str = setting(
        "auto",
        "auto computes in bfloat16 where the hardware can, full always in float32.",
        choices=("auto", "full"),
        label="Precision",
    )


@dataclass(frozen=True)
class Scaled(Config):
    """Whether the pixel size counts."""

    scale: str = setting(
        "auto",
        "auto brings images to the pixel size of the model, off takes pixels as they are.",
        choices=("auto", "off"),
        label="Pixel size",
    )


@dataclass(frozen=True)
class LearnedScale(Scaled):
    """At which pixel size to learn."""

    pixel_size: float = setting(
        0.0,
        "Pixel size to learn at, in nm; 0 for that of the first image.",
        0,
        1_000_000,
        1,
        label="Learn at",
        unit="nm",
        zero="as first image",
    )


@dataclass(frozen=True)
class Network(Config):
    """What the U-Net is like."""

    width: int = setting(
        16, "Features of the network at full size: 16 is fast, 32 finer.", 4, 128, 4, label="Width"
    )
    depth: int = setting(
        4, "Levels of the network: each sees twice as far.", 1, 6, 1, label="Depth"
    )
    residual: bool = setting(
        False, "Residual blocks: a little slower, good for deep networks.", label="Residual blocks"
    )
    neighbours: int = setting(
        0,
        "Sections above and below that the network sees as well.",
        0,
        2,
        1,
        label="Look at neighbour sections",
    )

    def network(self, channels: int, classes: int) -> dict[str, Any]:
        """Name and options of the network for images of so many channels."""
        options = {
            "in_channels": channels * (2 * self.neighbours + 1),
            "out_channels": classes,
            "width": self.width,
            "depth": self.depth,
            "residual": self.residual,
        }
        return {"name": "unet", "options": options}


@dataclass(frozen=True)
class PixelNetwork(Network):
    """What it is like where it gives each pixel its class, and what counts."""

    holdout: str = setting(
        "auto",
        "Labelled sections kept aside to see how good it is: 18-23, auto or none.",
        label="Keep aside",
    )
    boundary: str = setting(
        "",
        "The class that separates cells; found if empty, or none.",
        label="Boundary class",
    )
    boundary_weight: float = setting(
        5.0, "How much more a boundary pixel counts.", 1, 20, 0.5, label="Weight of the boundary"
    )
    dice: float = setting(
        0.5,
        "Weight of Dice beside cross-entropy: 0 is cross-entropy alone.",
        0,
        5,
        0.1,
        label="Dice",
    )
    networks: int = setting(
        1,
        "Networks that learn side by side and answer together: two part cells better than one that "
        "learned as long, and take twice the time to segment.",
        1,
        8,
        1,
        label="Networks",
    )

    def network(self, channels: int, classes: int) -> dict[str, Any]:
        """See `Network.network`."""
        made = super().network(channels, classes)
        if self.networks > 1:
            made["options"] |= {"members": self.networks}
        return made
