"""Token memory: how normal places are described, kept in a bounded number of examples.

References
----------
.. [1] Roth et al., Towards total recall in industrial anomaly detection, CVPR 2022,
   arXiv:2106.08265 (PatchCore), section 3.2.
.. [2] Defard et al., PaDiM, ICPR 2020, arXiv:2011.08785, section 3.1: distances after whitening
   are those of Mahalanobis.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_simgraph.learn.whitening import Whitening

Values: TypeAlias = NDArray[np.float32]
_NONE: Values = np.zeros((0, 0, 0), np.float32)
_NAMES = ("kept", "mean", "spread", "examples")  # of arrays

_DIMENSIONS = 96  # of a token after whitening; more are mostly noise
_MOST = 1024  # examples kept: a map of 512 x 512 px is compared with them in a twentieth second
# They are drawn by lot: kept as far apart as can be, as PatchCore does [1]_, a rare one lies beside
# many odd places (folds in sections: 0.83 AUROC against 0.54). So that none of them alone tells,
# they are taken as three samples, and the mean of the nearest of each counts; the third nearest of
# all tells as much (0.928 and 0.926 of planted defects by texture) and takes longer to find.
_SAMPLES = 3
# Pictures whose places are kept where pictures are aligned: of 32 of 169 bottles texture alone had
# 0.840 of planted defects and 0.867 of faint ones, of all of them 0.867 and 0.907.
_EXAMPLES = 256
_NUMBERS = 2**25  # of all examples: 64 MB of a model
_FEW = 32  # and of so few directions: of more, a model would be large
_BESIDE = (
    -1,
    0,
    1,
)  # places: what is normal next to a place is normal there, things lie a little off
_AT_ONCE = 2**17  # places of examples compared at once: they stay in the caches of a CPU
_ON_CELL = 0.01  # cells; so near to the middle of a cell, nothing is taken from the next
_ROWS = 256  # tokens compared at once: their distances stay in the caches of a CPU
_USUAL = 2.0  # how often the usual variance counts beside that of a place, which is unsure


class TokenMemory(NamedTuple):
    """How tokens are whitened, and the kept examples ``(M, D)``.

    Where pictures are aligned `mean` and `spread` ``(D, h, w)`` say what is normal at each place,
    and `examples` ``(n, D, h, w)`` are places of some pictures: there may be several ways to be
    normal, such as colours. Else they are empty.
    """

    whitening: Whitening
    kept: Values
    mean: Values
    spread: Values
    examples: NDArray[np.floating[Any]]

    @classmethod
    def fit(cls, tokens: Values, seed: int) -> Self:
        """A memory of tokens ``(n, F)`` that lie anywhere."""
        whitening = Whitening.fit(tokens, _DIMENSIONS, 1.0)
        points = np.asarray((tokens - whitening.mean) @ whitening.basis, np.float32)
        some = np.random.default_rng(seed).permutation(len(points))[:_MOST]
        return cls(whitening, points[np.sort(some)], _NONE, _NONE, _NONE)

    def arrays(self, part: str) -> dict[str, NDArray[Any]]:
        """As arrays of a model, their names beginning with a part's."""
        named = {name: getattr(self, name) for name in _NAMES}
        ours = {f"{part}/{name}": values for name, values in named.items() if values.size}
        return ours | self.whitening.arrays(f"{part}/whitening")

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], part: str) -> Self | None:
        """The inverse of `arrays`; None where a model has none."""
        if f"{part}/kept" not in arrays:
            return None
        whitening = Whitening.of(arrays, f"{part}/whitening")
        return cls(whitening, *(np.array(arrays.get(f"{part}/{name}", _NONE)) for name in _NAMES))


class Places:
    """What is normal at each place, from whitened places ``(D, h, w)`` of pictures, one by one.

    Parameters
    ----------
    expected
        How many pictures come; of some of them the places are kept.
    """

    def __init__(self, expected: int) -> None:
        self.count, self._expected = 0, expected
        self._sums, self._squares = np.zeros(1), np.zeros(1)
        self._examples: list[Values] = []

    def add(self, points: NDArray[np.float64]) -> None:
        """Take in a picture."""
        kept = max(1, min(_EXAMPLES, _NUMBERS // points.size))
        if len(points) <= _FEW and self.count % -(-self._expected // kept) == 0:
            self._examples.append(points.astype(np.float16))
        self._sums, self._squares = self._sums + points, self._squares + points**2
        self.count += 1

    def known(self, memory: TokenMemory) -> TokenMemory:
        """A memory that knows it."""
        from scipy.ndimage import gaussian_filter

        mean: NDArray[np.float64] = self._sums / self.count
        variance = np.maximum(self._squares / self.count - mean**2, 0)
        variance = gaussian_filter(variance, (0.0, 1.0, 1.0))  # neighbours tell about a place too
        variance += _USUAL * variance.mean((1, 2), keepdims=True)
        spread = np.maximum(np.sqrt(variance), 1e-6).astype(np.float32)
        examples = np.stack(self._examples) if self._examples else _NONE  # halves are fine enough
        known = {"mean": mean.astype(np.float32), "spread": spread, "examples": examples}
        return memory._replace(kept=memory.kept[:1], **known)


class Distance:
    """Distances of tokens to what is normal, where the network computes."""

    def __init__(self, memory: TokenMemory, device: torch.device) -> None:
        whitening = memory.whitening
        parts = (whitening.mean, whitening.basis, *(getattr(memory, name) for name in _NAMES))
        tensors = [torch.from_numpy(np.asarray(part, np.float32, "C")).to(device) for part in parts]
        self.mean, self.basis, kept = tensors[:3]
        self.samples = min(_SAMPLES, len(kept))
        each = len(kept) // self.samples
        self.kept = torch.cat([kept[n :: self.samples][:each] for n in range(self.samples)])
        self.lengths = self.kept.square().sum(1)
        self.by_place = torch.stack(tensors[3:5]) if memory.mean.size else None
        self.examples = Examples(tensors[5]) if memory.examples.size else None

    def __call__(self, tokens: Tensor, places: Tensor) -> Tensor:
        """``(N, 1, y, x)`` of tokens ``(N, F, y, x)``, in standard deviations per direction.

        `places` ``(N, 2, Y, X)`` are rows and columns, from 0 to 1 over the whole picture.
        """
        n, count, height, width = tokens.shape
        flat = tokens.permute(0, 2, 3, 1).reshape(-1, count)
        with torch.autocast(flat.device.type, enabled=False):  # near ones differ by little
            points = (flat - self.mean) @ self.basis
            if self.by_place is not None:
                off = self._at_place(self.by_place, points, coarse(places, width))
            else:
                off = torch.cat([self._nearest(some) for some in torch.split(points, _ROWS)])
        away: Tensor = off.clamp_min(0).sqrt().reshape(n, 1, height, width)
        return away

    def _at_place(self, normal: Tensor, points: Tensor, places: Tensor) -> Tensor:
        """The same to what is normal at the place of each: the nearest example, else the mean."""
        if self.examples is None:
            mean, spread = _rows(at_places(normal, places))
            whole: Tensor = ((points - mean) / spread).square().mean(1)
            return whole
        n, _, height, width = places.shape
        points = points.reshape(n, height, width, -1).movedim(-1, 1)
        return self.examples(points, at_places(normal[1:], places)[0], places).flatten()

    def _nearest(self, points: Tensor) -> Tensor:
        """Mean square per direction to the nearest examples, of points ``(n, D)``."""
        away = torch.addmm(self.lengths, points, self.kept.T, alpha=-2)
        near = away.view(len(points), self.samples, -1).amin(2).mean(1)
        return (near + points.square().sum(1)) / points.shape[1]


class Examples:
    """Places ``(n, D, h, w)`` of normal pictures."""

    def __init__(self, examples: Tensor) -> None:
        self.count, self.cells = len(examples), examples.shape[2:]
        wide = functional.pad(examples, (1, 1, 1, 1), mode="replicate")
        self.maps = wide.transpose(0, 1).contiguous()  # (D, n, h + 2, w + 2)

    def __call__(self, points: Tensor, spread: Tensor, places: Tensor) -> Tensor:
        """Mean square ``(N, y, x)`` to the nearest of those around.

        Of points ``(N, D, y, x)`` at places ``(N, 2, y, x)``, in units of the spread there.
        """
        n, count, height, width = points.shape
        rows = max(1, _AT_ONCE // (self.count * width))
        found = points.new_full((n, height, width), torch.inf)
        for one, top in product(range(n), range(0, height, rows)):
            own = (values[one, :, top : top + rows] for values in (points, spread**-2))
            some = list(zip(*own, strict=True))
            best = found[one, top : top + rows]
            for near in self._around(places[one, :, top : top + rows]):
                off = torch.zeros_like(near[0])
                for values, (wanted, weight) in zip(near, some, strict=True):
                    off.addcmul_((values - wanted).square_(), weight)
                torch.minimum(best, off.amin(0), out=best)
        return found / count

    def _around(self, places: Tensor) -> Iterator[Tensor]:
        """Examples ``(D, n, y, x)`` at places ``(2, y, x)`` and one cell beside them."""
        height, width = places.shape[1:]
        corner = self._corner(places)
        for down, across in product(_BESIDE, _BESIDE):
            if corner is not None:
                top, left = corner[0] + down + 1, corner[1] + across + 1
                yield self.maps[:, :, top : top + height, left : left + width]
                continue
            step = places.new_tensor([down / self.cells[0], across / self.cells[1]])
            inner = self.maps[:, :, 1:-1, 1:-1].flatten(0, 1)
            near = at_places(inner[None], (places + step[:, None, None])[None])[0, 0]
            yield near.reshape(*self.maps.shape[:2], height, width)

    def _corner(self, places: Tensor) -> tuple[int, int] | None:
        """The first row and column of cells, if places lie on cells one by one."""
        found = []
        for line, cells in zip((places[0, :, 0], places[1, 0]), self.cells, strict=True):
            at = line * cells - 0.5
            first = round(float(at[0]))
            steps = torch.arange(first, first + len(at), device=at.device)
            if first < 0 or first + len(at) > cells or (at - steps).abs().max() > _ON_CELL:
                return None
            found.append(first)
        return found[0], found[1]


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


def _rows(maps: Tensor) -> Tensor:
    """Maps ``(M, N, D, y, x)`` as ``(M, n, D)``."""
    return maps.movedim(2, -1).flatten(1, 3)


def coarse(places: Tensor, width: int) -> Tensor:
    """Rows and columns of the middles of so many squares across."""
    side = places.shape[-1] // width
    if side == 1:
        return places
    first, last = (places[..., at::side, at::side] for at in (0, side - 1))
    return (first + last) / 2
