"""Masked autoencoder of a vision transformer: for a GPU; it looks at one window at a time.

References
----------
.. [1] He et al., Masked autoencoders are scalable vision learners, CVPR 2022, arXiv:2111.06377,
   figure 1 and section 3: hidden squares are left out of the encoder, a small decoder redraws.
.. [2] Dosovitskiy et al., An image is worth 16 x 16 words, ICLR 2021, arXiv:2010.11929, section
   3.1; positions are sines and cosines as in Vaswani et al., arXiv:1706.03762, section 3.5.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_simgraph.nets.unet import Reach

SQUARE = 8  # px; hidden parts are made of whole squares
_HEAD = 32  # features of a head of attention


class Attending(nn.Module):
    """One layer of a transformer, normalised before attention and before its two dense layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = max(1, width // _HEAD)
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask = nn.Linear(width, 3 * width)
        self.answer = nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Squares ``(N, T, width)``; those that are not `seen` ``(N, T)`` tell nothing."""
        n, count, width = x.shape
        parts = self.ask(self.before(x)).view(n, count, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mask = None if seen is None else seen[:, None, None, :]
        told = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        x = x + self.answer(told.transpose(1, 2).reshape(n, count, width))
        dense: Tensor = self.narrow(functional.gelu(self.wide(self.between(x))))
        return x + dense


class ViTMAE(nn.Module):
    """Pixels redrawn from a picture whose hidden parts are 0, and what does not belong in it.

    Parameters
    ----------
    channels
        Of the picture.
    window
        Side in pixels of what it looks at in one go; a multiple of 8.
    width, depth
        Features of a square, and layers of the encoder.
    """

    def __init__(self, channels: int, window: int, width: int, depth: int) -> None:
        super().__init__()
        self.window, self.width = window, width
        self.read = nn.Linear(channels * SQUARE**2, width)
        self.encoder = nn.ModuleList(Attending(width) for _ in range(depth))
        self.end = nn.LayerNorm(width)
        # a learned vector for what is hidden; as weights of a layer, which are drawn from the seed
        self.hidden = nn.Linear(1, width, bias=False)
        self.decoder = nn.ModuleList(Attending(width) for _ in range(max(1, depth // 4)))
        self.last = nn.LayerNorm(width)
        self.write = nn.Linear(width, (channels + 1) * SQUARE**2)

    def fold(self) -> None:
        """Nothing: it has no normalisations that could be taken into other layers."""

    def stages(self, x: Tensor) -> list[Tensor]:
        """Features of the squares after the encoder, on their grid."""
        windows, grid = self._windows(x)
        squares, _ = self._squares(windows)
        encoded = self._encode(squares, None)
        return [self._joined(encoded, grid, 1)]

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C + 1, Y, X)`` of as many, see `pretexts.Redrawn`; whole windows."""
        windows, grid = self._windows(x)
        squares, hidden = self._squares(windows)
        order = hidden.int().argsort(dim=1, stable=True)
        count = max(1, int((~hidden).sum(1).max()))
        kept = order[:, :count]
        places = kept[..., None].expand(-1, -1, self.width)
        seen = ~hidden.gather(1, kept)
        seen[:, 0] |= ~seen.any(1)  # a window that is all hidden would ask nobody
        told = self._encode(squares.gather(1, places), seen)
        empty = self.hidden(squares.new_ones(1)) + self._positions(squares)
        whole = empty.expand(len(squares), -1, -1).to(told.dtype)
        told = torch.where(seen[..., None], told, whole.gather(1, places))
        whole = whole.scatter(1, places, told)
        for layer in self.decoder:
            whole = layer(whole)
        return self._joined(self.write(self.last(whole)), grid, SQUARE)

    def _encode(self, squares: Tensor, seen: Tensor | None) -> Tensor:
        for layer in self.encoder:
            squares = layer(squares, seen)
        encoded: Tensor = self.end(squares)
        return encoded

    def _windows(self, x: Tensor) -> tuple[Tensor, tuple[int, int, int]]:
        """Windows ``(N * rows * columns, C + 1, W, W)`` and how many there are."""
        n, c, height, width = x.shape
        rows, columns = height // self.window, width // self.window
        parts = x.reshape(n, c, rows, self.window, columns, self.window)
        parts = parts.permute(0, 2, 4, 1, 3, 5)
        return parts.reshape(-1, c, self.window, self.window), (n, rows, columns)

    def _squares(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Squares ``(N, T, width)`` with their positions, and whether they are hidden."""
        pixels = functional.pixel_unshuffle(windows[:, :-1], SQUARE).flatten(2).transpose(1, 2)
        hidden = functional.avg_pool2d(windows[:, -1:], SQUARE).flatten(1) > 0.5
        squares = self.read(pixels)
        return squares + self._positions(squares), hidden

    def _joined(self, values: Tensor, grid: tuple[int, int, int], side: int) -> Tensor:
        """Values of squares as pictures again, each square `side` pixels wide."""
        n, rows, columns = grid
        across = self.window // SQUARE
        parts = values.transpose(1, 2).reshape(len(values), -1, across, across)
        parts = functional.pixel_shuffle(parts, side)
        edge = parts.shape[-1]
        parts = parts.reshape(n, rows, columns, -1, edge, edge).permute(0, 3, 1, 4, 2, 5)
        return parts.reshape(n, -1, rows * edge, columns * edge)

    def _positions(self, squares: Tensor) -> Tensor:
        """Sines and cosines of row and column ``(T, width)``."""
        across, quarter = self.window // SQUARE, self.width // 4
        place = torch.arange(across, device=squares.device, dtype=torch.float32)
        speed = torch.arange(quarter, device=squares.device, dtype=torch.float32) / quarter
        angle = place[:, None] / 10_000**speed  # as in the paper: waves of 6 to 60 000 squares
        line = torch.cat([angle.sin(), angle.cos()], 1)
        rows = line[:, None].expand(-1, across, -1)
        columns = line[None].expand(across, -1, -1)
        both = torch.cat([rows, columns], 2).reshape(across * across, -1)
        return both.to(squares.dtype)


def reach(window: int) -> Reach:
    """It looks at one window and no farther."""
    return Reach(0, window)
