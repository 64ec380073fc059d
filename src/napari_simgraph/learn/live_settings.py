"""Settings of a live session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from napari_simgraph.core.config import setting
from napari_simgraph.learn.settings import Computing, Network, Varying


@dataclass(frozen=True)
class LiveLearning(Computing, Varying, Network):
    """How to learn beside somebody who paints."""

    patch: int = setting(
        128, "Side of the squares it learns from.", 32, 1024, 32, label="Patch", unit="px"
    )
    batch: int = setting(4, "Patches per step.", 1, 64, 1, label="Patches per step")
    rate: float = setting(3e-3, "Learning rate of the U-Net.", 1e-5, 0.1, label="Learning rate")
    rest: int = setting(
        1500,
        "Steps of the U-Net after a stroke, then it waits for the next.",
        0,
        1_000_000,
        100,
        label="Steps after a stroke",
    )
    drawn: bool = setting(
        True,
        "Begin with what was learned from drawn tissue; of grey pictures only.",
        label="Knows drawn tissue",
    )
    boundary: str = setting(
        "",
        "The class that separates cells; found if empty, or none.",
        label="Boundary class",
    )
    seed: int = setting(
        0, "Same strokes, steps and threads: same answers.", 0, 2**31 - 1, label="Seed"
    )

    def network(self, channels: int, classes: int) -> dict[str, Any]:
        """See `Network.network`; with filters, since there are only strokes to learn from."""
        network = super().network(channels, classes)
        return network | {"options": network["options"] | {"filtered": True}}
