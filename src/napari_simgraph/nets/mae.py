"""Convolutional masked autoencoder: redraws hidden parts of a picture, quick on a CPU.

A U-Net on squares of 4 x 4 pixels: nearly all of the work of a U-Net is done at full size, where a
hidden part is best seen from afar. There is no way past the squares, so nothing can be copied
pixel by pixel.

References
----------
.. [1] He et al., Masked autoencoders are scalable vision learners, CVPR 2022, arXiv:2111.06377,
   figure 1 (the picture with hidden parts goes in, the hidden parts come out).
.. [2] Gao et al., ConvMAE: masked convolution meets masked autoencoders, NeurIPS 2022,
   arXiv:2205.03892, section 3 (convolutions in place of attention).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from napari_simgraph.nets.unet import Reach, UNet
from napari_simgraph.nets.unet import reach as unet_reach

SQUARE = 4  # px; finer ones cost as much as a U-Net, coarser ones blur what they redraw


class ConvMAE(nn.Module):
    """Pixels redrawn from a picture whose hidden parts are 0, and what does not belong in it.

    Parameters
    ----------
    channels
        Of the picture.
    width, depth
        Features of a square, doubled with each level; levels.
    """

    def __init__(self, channels: int, width: int, depth: int) -> None:
        super().__init__()
        numbers = SQUARE**2 * (channels + 1)
        self.unet = UNet(numbers, numbers, (width, depth), residual=True)

    def fold(self) -> None:
        """See `UNet.fold`."""
        self.unet.fold()

    def stages(self, x: Tensor) -> list[Tensor]:
        """Features of squares, of squares of two by two of them, and so on."""
        return self.unet.stages(functional.pixel_unshuffle(x, SQUARE))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C + 1, Y, X)`` of as many: see `pretexts.Redrawn`; the last is 1 where hidden."""
        return self.finished(self.stages(x))

    def finished(self, stages: Sequence[Tensor]) -> Tensor:
        """The same from `stages`, for who needs both."""
        return functional.pixel_shuffle(self.unet.finished(stages), SQUARE)


def reach(depth: int) -> Reach:
    """How far it looks: as far as its U-Net, counted in squares."""
    squares = unet_reach({"depth": depth})
    return Reach(SQUARE * (squares.radius + 1), SQUARE * squares.stride)
