"""Public sets as layers: the image, and what others say is in it."""

from __future__ import annotations

from pathlib import Path

from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.io.fetch_sets import PublicSet
from napari_simgraph.io.labels import read_labels
from napari_simgraph.io.read import read
from napari_simgraph.viewer.layers import LayerData, to_layer_data

_GAP = 0.05  # of an image's width, between images side by side


def public_layers(chosen: PublicSet, folder: Path) -> list[LayerData]:
    """Layer data of a set in a folder: images side by side, each with its truth, hidden.

    Raises
    ------
    ValueError
        A file of it is damaged: fetched again it is made anew.
    """
    layers: list[LayerData] = []
    right = 0.0
    for one in chosen.opens:
        image = read(folder / one["image"]).image
        assert isinstance(image, Image)
        origin = (*image.origin[:-1], right)
        right += (1 + _GAP) * image.plane[1] * image.spacing[-1]
        placed = image.replace(origin=origin)
        shown = to_layer_data(placed)
        source = {"source": str((folder / one["image"]).absolute()), "index": 0}
        for _, about, _ in shown:
            about["metadata"] = {"simgraph": dict(source)}
        layers += shown
        if "truth" in one:
            layers += _truth(folder / one["truth"], placed)
    return layers


def _truth(file: Path, image: Image) -> list[LayerData]:
    labels = read_labels(file).labels
    assert isinstance(labels, Labels)
    layers = to_layer_data(labels.replace(name=image.name), "truth")
    for _, about, _ in layers:
        about["visible"] = False  # one wants to see the picture first
    return layers
