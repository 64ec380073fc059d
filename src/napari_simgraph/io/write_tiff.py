"""Writing TIFF for ImageJ and OME-TIFF, strip by strip."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from napari_simgraph.core.geometry import PIXEL
from napari_simgraph.io.outgoing import Outgoing
from napari_simgraph.io.safe import fresh
from napari_simgraph.io.tiff_meta import NAMESPACE

# Classic TIFF and ImageJ's own format end at 4 GB; metadata needs a little room.
_CLASSIC_BYTES = 2**32 - 2**25
_IMAGEJ_TYPES = (np.uint8, np.uint16, np.float32)
_OME_UNITS = {"um": "µm", "angstrom": "Å", PIXEL: "pixel"}


def write_tiff(going: Outgoing, target: Path) -> list[Path]:
    """The file written: OME-TIFF where the name says ``.ome.tif``, else for ImageJ where it can."""
    from tifffile import TiffWriter

    big = going.nbytes > _CLASSIC_BYTES
    ome = target.name.casefold().endswith((".ome.tif", ".ome.tiff"))
    imagej = not ome and not big and _fits_imagej(going)
    metadata = _ome(going) if ome else _imagej(going) if imagej else _plain(going)
    with (
        fresh(target) as temporary,
        TiffWriter(temporary, bigtiff=big, imagej=imagej, ome=ome) as tif,
    ):
        tif.write(
            chain.from_iterable(going.strips()),
            shape=going.shape,
            dtype=going.dtype,
            photometric="rgb" if going.colour else "minisblack",
            metadata=metadata,
            **_resolution(going),
        )
    return [target]


def _fits_imagej(going: Outgoing) -> bool:
    """Probability stays ``(C, Z, Y, X)``, which ImageJ's hyperstacks can't say.

    Of a stack that is one pixel wide tifffile takes sections for rows there.
    """
    types = (np.uint8,) if going.colour else _IMAGEJ_TYPES
    thin = "Z" in going.axes and going.noun.plane[1] == 1
    return going.dtype in types and not going.axes.startswith("C") and not thin


def _letters(going: Outgoing) -> str:
    return going.axes.removesuffix("C") + "S" if going.colour else going.axes


def _imagej(going: Outgoing) -> dict[str, Any]:
    told: dict[str, Any] = {"axes": _letters(going), "Info": _json(going)}
    told["unit"] = going.noun.unit.replace("um", "micron")
    if "Z" in going.axes:
        told["spacing"] = going.size("Z")
    return told


def _plain(going: Outgoing) -> dict[str, Any]:
    return {"axes": _letters(going), NAMESPACE: going.info}


def _ome(going: Outgoing) -> dict[str, Any]:
    told: dict[str, Any] = {"axes": _letters(going), "Name": going.noun.name}
    told["MapAnnotation"] = {"Namespace": NAMESPACE, NAMESPACE: _json(going)}
    unit = _OME_UNITS.get(going.noun.unit, going.noun.unit)
    for letter in going.noun.axes.removesuffix("C"):
        told[f"PhysicalSize{letter}"] = going.size(letter)
        told[f"PhysicalSize{letter}Unit"] = unit
    if going.axes.startswith("C") and going.noun.classes is not None:
        told["Channel"] = {"Name": list(going.noun.classes.names)}
    return told


def _resolution(going: Outgoing) -> dict[str, Any]:
    """Pixels per unit, which ImageJ reads together with the unit."""
    if going.noun.unit == PIXEL:
        return {}
    return {"resolution": (1 / going.size("X"), 1 / going.size("Y")), "resolutionunit": "NONE"}


def _json(going: Outgoing) -> str:
    return json.dumps({NAMESPACE: going.info})
