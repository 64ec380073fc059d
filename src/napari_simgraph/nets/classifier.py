"""Classifier: an encoder's features of all stages, and the scores of classes from them.

References
----------
.. [1] He et al., Deep residual learning, CVPR 2016, arXiv:1512.03385, section 3.3 (global mean,
   then one layer).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from napari_simgraph.nets import encoder
from napari_simgraph.nets.unet import Reach


class Classifier(nn.Module):
    """Scores ``(N, classes)`` of patches, before softmax.

    Parameters
    ----------
    siamese
        Whose encoder describes a patch; its head is not used.
    classes, hidden
        Scores in the end, and features just before them; 0 for those of the encoder themselves.
    peaks
        Whether the largest values count beside mean and spread: what is small shows there alone.
    """

    def __init__(
        self, siamese: encoder.Siamese, classes: int, hidden: int, peaks: bool = False
    ) -> None:
        super().__init__()
        self.encoder: Any = siamese.encoder
        self.peaks = peaks
        wide = (3 if peaks else 2) * sum(siamese.encoder.widths)
        more = [nn.Linear(wide, hidden, bias=False), nn.BatchNorm1d(hidden)] if hidden else []
        self.inner = nn.Sequential(nn.BatchNorm1d(wide), *more)
        self.rectify = nn.ReLU() if hidden else nn.Identity()
        self.head = nn.Linear(hidden or wide, classes)

    def features(self, x: Tensor) -> Tensor:
        """What stands before the scores, ``(N, hidden)``."""
        pooled = encoder.pooled(self.encoder(x), self.peaks)
        inner: Tensor = self.rectify(self.inner(pooled))
        return inner

    def forward(self, x: Tensor) -> Tensor:
        """Scores of patches ``(N, C, Y, X)``."""
        scores: Tensor = self.head(self.features(x))
        return scores

    def fold(self) -> None:
        """Take the normalisations of the encoder into its convolutions."""
        self.encoder.fold()


def build(
    classes: int,
    in_channels: int,
    backbone: str = "cnn",
    hidden: int = 128,
    peaks: bool = False,
    **cnn: Any,
) -> Classifier:
    """A classifier; `cnn` are width, depth and residual of the backbone ``cnn``."""
    return Classifier(encoder.build(backbone, in_channels, **cnn), classes, hidden, peaks)


def reach(options: Mapping[str, Any]) -> Reach:
    """It looks at whole patches: no farther, and of any size from 16 px on."""
    return Reach(0, 1)
