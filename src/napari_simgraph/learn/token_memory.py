"""Token memory: how normal places are described, kept in a bounded number of examples.

References
----------
.. [1] Roth et al., Towards total recall in industrial anomaly detection, CVPR 2022,
   arXiv:2106.08265 (PatchCore), section 3.2.
.. [2] Defard et al., PaDiM, ICPR 2020, arXiv:2011.08785, section 3.1: distances after whitening
   are those of Mahalanobis.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_simgraph.learn.whitening import Whitening

Values: TypeAlias = NDArray[np.float32]

_DIMENSIONS = 96  # of a token after whitening; more are mostly noise
_MOST = 1024  # examples kept: a map of 512 x 512 px is compared with them in a twentieth second
# They are drawn by lot: kept as far apart as can be, as PatchCore does [1]_, a rare one lies beside
# many odd places (folds in sections: 0.83 AUROC against 0.54). So that none of them alone tells,
# they are taken as three samples, and the mean of the nearest of each counts; the third nearest of
# all tells as much (0.928 and 0.926 of planted defects by texture) and takes longer to find.
_SAMPLES = 3
_ROWS = 256  # tokens compared at once: their distances stay in the caches of a CPU
_USUAL = 0.1  # share of the usual variance that is added: that of a few pictures is unsure
_NEAR = 3  # tokens down and across that are averaged: one alone is noisy


class TokenMemory(NamedTuple):
    """How tokens are whitened, and the kept examples ``(M, D)``.

    Where pictures are aligned `mean` and `spread` ``(D, h, w)`` say what is normal at each place,
    and no examples are needed; else they are empty.
    """

    whitening: Whitening
    kept: Values
    mean: Values
    spread: Values

    @classmethod
    def fit(cls, tokens: Values, seed: int) -> Self:
        """A memory of tokens ``(n, F)`` that lie anywhere."""
        whitening = Whitening.fit(tokens, _DIMENSIONS, 1.0)
        points = np.asarray((tokens - whitening.mean) @ whitening.basis, np.float32)
        none = np.zeros((0, 0, 0), np.float32)
        some = np.random.default_rng(seed).permutation(len(points))[:_MOST]
        return cls(whitening, points[np.sort(some)], none, none)

    def at_places(self, sums: NDArray[np.float64], squares: NDArray[np.float64], n: int) -> Self:
        """The same by place, from sums over `n` pictures ``(D, h, w)`` and those of squares."""
        from scipy.ndimage import gaussian_filter

        mean = sums / n
        variance = np.maximum(squares / n - mean**2, 0)
        variance = gaussian_filter(variance, (0.0, 1.0, 1.0))  # neighbours tell about a place too
        variance += _USUAL * variance.mean((1, 2), keepdims=True)
        spread = np.maximum(np.sqrt(variance), 1e-6).astype(np.float32)
        return self._replace(kept=self.kept[:1], mean=mean.astype(np.float32), spread=spread)

    def arrays(self, part: str) -> dict[str, NDArray[Any]]:
        """As arrays of a model, their names beginning with a part's."""
        named = {"kept": self.kept, "mean": self.mean, "spread": self.spread}
        ours = {f"{part}/{name}": values for name, values in named.items() if values.size}
        return ours | self.whitening.arrays(f"{part}/whitening")

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], part: str) -> Self | None:
        """The inverse of `arrays`; None where a model has none."""
        if f"{part}/kept" not in arrays:
            return None
        whitening = Whitening.of(arrays, f"{part}/whitening")
        none = np.zeros((0, 0, 0), np.float32)
        names = ("kept", "mean", "spread")
        return cls(whitening, *(np.array(arrays.get(f"{part}/{name}", none)) for name in names))


class Distance:
    """Distances of tokens to what is normal, where the network computes."""

    def __init__(self, memory: TokenMemory, device: torch.device) -> None:
        whitening = memory.whitening
        parts = (whitening.mean, whitening.basis, memory.kept, memory.mean, memory.spread)
        tensors = [torch.from_numpy(np.ascontiguousarray(part)).to(device) for part in parts]
        self.mean, self.basis, kept = tensors[:3]
        self.samples = min(_SAMPLES, len(kept))
        each = len(kept) // self.samples
        self.kept = torch.cat([kept[n :: self.samples][:each] for n in range(self.samples)])
        self.lengths = self.kept.square().sum(1)
        self.by_place = torch.stack(tensors[3:]) if memory.mean.size else None

    def __call__(self, tokens: Tensor, places: Tensor) -> Tensor:
        """``(N, 1, y, x)`` of tokens ``(N, F, y, x)``, in standard deviations per direction.

        `places` ``(N, 2, y, x)`` are rows and columns, from 0 to 1 over the whole picture.
        """
        n, count, height, width = tokens.shape
        flat = tokens.permute(0, 2, 3, 1).reshape(-1, count)
        with torch.autocast(flat.device.type, enabled=False):  # near ones differ by little
            points = (flat - self.mean) @ self.basis
            if self.by_place is not None:
                usual, spread = at_places(self.by_place, places).movedim(2, -1).flatten(1, 3)
                off = ((points - usual) / spread).square().mean(1)
            else:
                off = torch.cat([self._nearest(some) for some in torch.split(points, _ROWS)])
        away: Tensor = off.clamp_min(0).sqrt().reshape(n, 1, height, width)
        return away

    def _nearest(self, points: Tensor) -> Tensor:
        """Mean square per direction to the nearest examples, of points ``(n, D)``."""
        away = torch.addmm(self.lengths, points, self.kept.T, alpha=-2)
        near = away.view(len(points), self.samples, -1).amin(2).mean(1)
        return (near + points.square().sum(1)) / points.shape[1]


def at_places(maps: Tensor, places: Tensor) -> Tensor:
    """Maps ``(M, D, h, w)`` of a plane at places ``(N, 2, y, x)``: ``(M, N, D, y, x)``.

    Linear in between; `places` are rows and columns, from 0 to 1.
    """
    at = 2 * places.permute(0, 2, 3, 1).flip(-1) - 1  # columns first, from -1 to 1
    found = [
        functional.grid_sample(
            one[None].expand(len(at), -1, -1, -1), at, padding_mode="border", align_corners=False
        )
        for one in maps
    ]
    return torch.stack(found)


def around(tokens: Tensor) -> Tensor:
    """Each token averaged with those beside it."""
    half = _NEAR // 2
    return functional.avg_pool2d(tokens.float(), _NEAR, 1, half, count_include_pad=False)
