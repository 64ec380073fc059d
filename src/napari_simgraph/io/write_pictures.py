"""Writing a folder of PNG slices, with simgraph.json for what PNG can't say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.io.faults import Told
from napari_simgraph.io.outgoing import Outgoing
from napari_simgraph.io.safe import fresh, synced
from napari_simgraph.io.sidecar import SIDECAR, read_info

_FULL_16 = 65535  # probability 1 in 16 bits


def write_slices(going: Outgoing, folder: Path) -> list[Path]:
    """The slices ``NAME_0000.png`` written, and ``simgraph.json``; classes come one by one.

    Raises
    ------
    ValueError
        PNG can't hold the pixels, or the folder holds other files.
    """
    _check_type(going, folder)
    before = _check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, plane in zip(_names(going), going.planes(), strict=True):
        paths.append(folder / name)
        write_png(plane, paths[-1])
    for stale in before - {path.name for path in paths}:
        (folder / stale).unlink(missing_ok=True)
    with fresh(folder / SIDECAR) as temporary:
        synced(temporary, json.dumps(_told(going, paths), indent=1).encode())
    return [*paths, folder / SIDECAR]


def write_png(plane: NDArray[np.generic], path: Path) -> None:
    """One picture; fractions from 0 to 1 become 16 bits."""
    from imagecodecs import png_encode

    if plane.dtype.kind == "f":
        plane = np.round(np.clip(plane, 0, 1) * _FULL_16).astype(np.uint16)
    with fresh(path) as temporary:
        temporary.write_bytes(png_encode(plane))


def fits_png(going: Outgoing) -> bool:
    """Whether PNG can hold the pixels: 8 and 16 bits, or probability rounded to 16."""
    probability = going.dtype == np.float32 and bool(going.info.get("classes"))
    return going.dtype in (np.uint8, np.uint16) or probability


def _check_type(going: Outgoing, folder: Path) -> None:
    if not fits_png(going):
        raise Told(f"PNG can't hold {going.dtype} values: write {folder.name}.tif in its place.")


def _check_folder(folder: Path) -> set[str]:
    """Names of the slices that we wrote there before, which are replaced."""
    if not folder.exists():
        return set()
    ours = {str(name) for name in read_info(folder / SIDECAR).get("files", ())}
    others = [f.name for f in folder.iterdir() if f.name not in {*ours, SIDECAR}]
    if others:
        raise Told(f"{folder} holds other files ({others[0]}): choose a new folder.")
    return {name for name in ours if Path(name).name == name}


def _names(going: Outgoing) -> Iterator[str]:
    """A file name for each plane, in the order of `Outgoing.planes`."""
    name = "".join(c if c.isalnum() or c in "-_. " else "_" for c in going.noun.name)
    channels = [""]
    if going.axes.startswith("C"):
        table = going.noun.classes
        words = table.names if table else [f"channel{i}" for i in range(going.noun.channels)]
        channels = ["_" + "".join(c if c.isalnum() else "-" for c in word) for word in words]
    digits = max(4, len(str(going.noun.sections - 1)))
    for channel in channels:
        for z in range(going.noun.sections):
            number = f"_{z:0{digits}d}" if "Z" in going.axes else ""
            yield f"{name}{channel}{number}.png"


def _told(going: Outgoing, paths: list[Path]) -> dict[str, object]:
    """The description of the folder."""
    lead = going.shape[:-3] if going.colour else going.shape[:-2]
    told: dict[str, object] = {**going.info, "files": [p.name for p in paths], "lead": list(lead)}
    if going.dtype.kind == "f":
        told["factor"] = 1 / _FULL_16
    return told
