"""TIFF, OME-TIFF and ImageJ stacks, memory-mapped or read page by page."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_simgraph.io.faults import Told, check_file, listening, quiet, telling
from napari_simgraph.io.lazy import PlaneCache, Planes, View
from napari_simgraph.io.raw import Raw
from napari_simgraph.io.tiff_meta import said_by

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".tf2", ".lsm", ".svs", ".ndpi")
# Pages up to this size are decoded whole and kept for a while; larger ones tile by tile.
WHOLE_PAGE_BYTES = 64 * 2**20
# tifffile only logs these, and then gives the part of the file that it could read.
_CUT = ("invalid page offset", "invalid value offset", "corrupted", "invalid offset to page")


def read_tiff(path: Path, key: str = "", cache: PlaneCache | None = None) -> Raw:
    """The first image of a TIFF file, or with `key` the one of that number.

    Pixels are read when asked for; the file is closed in between.

    Raises
    ------
    ValueError
        The file is missing, empty, broken, cut off or no TIFF.
    """
    from tifffile import TiffFile

    check_file(path)
    with telling(path, "TIFF"), listening() as said, TiffFile(path) as tif:
        series = _series(tif, key, path)
        _check_whole(tif, series, said, path)
        number = int(key or 0)
        levels = tuple(_array(tif, (number, i), path, cache) for i, _ in enumerate(series.levels))
        raw = said_by(tif, series, path, levels)
        if len(tif.series) > 1 and not key and not tif.is_svs:
            more = f"It holds {len(tif.series)} images; the first was read ({path.name}::0)."
            raw = Raw(**{**vars(raw), "notes": (*raw.notes, more)})
        return raw


def _series(tif: TiffFile, key: str, path: Path) -> TiffPageSeries:
    """The image of this number in the file."""
    number = int(key) if key.isdigit() else 0
    if not len(tif.series):
        raise Told(f"{path} holds no image: it is broken or something else.")
    if (key and not key.isdigit()) or number >= len(tif.series):
        raise Told(f"{path} holds {len(tif.series)} images; there is no '{key}'.")
    return tif.series[number]


def _check_whole(tif: TiffFile, series: TiffPageSeries, said: list[str], path: Path) -> None:
    """Nothing, where all pixels that the file speaks of lie within it."""
    size = tif.filehandle.size
    ends = [0]
    for level in series.levels:
        if level.dataoffset is not None:
            ends.append(level.dataoffset + level.nbytes)
            continue
        for page in level.pages:
            if page is not None and page.dataoffsets:
                pairs = zip(page.dataoffsets, page.databytecounts, strict=True)
                ends.append(max(start + count for start, count in pairs))
    if max(ends) > size or any(word in line for line in said for word in _CUT):
        raise Told(f"{path} is cut off: copy it again from where it came from.")


def _array(
    tif: TiffFile, place: tuple[int, int], path: Path, cache: PlaneCache | None
) -> np.ndarray[Any, Any] | Planes | View | Any:
    """The pixels of one image and pyramid level, read when asked for."""
    level = tif.series[place[0]].levels[place[1]]
    keyframe = level.keyframe
    if level.dataoffset is not None and tif.filehandle.size:
        mapped = np.memmap(
            path, level.dtype.newbyteorder(tif.byteorder), "r", level.dataoffset, level.shape
        )
        return mapped if mapped.dtype.isnative else View(mapped, range(mapped.ndim))
    inside = tuple(keyframe.shape)
    lead = tuple(level.shape[: len(level.shape) - len(inside)])
    whole = keyframe.nbytes <= WHOLE_PAGE_BYTES or not keyframe.is_tiled
    if whole and tuple(level.shape) == (*lead, *inside) and _count(lead) == len(level.pages):
        return Planes(lead, inside, level.dtype, _Pages(level, path), cache)
    return _zarr_view(path, place)


def _count(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64)) if shape else 1


class _Pages:
    """Decodes page `i`; opens the file for each, so that no handle stays open."""

    def __init__(self, level: TiffPageSeries, path: Path) -> None:
        self._pages = list(level.pages)
        self._shape, self._dtype = tuple(level.keyframe.shape), level.dtype
        self._path, self._lock = path, threading.Lock()

    def __call__(self, i: int) -> np.ndarray[Any, Any]:
        page = self._pages[i]
        if page is None:
            return np.zeros(self._shape, self._dtype)
        handle = page.parent.filehandle
        with self._lock, telling(self._path, f"TIFF (page {i})"), quiet():
            handle.open()
            try:
                pixels: np.ndarray[Any, Any] = page.asarray(squeeze=True)
                return pixels.reshape(self._shape)
            finally:
                handle.close()


def _zarr_view(path: Path, place: tuple[int, int]) -> View:
    """A level with large tiled pages, read tile by tile through tifffile's Zarr store."""
    import tifffile
    import zarr

    store = tifffile.imread(path, aszarr=True, series=place[0], level=place[1])
    array = zarr.open_array(store, mode="r")
    view = View(array, range(array.ndim))
    weakref.finalize(view, store.close)
    return view
