"""Layers as files: what the manifest's writers call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.layers import Image, Labels, Layer

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.io.write import write
from napari_simgraph.viewer.layers import image_of, labels_of


def write_image(path: str, data: Any, about: dict[str, Any]) -> list[str]:
    """The files written for an Image layer, by the path's ending.

    Raises
    ------
    ValueError
        The layer has four axes, or the kind of file can't hold it.
    """
    layer = Layer.create(data, about, "image")
    return [str(written) for written in write(image_of(layer), Path(path))]


def write_labels(path: str, data: Any, about: dict[str, Any]) -> list[str]:
    """The files written for a Labels layer, by the path's ending; values stay as they are.

    Raises
    ------
    ValueError
        See `write_image`.
    """
    layer = Layer.create(data, about, "labels")
    return [str(written) for written in write(labels_of(layer, ClassTable(())), Path(path))]


def export_layer(layer: Layer, path: Path) -> list[Path]:
    """The files written for a layer, by the path's ending.

    Raises
    ------
    ValueError
        The layer holds no pixels, or the kind of file can't hold them.
    """
    if isinstance(layer, Labels):
        names = list(layer.features["class"])[1:] if "class" in layer.features else []
        return list(write(labels_of(layer, ClassTable.of(names)), path))
    if not isinstance(layer, Image):
        raise ValueError(f"'{layer.name}' holds no pixels: choose an image or labels.")
    return list(write(image_of(layer), path))
