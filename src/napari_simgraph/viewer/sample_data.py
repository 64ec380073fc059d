"""File ▸ Open Sample: the drawn stack, slide and digits, and public data, as layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import napari
import numpy as np

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Image, ImageSet, Labels
from napari_simgraph.io.fetch_sets import data_home, public_set
from napari_simgraph.io.samples import LARVA_CLASSES, TISSUE_CLASSES, sample_file
from napari_simgraph.viewer.placing import open_dock

if TYPE_CHECKING:
    from napari_simgraph.viewer.layers import LayerData

_LARVA_VOXEL = (50.0, 4.0, 4.0)
_TISSUE_PIXEL = (0.5, 0.5)
_STROKES_OPACITY = 0.7  # the opacity that painting begins with: strokes are few and must be seen


def larva() -> list[LayerData]:
    """An EM-like stack, its full truth (hidden), and strokes to train from at once."""
    classes = ClassTable.of(LARVA_CLASSES)
    image = Image(_tiff("larva.tif"), spacing=_LARVA_VOXEL, unit="nm", name="larva")
    layers = _with_source([image], "larva.tif")
    for file, thing in (("larva_labels.tif", "truth"), ("larva_scribbles.tif", "strokes")):
        layers += _labels(file, "larva", thing, (_LARVA_VOXEL, "nm", classes))
    layers[1][1]["visible"] = False
    layers[2][1]["opacity"] = _STROKES_OPACITY
    return layers


def tissue() -> list[LayerData]:
    """A slide as stained with haematoxylin and eosin, and its regions (hidden)."""
    pixels = _tiff("tissue.ome.tif")
    slide = Image(pixels, axes="YXC", spacing=_TISSUE_PIXEL, unit="um", name="tissue")
    layers = _with_source([slide], "tissue.ome.tif")
    table = ClassTable.of(TISSUE_CLASSES)
    layers += _labels("tissue_labels.ome.tif", "tissue", "regions", (_TISSUE_PIXEL, "um", table))
    layers[1][1]["visible"] = False
    return layers


def digits() -> list[LayerData]:
    """A thousand small digits on a contact sheet, sorted by class."""
    from napari_simgraph.io.read import read
    from napari_simgraph.io.sheet import contact_sheet

    file = sample_file("digits.npz")
    images = read(f"{file}::x").image
    assert isinstance(images, ImageSet)
    with np.load(file, allow_pickle=False) as stored:
        known = tuple(str(value) for value in stored["y"])
    sheet, _ = contact_sheet(ImageSet(images.images, known, name="digits"))
    return _with_source([sheet], "digits.npz")


def _tiff(name: str) -> np.ndarray:
    import tifffile

    return np.asarray(tifffile.imread(sample_file(name)))


def _labels(
    file: str, image: str, thing: str, told: tuple[tuple[float, ...], str, ClassTable]
) -> list[LayerData]:
    from napari_simgraph.viewer.layers import to_layer_data

    spacing, unit, classes = told
    noun = Labels(_tiff(file), spacing=spacing, unit=unit, name=image, classes=classes)
    return to_layer_data(noun, thing)


def _with_source(images: list[Image], file: str) -> list[LayerData]:
    from napari_simgraph.viewer.layers import to_layer_data

    path = str(sample_file(file))
    return [data for image in images for data in to_layer_data(image.replace(source=path))]


def isbi2012() -> list[LayerData]:
    """The training stack of ISBI 2012 with its membranes (hidden)."""
    return _public("isbi2012")


def vnc() -> list[LayerData]:
    """The VNC stack with membranes, mitochondria and synapses (hidden)."""
    return _public("vnc")


def slides() -> list[LayerData]:
    """Two slides side by side."""
    return _public("slides")


def _public(name: str) -> list[LayerData]:
    """Layers of a public set; where it is not here yet, the dock that tells its licence.

    Raises
    ------
    ValueError
        It is not here yet.
    """
    from napari_simgraph.viewer.public_data import public_layers

    chosen, folder = public_set(name), data_home() / name
    if chosen.is_here(folder):
        return public_layers(chosen, folder)
    viewer = napari.current_viewer()
    if viewer is not None:
        open_dock(viewer, "Samples").choose(name)
    raise ValueError(f"{name} is not here yet: the Samples dock tells its licence and loads it.")
