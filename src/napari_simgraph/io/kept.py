"""Images and labels kept in a workspace: pixels as Zarr, all else as JSON beside them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import DTypeLike
from zarr.codecs import ZstdCodec

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Box, Image, Labels
from napari_simgraph.core.runs import from_runs, to_runs
from napari_simgraph.io.faults import BROKEN
from napari_simgraph.io.plain_json import read_json
from napari_simgraph.io.safe import commit, standing
from napari_simgraph.io.zarr_arrays import open_pixels

EDGE = 512  # of a block in a section: 256 kB a stroke to write, few files a section
_FIELDS = ("axes", "spacing", "unit", "origin", "name", "source")


def keep(noun: Image | Labels, folder: Path) -> None:
    """Write a noun's finest level; what stood in `folder` stays until all is written."""
    temporary = folder.with_name(folder.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    pixels = noun.levels[0]
    array = pixel_array(temporary / "pixels", tuple(pixels.shape), pixels.dtype)
    for box in blocks(tuple(pixels.shape)):
        array[box] = np.asarray(pixels[box])
    write_json(temporary / "noun.json", describe(noun))
    commit(temporary, folder)


def kept(folder: Path) -> Image | Labels:
    """What `keep` wrote; its pixels are read block by block.

    Raises
    ------
    ValueError
        Something of it is damaged or gone.
    """
    try:
        place = standing(folder)
        return remake(read_json(place / "noun.json"), open_pixels(place / "pixels"))
    except BROKEN as error:
        raise ValueError(f"'{folder.name}' can't be read: its files are damaged.") from error


def describe(noun: Image | Labels) -> dict[str, Any]:
    """All of a noun but its pixels, as plain JSON."""
    info: dict[str, Any] = {name: getattr(noun, name) for name in _FIELDS}
    info["classes"] = noun.classes.to_json() if noun.classes is not None else None
    if isinstance(noun, Labels):
        info |= {"exclusive": noun.exclusive, "meaning": noun.meaning}
        info["object_classes"] = to_runs(noun.object_classes)
    return info | {"kind": "labels" if isinstance(noun, Labels) else "image"}


def remake(info: dict[str, Any], pixels: Any) -> Image | Labels:
    """The noun that `describe` told of."""
    fields = {name: info[name] for name in _FIELDS}
    rows = info["classes"]
    if info["kind"] == "image":
        classes = ClassTable.from_json(rows) if rows is not None else None
        return Image(pixels, **fields, classes=classes)
    told = {"exclusive": bool(info["exclusive"]), "meaning": info["meaning"]}
    told["object_classes"] = from_runs(info.get("object_classes", ()))
    return Labels(pixels, **fields, classes=ClassTable.from_json(rows or []), **told)


def pixel_array(path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
    """A new Zarr array of zeros at `path`."""
    return zarr.create_array(
        store=path,
        shape=shape,
        dtype=np.dtype(dtype),
        chunks=block_shape(shape),
        compressors=[ZstdCodec(checksum=True)],  # so that a damaged block is told
        overwrite=True,
    )


def block_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Blocks of one section and at most 512 x 512 pixels; few channels stay together."""
    ndim, channels = len(shape), len(shape) > 2 and shape[-1] <= 16
    plane = range(ndim - 3, ndim - 1) if channels else range(ndim - 2, ndim)
    return tuple(
        min(n, EDGE) if i in plane else (n if channels and i == ndim - 1 else 1)
        for i, n in enumerate(shape)
    )


def blocks(shape: tuple[int, ...]) -> Iterator[Box]:
    """The boxes of all blocks of an array."""
    steps = block_shape(shape)
    starts = (range(0, n, step) for n, step in zip(shape, steps, strict=True))
    for corner in product(*starts):
        yield tuple(slice(a, a + step) for a, step in zip(corner, steps, strict=True))


def write_json(path: Path, values: Any) -> None:
    """Write JSON so that a reader finds the old file or the new one, never half of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(values, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
