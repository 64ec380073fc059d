"""Odd parts: in which ways a picture differs from the one that was expected, cell by cell.

References
----------
.. [1] Xue, Zhang, Mou, Bovik, Gradient magnitude similarity deviation, IEEE TIP 2014,
   arXiv:1308.3052, eq. 4.
.. [2] Wang, Bovik, Sheikh, Simoncelli, Image quality assessment: from error visibility to
   structural similarity, IEEE TIP 2004, eq. 13.
.. [3] Zavrtanik, Kristan, Skocaj, RIAD, Pattern Recognition 2021, section 3.3 (gradients compared
   at several scales).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

PARTS = ("squared", "gradient", "structure")
CELL = 4  # px; parts are blurred afterwards, so means of such cells tell all
_SCALES = 3  # full, half and quarter size
_RANGE = 5.0  # spreads from dark to bright: what the constants of both papers are a share of
_GRADIENT = 0.0026 * _RANGE**2  # of [1], where pictures go from 0 to 1
_LIGHT, _CONTRAST = (0.01 * _RANGE) ** 2, (0.03 * _RANGE) ** 2  # C1 and C2 of [2]
_WINDOW = 3  # cells: 12 px, where [2] has 11
REACH = 2 * CELL  # px beyond a cell from which its values come, at most
ROWS = 64  # px of a strip: what is computed of it stays in the caches of a CPU


def compared(x: Tensor, pictures: Sequence[Tensor]) -> list[Tensor]:
    """How a picture ``(N, C, Y, X)`` differs from each of several; see `PARTS`.

    Each ``(N, 3, Y / 4, X / 4)``, means of cells; Y and X are multiples of a cell.
    """
    height = x.shape[-2]
    rows = height if x.is_cuda else ROWS
    strips = [_strip(x, pictures, top, min(top + rows, height)) for top in range(0, height, rows)]
    return [torch.cat(parts, 2) for parts in zip(*strips, strict=True)]


def _strip(x: Tensor, pictures: Sequence[Tensor], top: int, stop: int) -> list[Tensor]:
    """The same of some rows."""
    first, last = max(0, top - CELL), min(x.shape[-2], stop + CELL)
    own = slice((top - first) // CELL, (stop - first) // CELL)
    x = x[..., first:last, :]
    grey = x.mean(1, keepdim=True)
    steep, cells = _steepness(grey), _cells(grey)
    found = []
    for picture in pictures:
        other = picture[..., first:last, :]
        squared = pooled((x - other).square_(), CELL).mean(1, keepdim=True)
        light = other.mean(1, keepdim=True)
        edges = gradients(steep, _steepness(light))
        both = pooled(grey * light, CELL)
        form = structure(torch.cat([cells, _cells(light), both], 1))
        found.append(torch.cat([squared, edges, form], 1)[..., own, :])
    return found


def gradients(x: Sequence[Tensor], y: Sequence[Tensor]) -> Tensor:
    """1 less the similarity of gradients [1]_, the mean of several scales; of cells.

    `x` and `y` are the squared lengths of gradients at full, half and quarter size.
    """
    total: Tensor | float = 0.0
    for scale, (a, b) in enumerate(zip(x, y, strict=True)):
        alike = (a * b).sqrt_().mul_(2).add_(_GRADIENT).div_((a + b).add_(_GRADIENT))
        total = total + 1 - pooled(alike, CELL >> scale)
    return total / _SCALES  # type: ignore[return-value]


def structure(cells: Tensor) -> Tensor:
    """Half of 1 less the structural similarity [2]_, from means of x, xx, y, yy, xy of cells."""
    half = _WINDOW // 2
    means = functional.avg_pool2d(cells, _WINDOW, 1, half, count_include_pad=False)
    a, aa, b, bb, ab = means.chunk(5, 1)
    light = (2 * a * b + _LIGHT) / (a * a + b * b + _LIGHT)
    spread = (aa - a * a + bb - b * b).clamp_min(0)
    form = (2 * (ab - a * b) + _CONTRAST) / (spread + _CONTRAST)
    return (1 - light * form) / 2


def smooth(values: Tensor, sigma: float) -> Tensor:
    """Values ``(N, P, Y, X)`` blurred with a Gaussian of what is inside; never in half precision.

    Borders aren't repeated: the outermost cells would tell of little but themselves. A network's
    precision of eight bits would drown how uneven a flat place is.
    """
    radius = max(1, round(3 * sigma))
    places = torch.arange(-radius, radius + 1, dtype=values.dtype, device=values.device)
    line = torch.exp(-0.5 * (places / sigma) ** 2)
    with torch.autocast(values.device.type, enabled=False):
        down = _blurred(values.transpose(2, 3), line / line.sum())
        return _blurred(down.transpose(2, 3), line / line.sum())


def _blurred(values: Tensor, line: Tensor) -> Tensor:
    """Means along the last axis, weighted by a line, of what lies inside."""
    kernel, reach = line.expand(values.shape[1], 1, 1, -1), (0, len(line) // 2)
    found = functional.conv2d(values, kernel, padding=reach, groups=values.shape[1])
    ones = torch.ones_like(values[:1, :1, :1])
    return found.div_(functional.conv2d(ones, kernel[:1], padding=reach))


def _cells(x: Tensor) -> Tensor:
    """Means of cells: of x and of its square."""
    return torch.cat([pooled(x, CELL), pooled(x * x, CELL)], 1)


def _steepness(x: Tensor) -> list[Tensor]:
    """Squared length of the gradient at each scale, by Prewitt's filters."""
    found = []
    for scale in range(_SCALES):
        x = pooled(x, 2) if scale else x
        wide = functional.pad(x, (1, 1, 1, 1), mode="replicate")
        across = wide[..., 2:] - wide[..., :-2]
        down = wide[..., 2:, :] - wide[..., :-2, :]
        across = (across[..., 2:, :] + across[..., 1:-1, :]).add_(across[..., :-2, :])
        down = (down[..., 2:] + down[..., 1:-1]).add_(down[..., :-2])
        found.append(across.square_().add_(down.square_()).div_(9).add_(1e-12))
    return found


def pooled(x: Tensor, side: int) -> Tensor:
    """Means of squares of 1, 2 or 4 pixels a side: a few times as fast as torch's."""
    total = x
    for _ in range(side.bit_length() - 1):
        total = total[..., ::2, :] + total[..., 1::2, :]
        total = total[..., ::2] + total[..., 1::2]
    return total if side == 1 else total.mul_(1 / side**2)
