"""Dense network: every pixel of a patch to every hidden neuron, and those to the classes.

References
----------
.. [1] Rumelhart, Hinton, Williams, Learning representations by back-propagating errors, Nature
   323 (1986) 533-536, figure 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from napari_simgraph.nets.unet import Reach


class Dense(nn.Module):
    """Scores ``(N, classes)`` of patches of one size, before softmax.

    Parameters
    ----------
    classes, in_channels
        Scores in the end; channels of a patch.
    patch
        Its side in pixels.
    hidden
        Neurons between pixels and classes.
    """

    def __init__(self, classes: int, in_channels: int, patch: int, hidden: int) -> None:
        super().__init__()
        self.inner = nn.Linear(in_channels * patch * patch, hidden)
        self.rectify = nn.ReLU()
        self.head = nn.Linear(hidden, classes)

    def features(self, x: Tensor) -> Tensor:
        """The hidden neurons ``(N, hidden)``."""
        flat = x.contiguous().flatten(1)  # channels first, whatever the order in memory
        inner: Tensor = self.rectify(self.inner(flat))
        return inner

    def forward(self, x: Tensor) -> Tensor:
        """Scores of patches ``(N, C, patch, patch)``."""
        scores: Tensor = self.head(self.features(x))
        return scores

    def fold(self) -> None:
        """Nothing: it has no normalisation."""


def build(classes: int, in_channels: int, patch: int, hidden: int = 128) -> Dense:
    """A dense network."""
    return Dense(classes, in_channels, patch, hidden)


def reach(options: Mapping[str, Any]) -> Reach:
    """It looks at whole patches of its own size."""
    return Reach(0, 1)
