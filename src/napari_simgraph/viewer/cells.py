"""Tinted cells: colours of patches as one small picture, where squares would be too many."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Layer
from napari.utils.transforms import Affine
from numpy.typing import NDArray

from napari_simgraph.core.patches import Rows
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.stacking import take_out
from napari_simgraph.viewer.state import place_of

_OPACITY = 0.5  # the tissue shows through
_MOST = 2**26  # bytes of a picture; finer ones are drawn coarser


class Cells:
    """One picture for each layer of a ground, named after its thing; put in when first shown.

    Parameters
    ----------
    viewer
        Where.
    thing
        What they show, as the layer's name says it: ``chosen cells``, ``groups``.
    """

    def __init__(self, viewer: Any, thing: str) -> None:
        self._viewer, self._thing = viewer, thing
        self._layers: list[Layer] = []

    @property
    def layers(self) -> list[Layer]:
        """Our layers, as far as they are in the viewer."""
        return [layer for layer in self._layers if layer in self._viewer.layers]

    def show(self, ground: Ground, rows: Rows, colors: NDArray[np.uint8]) -> None:
        """Colour patches; `colors` ``(N, 4)`` are RGBA of the rows, all others stay clear."""
        before, self._layers = self.layers, []
        active = self._viewer.layers.selection.active
        for source in ground.open:
            number = None if ground.sheet is not None else ground.layers.index(source)
            mine = np.ones(len(rows), bool)
            if number is not None:
                mine = ground.grid.image[rows] == number
            if not mine.any():
                continue
            layer = _layer(ground, source, rows[mine], colors[mine], self._thing)
            same = [one for one in before if _same_place(one, layer)]
            if same:
                same[0].data, layer = layer.data, same[0]
            else:
                self._viewer.layers.append(layer)
                layer.locked = True
            self._layers.append(layer)
        take_out(self._viewer.layers, [one for one in before if one not in self._layers])
        self._viewer.layers.selection.active = active

    def hide(self) -> None:
        """Take our layers out."""
        take_out(self._viewer.layers, self.layers)
        self._layers = []


def paint_cells(
    ground: Ground, rows: Rows, colors: NDArray[Any], shape: tuple[int, ...]
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """A picture ``(Z, Y, X, …)`` with one cell a patch, and the height and width of a cell.

    Parameters
    ----------
    ground, rows, colors
        Which patches, and their RGBA or one number each; all lie in one layer.
    shape
        Sections, height and width of that layer in pixels.
    """
    step = _steps(ground, rows)
    centres = ground.centres(rows)
    counts = np.ceil(np.array(shape[1:]) / step).astype(int)
    while shape[0] * counts.prod() * 4 > _MOST:
        step, counts = step * 2, -(-counts // 2)
    first = (centres[0, 1:] - step / 2) % step  # cells lie as the patches do
    at = np.floor((centres[:, 1:] - first) / step).astype(int)
    first, at = _from_zero(first, at, step)
    picture = np.zeros((shape[0], *(counts + 2), *colors.shape[1:]), colors.dtype)
    inside = (at >= 0).all(1) & (at < counts + 2).all(1)
    z = centres[inside, 0].astype(int)
    picture[z, at[inside, 0], at[inside, 1]] = colors[inside]
    return picture, np.stack([step, first + step / 2])


def placed_cells(
    ground: Ground, source: Layer, rows: Rows, values: NDArray[Any]
) -> tuple[NDArray[Any], dict[str, Any]]:
    """The picture of `paint_cells` over a layer, and where it lies, see `state.place_of`."""
    finest = source.data[0] if getattr(source, "multiscale", False) else source.data
    flat = source.ndim < 3
    shape = (1, *finest.shape[:2]) if flat else tuple(finest.shape[:3])
    picture, (step, first) = paint_cells(ground, rows, values, shape)
    place = place_of(source)
    scale, corner = np.array(place["scale"], float), np.zeros(source.ndim)
    corner[-2:] = first
    names = ("scale", "translate", "rotate", "shear")
    place["translate"] = Affine(**{name: getattr(source, name) for name in names})(corner)
    scale[-2:] *= step
    place["scale"] = scale
    return (picture[0] if flat else picture), place


def _layer(
    ground: Ground, source: Layer, rows: Rows, colors: NDArray[np.uint8], thing: str
) -> Layer:
    picture, place = placed_cells(ground, source, rows, colors)
    layer = ImageLayer(
        picture,
        rgb=True,
        name=layer_name(source.name, thing),
        interpolation2d="nearest",
        opacity=_OPACITY,
        **place,
    )
    layer.metadata["simgraph"] = {"thing": thing, "fleeting": True}
    return layer


def _same_place(one: Layer, other: Layer) -> bool:
    """Whether a layer can show the pixels of another one."""
    same = one.name.partition(" [")[0] == other.name and one.data.shape == other.data.shape
    return same and np.allclose(one.translate, other.translate)


def _steps(ground: Ground, rows: Rows) -> NDArray[np.float64]:
    """Height and width of a cell in pixels of the layer."""
    if ground.sheet is not None and len(ground.grid) == len(ground.grid.sources):
        return np.array(ground.sheet.cell, float)
    if ground.grid.layouts:
        number = int(ground.grid.image[rows[0]])
        layout, source = ground.grid.layouts[number], ground.grid.sources[number]
        return layout.stride * np.array(source.shape[-2:]) / layout.plane
    return np.full(2, max(1.0, float(np.median(ground.sides(rows)))))


def _from_zero(
    first: NDArray[np.float64], at: NDArray[np.intp], step: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Cells counted from 0, also where patches begin before the image."""
    low = np.minimum(at.min(0), 0)
    return first + low * step, at - low
