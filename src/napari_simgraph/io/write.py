"""Nouns as files: which writer a path goes to, and conversion from one format to another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.io.faults import Told
from napari_simgraph.io.outgoing import outgoing
from napari_simgraph.io.raw import ReadOptions
from napari_simgraph.io.read import read
from napari_simgraph.io.safe import refused

SUFFIXES = (".tif", ".ome.tif", ".ome.zarr", ".zarr", ".npy", ".npz", ".h5")


def write(
    noun: Image | Labels | ImageSet | LabelsSet,
    path: str | Path,
    *,
    info: Mapping[str, Any] | None = None,
) -> list[Path]:
    """The paths written; each appears whole or not at all.

    The suffix says the format: ``.tif``, ``.ome.tif``, ``.ome.zarr``, ``.npy``, ``.npz``,
    ``.h5``; a path without one is a folder of PNG slices (or of one file per image for a set).

    Parameters
    ----------
    noun
        What to write, read plane by plane.
    path
        Where to.
    info
        Where it comes from (model, settings, command line); kept beside the pixels.

    Raises
    ------
    ValueError
        The format can't hold the noun, or the disk is full or closed to us.
    """
    target = Path(path).expanduser()
    try:
        return _write(noun, target, info)
    except OSError as error:
        raise Told(f"{target} can't be written: {refused(error)}.") from error


def _write(
    noun: Image | Labels | ImageSet | LabelsSet, target: Path, info: Mapping[str, Any] | None
) -> list[Path]:
    if isinstance(noun, ImageSet | LabelsSet):
        from napari_simgraph.io.write_sets import write_set

        return write_set(noun, target, info)
    going, suffix = outgoing(noun, info), target.suffix.casefold()
    if suffix in (".tif", ".tiff"):
        from napari_simgraph.io.write_tiff import write_tiff

        return write_tiff(going, target)
    if suffix == ".zarr":
        from napari_simgraph.io.write_zarr import write_zarr

        return write_zarr(going, target)
    if suffix in (".npy", ".npz"):
        from napari_simgraph.io.arrays import write_array

        return write_array(going, target)
    if suffix in (".h5", ".hdf5"):
        from napari_simgraph.io.write_hdf5 import write_hdf5

        return write_hdf5(going, target)
    if suffix and not target.is_dir():
        raise Told(f"{target}: write one of {', '.join(SUFFIXES)}, or a folder without a suffix.")
    from napari_simgraph.io.write_pictures import write_slices

    return write_slices(going, target)


def write_notes(noun: Image | Labels | ImageSet | LabelsSet, path: str | Path) -> list[str]:
    """What gets lost in this format, in plain sentences."""
    suffix = Path(path).suffix.casefold()
    if suffix or isinstance(noun, ImageSet | LabelsSet) or noun.dtype.kind != "f":
        return []
    return ["PNG holds whole numbers: probability is rounded to 16 bits; TIFF keeps all."]


def convert(
    source: str | Path, target: str | Path, options: ReadOptions | None = None
) -> list[str]:
    """What was assumed or lost on the way from one format to another.

    Labels that we wrote stay labels with their classes.

    Raises
    ------
    ValueError
        The source can't be read or the target can't hold it.
    """
    found = read(source, options=options)
    noun: Image | Labels | ImageSet | LabelsSet = found.image
    if found.info.get("noun") == "Labels":
        from napari_simgraph.io.labels import LabelOptions, read_labels

        noun = read_labels(source, options=LabelOptions(**vars(options or ReadOptions()))).labels
    notes = [*found.notes, *write_notes(noun, target)]
    paths = write(noun, target, info=found.info.get("made"))
    count = f" ({len(paths)} files)" if len(paths) > 1 else ""
    return [*notes, f"Wrote {target}{count}."]
