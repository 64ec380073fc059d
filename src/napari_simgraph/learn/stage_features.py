"""Stage features: what a segmentation network sees in each patch, at all of its stages.

The network looks at large windows, so a patch is seen with all that lies around it, and each pixel
is looked at once however much patches overlap.

References
----------
.. [1] Kessy, Lewin, Strimmer, Optimal whitening and decorrelation, The American Statistician 2018,
   section 3.1 (ZCA: whitened features stay as near as can be to what they were, so those of two
   slides mean the same).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_simgraph.core.geometry import PIXEL, to_unit
from napari_simgraph.core.job import Progress, Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.patch_pixels import read_mirrored
from napari_simgraph.core.patches import PatchGrid, Rows
from napari_simgraph.core.raster import Image
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.members import first_of
from napari_simgraph.learn.normalise import Statistics, measure
from napari_simgraph.learn.state import unpack
from napari_simgraph.nets import build

DIMENSIONS = 160  # kept of a thousand features: fewer lose neighbours (0.96 to 0.95 AUROC with 96)
_DIRECTIONS = 64  # that are whitened; the others are mostly noise
_FLOOR = 1e-3  # of the largest variance, as in `whitening`
_WINDOW, _MARGIN = 512, 48  # px; beyond the margin a U-Net of four levels sees little
_SAMPLE = 20_000  # patches to find the directions by
_SAME = 1.1  # pixel sizes within a tenth are taken as they are
_OTHER = "'{}' is no segmentation that looks at single sections of such images: take another model."


class Window(NamedTuple):
    """Patches that are looked at together."""

    image: int
    rows: Rows


def stage_features(
    model: Model, images: Sequence[Image], grid: PatchGrid, aside: Aside, place: Place
) -> Generator[Tick, Signal | None, NDArray[np.float32]]:
    """Features ``(N, 160)`` of the patches of a grid, of length 1; fewer of a small network.

    Raises
    ------
    ValueError
        The model is no segmentation, or for other images.
    """
    if model.capability != "segmentation" or model.network["name"] != "unet":
        raise ValueError(_OTHER.format(model.name))
    model = first_of(model)
    if int(model.network["options"]["in_channels"]) != images[0].channels:
        raise ValueError(_OTHER.format(model.name))
    network: Any = build(model.network["name"], **model.network["options"])
    unpack(network, model.arrays)
    network = network.to(place.device).eval()
    statistics = []
    for one in images:
        statistics.append((yield from measure(one, dict(model.normalisation))))
    windows = list(_windows(grid))
    look = _Look(model, images, grid, statistics, (network, place))
    known: dict[int, NDArray[np.float32]] = {}
    order = np.random.default_rng(0).permutation(len(windows)).tolist()
    seen = 0
    while seen < _SAMPLE and len(known) < len(windows):
        number = order[len(known)]
        known[number] = yield from aside.wait(
            partial(look.at, windows[number]), partial(Progress, text="looking at patches")
        )
        seen += len(windows[number].rows)
        yield Progress(text="looking at patches")
    basis = yield from aside.wait(partial(_basis, np.concatenate(list(known.values()))))
    found = np.empty((len(grid), basis[1].shape[1]), np.float32)
    for number, window in enumerate(windows):
        done = number / len(windows)
        tick = partial(Progress, done, f"patch {int(window.rows[0])} of {len(grid)}")
        raw = known.pop(number, None)
        if raw is None:
            raw = yield from aside.wait(partial(look.at, window), tick)
        points = (raw - basis[0]) @ basis[1]
        found[window.rows] = points / np.maximum(
            np.linalg.norm(points, axis=1, keepdims=True), 1e-9
        )
        yield tick()
    return found


class _Look:
    """The network's view of windows."""

    def __init__(
        self,
        model: Model,
        images: Sequence[Image],
        grid: PatchGrid,
        statistics: Sequence[Statistics],
        where: tuple[Any, Place],
    ) -> None:
        self.model, self.images, self.grid, self.statistics = model, images, grid, statistics
        self.network, self.place = where
        self.stride = 2 ** (len(self.network.down) - 1)

    def at(self, window: Window) -> NDArray[np.float32]:
        """Mean and spread of each feature over each patch, all stages ``(n, F)``."""
        grid, rows, image = self.grid, window.rows, self.images[window.image]
        top, left = int(grid.y[rows].min()) - _MARGIN, int(grid.x[rows].min()) - _MARGIN
        bottom = int((grid.y[rows] + grid.size[rows]).max()) + _MARGIN
        right = int((grid.x[rows] + grid.size[rows]).max()) + _MARGIN
        box = ((top, bottom), (left, right))
        pixels = read_mirrored(image, int(grid.z[rows[0]]), box, int(grid.level[rows[0]]))
        values = self.statistics[window.image].normalise(pixels).transpose(2, 0, 1)
        ratio = self._ratio(image, window.image)
        size = [max(1, round(n * ratio / self.stride)) * self.stride for n in values.shape[1:]]
        x = torch.from_numpy(np.ascontiguousarray(values))[None]
        if size != list(values.shape[1:]):
            x = functional.interpolate(x, size, mode="bilinear", antialias=True)
        starts = np.stack([grid.y[rows] - top, grid.x[rows] - left], 1).astype(np.float64)
        boxes = np.concatenate([starts, starts + grid.size[rows][:, None]], 1)
        boxes *= np.tile(np.array(size) / values.shape[1:], 2)
        with self.place.computing(), torch.no_grad():
            stages = _stages(self.network, x.to(self.place.device))
            parts = [_pooled(one[0].float(), boxes * one.shape[-1] / size[1]) for one in stages]
        return np.concatenate(parts, 1).astype(np.float32)

    def _ratio(self, image: Image, number: int) -> float:
        """Pixels of the model to one of the patches' level."""
        if self.model.unit == PIXEL or not image.has_scale:
            return 1.0
        pixel = (
            to_unit(image.spacing[-1], image.unit, self.model.unit) * self.grid.finest(number)[1]
        )
        ratio = pixel / self.model.spacing[-1]
        return 1.0 if 1 / _SAME < ratio < _SAME else ratio


def _windows(grid: PatchGrid) -> Iterator[Window]:
    keys = np.stack([grid.image, grid.level, grid.z, grid.y // _WINDOW, grid.x // _WINDOW])
    _, which = np.unique(keys, axis=1, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    cuts = np.cumsum(np.bincount(which.ravel()))[:-1]
    for rows in np.split(order, cuts):
        yield Window(int(grid.image[rows[0]]), rows)


def _stages(network: Any, x: Tensor) -> list[Tensor]:
    """What each block of a U-Net gives, way down and way up."""
    found: list[Tensor] = []
    hooks = [
        block.register_forward_hook(lambda _, __, made: found.append(made))
        for block in [*network.down, *network.up]
    ]
    try:
        network(x)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _pooled(stage: Tensor, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean and spread of features ``(C, Y, X)`` over boxes ``(n, 4)``, from running sums."""
    low = np.clip(np.round(boxes[:, :2]), 0, np.array(stage.shape[1:]) - 1).astype(np.int64)
    high = np.clip(np.round(boxes[:, 2:]), low + 1, np.array(stage.shape[1:])).astype(np.int64)
    area = torch.from_numpy((high - low).prod(1))
    (y, x), (down, right) = (torch.from_numpy(part.T) for part in (low, high))

    def mean(values: Tensor) -> Tensor:
        # in double: sums over a window leave nothing of a patch in single precision
        sums = functional.pad(values.double().cumsum(1).cumsum(2).cpu(), (1, 0, 1, 0))
        inside = sums[:, down, right] - sums[:, y, right] - sums[:, down, x] + sums[:, y, x]
        return inside / area

    middle = mean(stage)
    spread = (mean(stage * stage) - middle**2).clamp_min(1e-6).sqrt()
    pooled: NDArray[np.float64] = torch.cat([middle, spread]).T.numpy()
    return pooled


def _basis(raw: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean, and the matrix that whitens [1]_ and takes fewer, always the same, directions."""
    values = raw.astype(np.float64)
    mean, spread = values.mean(0), np.maximum(values.std(0), 1e-9)
    values = (values - mean) / spread
    variance, vectors = np.linalg.eigh(values.T @ values / len(values))
    kept = np.argsort(-variance)[:_DIRECTIONS]
    size = 1 / np.sqrt(variance[kept] / variance[kept[0]] + _FLOOR)
    white = (vectors[:, kept] * size) @ vectors[:, kept].T
    turned = np.linalg.qr(np.random.default_rng(0).normal(size=(len(mean), DIMENSIONS)))[0]
    return mean.astype(np.float32), ((white @ turned) / spread[:, None]).astype(np.float32)
