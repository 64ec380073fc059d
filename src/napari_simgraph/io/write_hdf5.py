"""Writing HDF5 as ilastik and Fiji's plugin read it, plane by plane."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from napari_simgraph.core.geometry import PIXEL, to_unit
from napari_simgraph.io.hdf5 import AXISTAGS, ELEMENT_SIZE
from napari_simgraph.io.hdf5_writing import created_hdf5
from napari_simgraph.io.outgoing import Outgoing
from napari_simgraph.io.safe import fresh
from napari_simgraph.io.sidecar import INFO_KEY

DATASET = "exported_data"  # ilastik's name for what it writes
_EDGE = 256  # of a chunk: one plane each, as they are written and looked at
_TYPE_FLAGS = {"C": 1, "Z": 2, "Y": 2, "X": 2}  # vigra's: 1 channels, 2 space


def write_hdf5(going: Outgoing, target: Path) -> list[Path]:
    """The file written: one dataset ``exported_data`` with axes, pixel size and what we know."""
    plane = going.shape[-3:] if going.colour else going.shape[-2:]
    lead = going.shape[: len(going.shape) - len(plane)]
    chunk = (*(1 for _ in lead), *(min(n, _EDGE) for n in plane))
    with fresh(target) as temporary, created_hdf5(temporary) as (file, disk):
        dataset = file.create_dataset(
            DATASET,
            going.shape,
            going.dtype,
            chunks=chunk,
            compression="gzip",
            compression_opts=1,  # labels shrink to a hundredth at any; fractions at none
        )
        for at, strips in zip(np.ndindex(*lead), going.strips(), strict=True):
            top = 0
            for pixels in strips:
                dataset[(*at, slice(top, top + len(pixels)))] = pixels
                top += len(pixels)
            disk.check()
        dataset.attrs.update(_told(going))
    return [target]


def _told(going: Outgoing) -> dict[str, Any]:
    tags = [
        {"key": a.lower(), "typeFlags": _TYPE_FLAGS[a], "resolution": 0, "description": ""}
        for a in going.axes
    ]
    told: dict[str, Any] = {AXISTAGS: json.dumps({"axes": tags})}
    told[INFO_KEY] = json.dumps(dict(going.info))
    if going.noun.unit != PIXEL:
        sizes = [1.0] * (3 - len(going.noun.spacing)) + list(going.noun.spacing)
        told[ELEMENT_SIZE] = [to_unit(size, going.noun.unit, "um") for size in sizes]
    return told
