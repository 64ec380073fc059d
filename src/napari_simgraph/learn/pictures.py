"""Pictures: patches with their classes as a network that draws sees them, light from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.holding import apart, groups_of, hold
from napari_simgraph.core.job import Job, Note, Progress
from napari_simgraph.core.patch_classes import NONE, Classed, numbered
from napari_simgraph.core.patch_pixels import cut
from napari_simgraph.core.patches import PatchGrid, Rows
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.bits import kind_of_numbers
from napari_simgraph.learn.class_rows import Sources, classed_grid, readable, tiling_for
from napari_simgraph.learn.normalise import Statistics
from napari_simgraph.learn.patchwork import Patchwork, lay_out
from napari_simgraph.learn.shown import Shown, show

_LOOKED = 1024  # patches whose grey values are looked at …
_PIXELS = 64  # … in so many rows and columns: of larger ones not every pixel
_DARKEST, _BRIGHTEST = 0.1, 99.9  # per cent: dust and dead pixels lie outside these
FLAT = "These patches show one grey value alone: there is nothing to draw."
MIXED = "Some images are grey, others have colours: take them one kind at a time."


@dataclass(frozen=True)
class Light:
    """Which grey values are dark (0) and bright (1), per channel, and of which type they are."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    dtype: str

    @classmethod
    def measure(cls, images: Sequence[Image], grid: PatchGrid) -> Light:
        """The range of the grey values of patches spread over the images.

        Raises
        ------
        ValueError
            All of them show the same grey value.
        """
        some = np.unique(np.linspace(0, len(grid) - 1, _LOOKED).astype(np.intp))
        patches = [_some_pixels(images, grid, row) for row in some.tolist()]
        channels = images[0].channels
        values = np.concatenate([one.reshape(-1, channels) for one in patches]).astype(np.float64)
        pairs = [_range(values[:, channel]) for channel in range(channels)]
        if all(high <= low for low, high in pairs):
            raise ValueError(FLAT)
        return cls(
            tuple(p[0] for p in pairs), tuple(p[1] for p in pairs), kind_of_numbers(images[0])
        )

    @property
    def statistics(self) -> Statistics:
        """The same as what is taken off and divided by."""
        wide = tuple((b - a) or 1.0 for a, b in zip(self.low, self.high, strict=True))
        return Statistics(self.low, wide)

    def back(self, drawn: NDArray[np.float32]) -> NDArray[Any]:
        """Pixels ``(N, Y, X, C)`` in the type of the images, from light ``(N, C, Y, X)``."""
        kind = np.dtype(self.dtype)
        low, high = np.array(self.low), np.array(self.high)
        values = low + drawn.transpose(0, 2, 3, 1) * (high - low)
        if kind.kind in "ui":
            ends = np.iinfo(kind)
            values = np.clip(np.rint(values), ends.min, ends.max)
        pixels: NDArray[Any] = values.astype(kind)
        return pixels


class Pictures:
    """Patches with light from 0 to 1 and the class of each.

    Parameters
    ----------
    shown
        The patches, kept in memory where there is room.
    kinds
        The class of each.
    light
        The range of their grey values.
    whole
        Whether each image is one patch, whatever its size.
    groups
        A group for each image, or none: those of one group are kept aside together.
    """

    def __init__(
        self, shown: Shown, kinds: Classed, light: Light, whole: bool, groups: Sequence[str]
    ) -> None:
        self.shown, self.kinds, self.light = shown, kinds, light
        self.whole, self.groups = whole, groups

    def __len__(self) -> int:
        return len(self.grid)

    @property
    def work(self) -> Patchwork:
        """The images, their patches and their side."""
        return self.shown.work

    @property
    def grid(self) -> PatchGrid:
        """Where the patches lie."""
        return self.shown.work.grid

    @property
    def classes(self) -> int:
        """How many classes the network is told; none where there is but one."""
        return len(self.kinds.table) if len(self.kinds.table) > 1 else 0

    def inputs(self, rows: Rows) -> NDArray[np.float32]:
        """Light ``(N, C, P, P)`` of some patches."""
        light: NDArray[np.float32] = np.clip(self.shown.take(rows), 0, 1)
        return light

    def told(self, rows: Rows) -> NDArray[np.float32]:
        """The class of some patches as weights ``(N, K)``, one of them 1."""
        return one_of(self.kinds.numbers[rows], self.classes)

    def of_each_class(self, rows: Rows) -> list[Rows]:
        """Some patches class by class; all together where there are no classes."""
        if not self.classes:
            return [rows]
        numbers = self.kinds.numbers[rows]
        return [rows[numbers == one] for one in np.unique(numbers)]

    def parted(self, share: float, seed: int) -> tuple[Rows, Rows]:
        """Rows to learn from, and rows kept aside that overlap none of them."""
        rows = np.arange(len(self))
        truth = np.maximum(self.kinds.numbers, 0)
        held = hold(truth, groups_of(self.grid, rows, truth, self.groups), share, seed)
        clear = apart(self.grid, held.learn, held.kept)
        learn = held.learn[clear] if clear.any() else held.learn
        return learn, np.random.default_rng(seed).permutation(held.kept)


def gather(given: Sources, config: Any, light: Light | None, aside: Aside) -> Job[Pictures]:
    """The patches to learn from; where some have a class, those alone.

    Parameters
    ----------
    given
        Images, and where classes come from if not from the images.
    config
        Settings of `generation.train`.
    light
        The range of grey values; None to look at them.
    aside
        The thread beside the job.

    Raises
    ------
    ValueError
        Images, marks and table don't fit together.
    """
    given = given._replace(image=(yield from readable(given.image, 0, aside)))
    several, image = each_image(given.image), given.image
    said = partial(Progress, text="laying out patches")
    grid, names = yield from aside.wait(partial(_laid, given, config), said)
    kinds = numbered(names)
    if len(kinds.table):
        rows = np.flatnonzero(kinds.numbers != NONE)
        grid, kinds = grid.take(rows), kinds._replace(numbers=kinds.numbers[rows])
    for sentence in _told(kinds, len(names)):
        aside.halt.hear((yield Note(sentence)))
    light = light or (yield from aside.wait(partial(Light.measure, several, grid), said))
    side = min(config.patch, int(grid.size.max()))
    work = Patchwork(several, grid, [light.statistics], side)
    shown = yield from show(work, np.arange(len(grid)), side, aside)
    groups = image.image_groups if isinstance(image, ImageSet) else ()
    return Pictures(shown, kinds, light, _is_whole(given), groups)


def one_of(numbers: NDArray[np.intp], classes: int) -> NDArray[np.float32]:
    """Classes by number as weights ``(N, K)``."""
    weights = np.zeros((len(numbers), classes), np.float32)
    if classes:
        weights[np.arange(len(numbers)), numbers] = 1
    return weights


def _is_whole(given: Sources) -> bool:
    """Whether each image is one patch: pictures that have a class themselves."""
    return given.whole and isinstance(given.image, ImageSet) and any(given.image.image_classes)


def _laid(given: Sources, config: Any) -> tuple[PatchGrid, NDArray[np.str_]]:
    """The patches, and the class of each."""
    image = given.image
    if len({one.channels for one in each_image(image)}) > 1:
        raise ValueError(MIXED)
    if _is_whole(given) or given.marks is not None:
        return classed_grid(given, config)
    if given.table is not None:  # drawn without classes where it has none
        known = (given.table.classes() != "").any() or config.column != "class"
        if known:
            return classed_grid(given, config)
    grid = lay_out(image, tiling_for(image, config.patch))
    return grid, np.full(len(grid), "", np.str_)


def _told(kinds: Classed, there: int) -> list[str]:
    """What a person should know of the classes."""
    said, names = [], kinds.table.names
    if kinds.joined:
        told = ", ".join(f"'{name}'" for name in kinds.joined)
        said.append(f"Classes that differ in upper and lower case were joined: {told}.")
    if not names:
        said.append("No patch has a class: it learns to draw all of them alike.")
    elif len(kinds.numbers) < there:
        said.append(f"{there - len(kinds.numbers)} of {there} patches have no class: left out.")
    counts = np.bincount(kinds.numbers, minlength=len(names)) if names else ()
    rare = [name for name, count in zip(names, counts, strict=True) if count < 2]
    if rare:
        said.append(f"'{rare[0]}' has one patch: all that is drawn of it will look like that.")
    return said


def _some_pixels(images: Sequence[Image], grid: PatchGrid, row: int) -> NDArray[Any]:
    """Pixels ``(..., C)`` of a patch, spread over those of it that lie in the image."""
    side, top, left = (int(getattr(grid, name)[row]) for name in ("size", "y", "x"))
    if side < 2 * _PIXELS:
        return cut(images, grid, np.array([row]))
    step = side // _PIXELS
    box = tuple(slice(max(0, start), start + side, step) for start in (top, left))
    return images[int(grid.image[row])].section(int(grid.z[row]), box, int(grid.level[row]))


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 0.0
    low, high = (float(one) for one in np.percentile(values, [_DARKEST, _BRIGHTEST]))
    return (low, high) if high - low > 1e-9 * max(1.0, abs(low)) else (low, low)
