"""Files as layers, with the pixel size and axes that they tell of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import napari
import numpy as np
from napari.utils.notifications import show_info

from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, Raster
from napari_simgraph.core.sheet import SheetLayout
from napari_simgraph.io.axes import AxesUnclear
from napari_simgraph.io.beside import read_beside
from napari_simgraph.io.coarser import too_large, with_levels
from napari_simgraph.io.labels import read_labels
from napari_simgraph.io.masks import picture_of
from napari_simgraph.io.pair import Paired
from napari_simgraph.io.read import KeyNeeded, Opened, can_read, read, read_raw, split_key
from napari_simgraph.io.sheet import Sheet, contact_sheet, labels_sheet
from napari_simgraph.viewer.facts import FactsLine
from napari_simgraph.viewer.layers import LayerData, to_layer_data
from napari_simgraph.viewer.sheets import follow_sheets

_MEMORY_BYTES = 2**29  # labels up to here are copied: 2000 sections of 512 x 512 px
_STACKS = 16  # of a folder that open as layers of their own; more would fill the list
_KEYS = 6  # arrays of one file that open together; more would fill the list
# Names that programs give to labels in files of several arrays.
_LABEL_WORDS = ("label", "neuron_ids", "clefts", "segmentation", "instances", "mask", "truth")


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """The reader for a path, or for several that are opened one by one; None if we can't."""
    paths = [path] if isinstance(path, str) else list(path)
    if not paths or any("://" in one or not can_read(one) for one in paths):
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
    """Layer data of one file or folder; what it does not say is told.

    Several images come as one contact sheet, labels that lie in the same file or beside the
    images as layers on top.

    Raises
    ------
    ValueError
        See `read_paths`.
    """
    if (Path(path) / "workspace.json").exists():
        raise ValueError("This is a workspace: open it in the Workspace dock.")
    viewer = napari.current_viewer()
    if viewer is not None:
        follow_sheets(viewer)
    layers, notes = layers_of(path)
    pictures = [about for _, about, kind in layers if kind == "image"]
    if pictures:
        pictures[0]["metadata"]["simgraph"]["notes"] = notes
    if pictures and viewer is not None and _has_dock(viewer):  # it says so below the image
        return layers
    for note in notes:
        show_info(note)
    return layers


def layers_of(path: str) -> tuple[list[LayerData], list[str]]:
    """Layer data of one file or folder, and what is to be told of it; touches no viewer.

    Raises
    ------
    ValueError
        See `read_paths`.
    """
    notes: list[str] = []
    layers = _layers(path, notes)
    file, key = split_key(path)
    source = str(file.absolute()) + (f"::{key}" if key else "")
    for index, (_, about, _) in enumerate(layers):
        # Layers know where they come from, so that a workspace finds them again.
        about["metadata"] = {"simgraph": {"source": source, "index": index}}
    return layers, notes


def _layers(path: str, notes: list[str]) -> list[LayerData]:
    file, key = split_key(path)
    try:
        opened = read(path)
    except AxesUnclear as unclear:
        size = " x ".join(str(n) for n in unclear.shape)
        notes.append(f"{file.name} has {size} pixels: choose its axes in the Segment dock.")
        return [_plain(file, key)]
    except KeyNeeded as needed:
        if len(needed.keys) > _KEYS:
            notes.append(f"Opened {_KEYS} of the {len(needed.keys)} arrays in {file.name}.")
        return _side_by_side([_layers(f"{file}::{one}", notes) for one in needed.keys[:_KEYS]])
    paired, told = read_beside(file, opened) if file.is_dir() else (None, [])
    notes += [*opened.notes, *told]
    layers = _shown(opened, path, paired, notes)
    inside = (data for one in opened.labels for data in _layers(f"{file}::{one}", notes))
    return [*layers, *inside]


def _has_dock(viewer: Any) -> bool:
    """Whether a dock of ours is seen that tells of images."""
    docks = viewer.window.dock_widgets.values()
    return any(dock.isVisible() and dock.findChild(FactsLine) is not None for dock in docks)


def _side_by_side(parts: Sequence[list[LayerData]]) -> list[LayerData]:
    """Contact sheets of one file next to each other; all else in its place."""
    right = 0.0
    for data, about, _ in (part[0] for part in parts if part):
        finest = data[0] if isinstance(data, list) else data
        if isinstance(finest, Sheet):
            y, x = about["translate"]
            about["translate"] = (y, x + right)
            right += finest.shape[1] * about["scale"][1]
    return [data for part in parts for data in part]


def _shown(opened: Opened, path: str, paired: Paired | None, notes: list[str]) -> list[LayerData]:
    """An image, or the contact sheet of several, and the labels that belong to it."""
    image = opened.image
    if opened.info.get("noun") == "Labels":
        labels = read_labels(path).labels
        return [] if isinstance(labels, LabelsSet) else _painted(labels, "")
    if isinstance(image, ImageSet) and _are_stacks(image):
        return [data for one in image for data in to_layer_data(with_levels(one))]
    if isinstance(image, ImageSet):
        sheet, layout = contact_sheet(image)
        return [*to_layer_data(sheet), *_labels(paired, sheet.name, layout)]
    if _are_labels(image, split_key(path)[1]):
        told = {f.name: getattr(image, f.name) for f in fields(Raster)}
        return _painted(Labels(**told, meaning="objects"), "")
    if named := _of_a_picture(image, path, notes):
        return named
    if too_large(image):
        notes.append("It has no coarser levels: slow to look at; .ome.zarr has some.")
    return [*to_layer_data(with_levels(image)), *_labels(paired, image.name, None)]


def _labels(paired: Paired | None, name: str, layout: SheetLayout | None) -> list[LayerData]:
    if paired is None:
        return []
    labels = paired.labels
    if isinstance(labels, LabelsSet) and layout is not None:
        labels = labels_sheet(labels, layout)
    return [] if isinstance(labels, LabelsSet) else _painted(labels.replace(name=name), "labels")


def _of_a_picture(image: Image, path: str, notes: list[str]) -> list[LayerData]:
    """Layers of labels, where names and values say that the file holds those of a picture."""
    file, key = split_key(path)
    picture = None if key or not _may_be_labels(image) else picture_of(file)
    if picture is None:
        return []
    try:
        opened = read_labels(path)
    except ValueError:  # more values than anyone draws classes
        return []
    if not isinstance(opened.labels, Labels):
        return []
    notes.append(f"{file.name} is opened as the labels of {picture.name}.")
    notes.extend(note for note in opened.notes if note not in notes)
    return _painted(opened.labels.replace(name=picture.name.partition(".")[0]), "labels")


def _may_be_labels(image: Image) -> bool:
    plain = len(image.levels) == 1 and not image.axes.endswith("C")
    return plain and image.dtype.kind in "uib"


def _painted(labels: Labels, thing: str) -> list[LayerData]:
    """Layers of labels; those that fit are in memory, so that they can be painted on."""
    small = len(labels.levels) == 1 and labels.levels[0].nbytes <= _MEMORY_BYTES
    copied = labels.replace(data=np.array(labels.levels[0])) if small else labels
    return to_layer_data(copied, thing)


def _are_stacks(images: ImageSet) -> bool:
    """Whether these are a few stacks: on a sheet only one section of each would be seen."""
    if len(images) > _STACKS:
        return False
    return any(image.sections > 1 for image in images)


def _are_labels(image: Image, key: str) -> bool:
    """Whether an array of a file that holds several is labels, by its name."""
    named = any(word in key.casefold() for word in _LABEL_WORDS)
    return named and image.dtype.kind in "uib" and not image.axes.endswith("C")


def _plain(path: Path, key: str) -> LayerData:
    """All pixels of a file whose axes are unclear, as napari shows any array."""
    pixels = read_raw(path, key).levels[0]
    small = isinstance(pixels, np.ndarray)
    return pixels, {"name": path.stem, "rgb": False} | ({} if small else _limits(pixels)), "image"


def _limits(pixels: Any) -> dict[str, Any]:
    """Contrast from the middle of a lazy array; napari would ask for parts that it can't give."""
    middle = np.asarray(pixels[tuple(n // 2 for n in pixels.shape[:-2])])
    low, high = float(np.nanmin(middle)), float(np.nanmax(middle))
    return {"contrast_limits": (low, high if high > low else low + 1)}
