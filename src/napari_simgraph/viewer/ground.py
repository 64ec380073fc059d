"""The ground that patches lie on: the layers of a table's images, and places to and fro."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Layer
from numpy.typing import NDArray

from napari_simgraph.core.patches import PatchGrid, Source
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.sheet import SheetLayout
from napari_simgraph.io.sheet import Sheet
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.sheets import sheet_of
from napari_simgraph.viewer.stacking import about


class Under(NamedTuple):
    """What is under a place of the world: the image's number, section, and pixel."""

    image: int
    z: int
    y: float
    x: float


class Ground:
    """Where the images of a grid are seen in a viewer.

    Parameters
    ----------
    grid
        Whose images.
    layers
        The layer of each image, None where it is not open; of a contact sheet the one layer that
        holds them all.
    """

    def __init__(self, grid: PatchGrid, layers: Sequence[Layer | None]) -> None:
        self.grid = grid
        self.sheet = _layout(layers, grid.sources)
        self.layers = list(layers)

    def layer(self, image: int) -> Layer | None:
        """The layer that shows an image."""
        return self.layers[0 if self.sheet is not None else image]

    @property
    def open(self) -> list[Layer]:
        """The layers that are there."""
        return [layer for layer in self.layers if layer is not None]

    def data(self, image: int, z: float, y: float, x: float) -> NDArray[np.float64]:
        """A place of an image in the data coordinates of its layer."""
        if self.sheet is not None:
            y, x = self.sheet.place(image, y, x)
        layer = self.layer(image)
        assert layer is not None  # asked for open images only
        return np.array([z, y, x][-layer.ndim :], float)

    def centres(self, rows: Any) -> NDArray[np.float64]:
        """Middles ``(N, 3)`` of patches as z, y, x in pixels of the layers that show them."""
        rows = np.asarray(rows)
        number, grid = self.grid.image[rows], self.grid
        factor = self._factors[number]
        places = np.stack([grid.z[rows], grid.y[rows], grid.x[rows]], 1).astype(np.float64)
        places[:, 1:] = (places[:, 1:] + grid.size[rows, None] / 2) * factor - 0.5
        if self.sheet is not None:
            places[:, 1:] += self._cells[number]
        return places

    def sides(self, rows: Any) -> NDArray[np.float64]:
        """Sides of patches in pixels of the layers that show them."""
        sides: NDArray[np.float64] = self.grid.size[rows] * self._factors[self.grid.image[rows], 0]
        return sides

    def under(self, world: Any) -> Under | None:
        """The image at a place of the world, of several the uppermost that is visible."""
        for number, layer in reversed(list(enumerate(self.layers))):
            if layer is None or not layer.visible:
                continue
            place = np.asarray(layer.world_to_data(np.asarray(world)[-layer.ndim :]), float)
            if self.sheet is not None:
                spot = self.sheet.find(*place[-2:])
                return None if spot is None else Under(spot.image, 0, spot.y, spot.x)
            if _inside(place, self.grid.sources[number].shape):
                z = round(float(place[0])) if len(place) > 2 else 0
                return Under(number, z, float(place[-2]), float(place[-1]))
        return None

    def nearest(self, under: Under) -> int:
        """The patch whose middle is nearest in the same section of a layer; -1 where it has none.

        For a grid that has only some of the patches.
        """
        grid = self.grid
        there = (grid.image == under.image) | (self.sheet is not None)
        rows = np.flatnonzero(there & (grid.z == under.z))
        if not len(rows):
            return -1
        place = self.data(under.image, under.z, under.y, under.x)[-2:]
        away = ((self.centres(rows)[:, 1:] - place) ** 2).sum(1)
        return int(rows[away.argmin()])

    def number(self, fingerprint: str) -> int:
        """The number of an image, -1 where it is none of these."""
        return self._numbers.get(fingerprint, -1)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {one.fingerprint: number for number, one in enumerate(self.grid.sources)}

    @cached_property
    def _factors(self) -> NDArray[np.float64]:
        """Finest pixels per pixel of the level of each image, down and across."""
        grid = self.grid
        if not grid.layouts:
            return np.ones((len(grid.sources), 2))
        shapes = np.array([one.shape[-2:] for one in grid.sources], float)
        factors: NDArray[np.float64] = shapes / np.array([one.plane for one in grid.layouts], float)
        return factors

    @cached_property
    def _cells(self) -> NDArray[np.float64]:
        """Upper left corner of each image on the sheet."""
        assert self.sheet is not None
        corners = np.zeros((len(self.grid.sources), 2))
        rows, columns = np.nonzero(self.sheet.cells >= 0)
        corners[self.sheet.cells[rows, columns]] = np.stack([rows, columns], 1) * self.sheet.cell
        return corners


def find_layers(
    viewer: Any, grid: PatchGrid, told: Mapping[str, Any] | None = None
) -> list[Layer | None]:
    """The layer of each image of a grid, None where it is not open.

    Parameters
    ----------
    viewer
        Where layers are looked for.
    grid
        Whose images; a layer counts where shape and pixels are the same.
    told
        What the session knows of the table: ``layers`` are the ids that it was made from.
    """
    images = [layer for layer in viewer.layers if isinstance(layer, ImageLayer)]
    ids = {str(about(layer).get("id", "")): layer for layer in images}
    known = [ids.get(str(key)) for key in (told or {}).get("layers", ())]
    if len(known) == len(grid.sources) or _layout(known, grid.sources) is not None:
        return known
    sheets = [one for one in images if _is_of(one, grid.sources)]
    if sheets:
        return [sheets[0]]
    return [next((one for one in images if _shows(one, s)), None) for s in grid.sources]


def noun_of(layer: Layer) -> Image | ImageSet:
    """What a layer shows: an image, or of a contact sheet the set of them."""
    sheet = sheet_of(layer)
    return image_of(layer) if sheet is None else sheet.images


def images_on(layer: Layer, sources: Sequence[Source]) -> Sequence[Image] | None:
    """The images of these sources on a contact sheet; None where it isn't theirs."""
    sheet = sheet_of(layer)
    numbers = None if sheet is None else _numbers_on(sheet, sources)
    if sheet is None or numbers is None:
        return None
    several = sheet.images.images
    return several if len(numbers) == len(several) else [several[n] for n in numbers]


def _layout(layers: Sequence[Layer | None], sources: Sequence[Source]) -> SheetLayout | None:
    sheet = sheet_of(layers[0]) if len(layers) == 1 and layers[0] is not None else None
    numbers = None if sheet is None else _numbers_on(sheet, sources)
    if sheet is None or numbers is None:
        return None
    whole = len(numbers) == len(sheet.images)
    return sheet.layout if whole else sheet.layout.of_some(numbers)


def _numbers_on(sheet: Sheet, sources: Sequence[Source]) -> Sequence[int] | None:
    """Which images of a sheet these are: all of it, or those that could be learned from."""
    if len(sources) == len(sheet.images):
        return range(len(sources))
    if len(sources) > len(sheet.images):
        return None
    places = {(one.source, one.name): n for n, one in enumerate(sheet.images)}
    found = [places.get((one.path, one.name), -1) for one in sources]
    return None if -1 in found else found


def _is_of(layer: Layer, sources: Sequence[Source]) -> bool:
    """Whether a layer is the contact sheet of these images."""
    images = images_on(layer, sources)
    return images is not None and images[0].fingerprint == sources[0].fingerprint


def _shows(layer: Layer, source: Source) -> bool:
    """Whether a layer holds the pixels of a source."""
    if "result" in about(layer) or layer.ndim > 3 or sheet_of(layer) is not None:
        return False
    try:
        image = image_of(layer)
    except ValueError:  # an empty one
        return False
    return image.shape == source.shape and image.fingerprint == source.fingerprint


def _inside(place: NDArray[np.float64], shape: Sequence[int]) -> bool:
    return bool(((place >= -0.5) & (place < np.array(shape)[-len(place) :] - 0.5)).all())
