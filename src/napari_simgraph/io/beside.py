"""Labels that lie beside a folder of images: found by name, read where each image has some."""

from __future__ import annotations

from pathlib import Path

from napari_simgraph.core.raster import each_image
from napari_simgraph.io.folder import groups_in
from napari_simgraph.io.pair import Paired, labels_folder, pair_files, read_paired
from napari_simgraph.io.raw import Opened
from napari_simgraph.io.read import is_zarr
from napari_simgraph.io.sidecar import SIDECAR

_MOST = 500  # label files that are read at once, to see which values there are


def read_beside(folder: Path, opened: Opened) -> tuple[Paired | None, list[str]]:
    """The images of a folder with their labels, and what was paired and what was not.

    None where there are no labels, or not for all images.

    Parameters
    ----------
    folder, opened
        The folder, and what was read from it.
    """
    labels = None if is_zarr(folder) or (folder / SIDECAR).is_file() else labels_folder(folder)
    if labels is None:
        return None, []
    try:
        pairs, notes = pair_files(folder, labels)
        count = sum(len(files) for _, files in groups_in(folder, {}))
        if len(pairs) < count or len(pairs) > _MOST:
            told = f"{len(pairs)} of {count} images have labels in {labels.name}"
            return None, [f"{told}, {pairs[0].image.name} has {pairs[0].mask.name}."]
        paired = read_paired(folder, labels)
    except ValueError as error:
        return None, [f"Labels were left out. {error}"]
    if len(each_image(paired.image)) != len(each_image(opened.image)):
        return None, notes
    return paired, [note for note in paired.notes if note not in opened.notes]
