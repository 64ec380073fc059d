"""Files as layers, with the pixel size and axes that they tell of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr
from napari.utils.notifications import show_info, show_warning

from napari_simgraph.core.raster import each_image
from napari_simgraph.io.axes import AxesUnclear
from napari_simgraph.io.read import read
from napari_simgraph.viewer.layers import LayerData, to_layer_data

_MANY = 16  # pictures of a folder that open as layers of their own; more would fill the list


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """The reader for a path, or for several that are opened one by one; None if we can't."""
    paths = [path] if isinstance(path, str) else list(path)
    if not paths or any("://" in one for one in paths):
        return None
    return read_paths


def read_paths(path: str | Sequence[str]) -> list[LayerData]:
    """Layer data of one or several paths.

    Raises
    ------
    ValueError
        A file is broken, empty or of another kind, in one sentence.
    """
    paths = [path] if isinstance(path, str) else list(path)
    return [data for one in paths for data in read_path(one)]


def read_path(path: str) -> list[LayerData]:
    """Layer data of one file or folder; what it does not say is told in a notification.

    Raises
    ------
    ValueError
        See `read_paths`.
    """
    if (Path(path) / "workspace.json").exists():
        raise ValueError("This is a workspace: open it in the Workspace dock.")
    try:
        opened = read(Path(path))
    except AxesUnclear as unclear:
        layers = [_plain(Path(path))]
        size = " x ".join(str(n) for n in unclear.shape)
        show_warning(f"{Path(path).name} has {size} pixels: choose its axes in the Segment dock.")
        return _marked(layers, path)
    for note in opened.notes:
        show_info(note)
    images = each_image(opened.image)
    if len(images) > _MANY:
        show_info(f"Opened the first {_MANY} of {len(images)} pictures.")
    layers = [data for image in images[:_MANY] for data in to_layer_data(image)]
    return _marked(layers, path)


def _marked(layers: list[LayerData], path: str) -> list[LayerData]:
    """Layers that know where they come from, so that a workspace finds them again."""
    source = str(Path(path).absolute())
    for index, (_, about, _) in enumerate(layers):
        about["metadata"] = {"simgraph": {"source": source, "index": index}}
    return layers


def _plain(path: Path) -> LayerData:
    """All pixels of a file whose axes are unclear, as napari shows any array."""
    if path.suffix == ".npy":
        pixels: Any = np.load(path, mmap_mode="r", allow_pickle=False)
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            pixels = arrays[arrays.files[0]]
    elif path.suffix == ".zarr":
        pixels = zarr.open_array(path, mode="r")
    else:
        pixels = tifffile.imread(path)
    return pixels, {"name": path.stem, "rgb": False}, "image"
