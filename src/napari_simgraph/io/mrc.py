"""MRC files of electron tomography, memory-mapped, with their voxel size."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_simgraph.core.geometry import PIXEL
from napari_simgraph.io.faults import Told, check_file, telling
from napari_simgraph.io.file_map import file_map
from napari_simgraph.io.lazy import Mapped, View
from napari_simgraph.io.raw import Raw

SUFFIXES = (".mrc", ".mrcs", ".map", ".rec", ".st", ".ali")
_HEADER_BYTES, _ANGSTROM_NM = 1024, 0.1
_MODES_END = 200  # no mode is as high: the numbers are of another byte order, or no header
_MODES = (0, 1, 2, 6, 12)  # whole numbers and fractions; 3 and 4 are complex, 101 half a byte
_AXES = {2: "YX", 3: "ZYX", 4: "NZYX"}


def read_mrc(path: Path, key: str = "") -> Raw:
    """The volume in an MRC file; half floats become floats when they are read.

    Raises
    ------
    ValueError
        The file is broken, cut off, no MRC, or of complex numbers.
    """
    check_file(path)
    if key:
        raise Told(f"{path} holds one array: leave out '::{key}'.")
    with telling(path, "MRC"):
        head = _header(path)
        dtype, shape = _layout(head, path)
        start = _HEADER_BYTES + int(head.nsymbt)
        mapped: Any = file_map(path, dtype, start, shape)
    if not dtype.isnative:
        mapped = View(mapped, range(mapped.ndim))
    if dtype.itemsize == 2 and dtype.kind == "f":
        mapped = Mapped(mapped, partial(np.asarray, dtype=np.float32), np.float32)
    spacing = _voxel(head)
    unit = "nm" if spacing else PIXEL
    return Raw((mapped,), _AXES[len(shape)], spacing, unit=unit, name=path.stem, source=str(path))


def _header(path: Path) -> Any:
    """The first 1024 bytes by name, in the byte order in which they make sense.

    Read here and not by mrcfile, which would take a header of any length that a broken file names.
    """
    from mrcfile.dtypes import HEADER_DTYPE

    with path.open("rb") as file:
        content = file.read(_HEADER_BYTES)
    for order in "<>" if len(content) == _HEADER_BYTES else "":
        head: Any = np.frombuffer(content, HEADER_DTYPE.newbyteorder(order)).reshape(())
        head = head.view(np.recarray)
        sizes = [int(head[name]) for name in ("nx", "ny", "nz")]
        known = 0 <= int(head.mode) < _MODES_END and 0 <= int(head.mapc) <= len(sizes)
        if min(sizes) > 0 and int(head.nsymbt) >= 0 and known:
            return head
    raise Told(f"{path} can't be read as MRC: it is broken or something else.")


def _layout(head: Any, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Type and shape of the volume."""
    from mrcfile.utils import data_dtype_from_header, data_shape_from_header

    if int(head.mode) not in _MODES:
        raise Told(f"{path} is an MRC of mode {int(head.mode)}: save it as mode 0, 1, 2, 6 or 12.")
    shape = tuple(int(n) for n in data_shape_from_header(head))
    dtype = np.dtype(data_dtype_from_header(head))
    flat = len(shape) == 3 and shape[0] == 1
    return dtype, shape[1:] if flat else shape


def _voxel(head: Any) -> dict[str, float]:
    """Voxel size in nanometres; empty where the file says nothing, or that a voxel is 1 Å."""
    pairs = {"X": (head.cella.x, head.mx), "Y": (head.cella.y, head.my)}
    pairs["Z"] = (head.cella.z, head.mz)
    found = {a: float(length) / int(n) for a, (length, n) in pairs.items() if int(n) > 0}
    usable = len(found) == 3 and all(np.isfinite(v) and v > 0 for v in found.values())
    if not usable or set(found.values()) == {1.0}:  # what programs write that know no size
        return {}
    return {a: v * _ANGSTROM_NM for a, v in found.items()}
