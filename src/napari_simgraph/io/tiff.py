"""TIFF, OME-TIFF, ImageJ stacks and slides: memory-mapped, or read by page or tile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_simgraph.io.faults import Told, check_file, listening, telling
from napari_simgraph.io.file_map import file_map
from napari_simgraph.io.lazy import PlaneCache, Planes, View
from napari_simgraph.io.memory import check_memory
from napari_simgraph.io.ome_claims import check_ome
from napari_simgraph.io.raw import Raw
from napari_simgraph.io.tiff_level import Pages, TiledPages, WholePages, can_tile
from napari_simgraph.io.tiff_meta import said_by

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".tf2", ".lsm", ".svs", ".ndpi")
# Pages up to these sizes are decoded whole and kept for a while; of larger ones only the strips
# or tiles that are asked for. Strips are many and thin, so that whole pages are read sooner.
WHOLE_PAGE_BYTES = 64 * 2**20
WHOLE_TILED_BYTES = 4 * 2**20
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
        if tif.is_ome:
            check_ome(tif.ome_metadata or "<OME/>", path)
        series = _series(tif, key, path)
        _check_whole(tif, series, said, path)
        number = int(key or 0)
        levels = tuple(_array(tif, (number, i), path, cache) for i, _ in enumerate(series.levels))
        raw = said_by(tif, series, path, levels)
        if len(tif.series) > 1 and not key and not (tif.is_svs or tif.is_ndpi):
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
) -> np.ndarray[Any, Any] | Planes | View | TiledPages:
    """The pixels of one image and pyramid level, read when asked for."""
    level = tif.series[place[0]].levels[place[1]]
    keyframe = level.keyframe
    if level.dataoffset is not None and tif.filehandle.size:
        dtype = level.dtype.newbyteorder(tif.byteorder)
        mapped = file_map(path, dtype, level.dataoffset, level.shape)
        return mapped if mapped.dtype.isnative else View(mapped, range(mapped.ndim))
    inside = tuple(keyframe.shape)
    lead = tuple(level.shape[: len(level.shape) - len(inside)])
    if tuple(level.shape) != (*lead, *inside) or _count(lead) != len(level.pages):
        raise Told(f"{path} is a TIFF of a rare kind: save it again as a plain TIFF stack.")
    pages = Pages(path, place, level)
    limit = WHOLE_TILED_BYTES if keyframe.is_tiled else WHOLE_PAGE_BYTES
    if keyframe.nbytes > limit and can_tile(level):
        return TiledPages(pages, level, cache)
    check_memory(keyframe.nbytes, path)
    return Planes(lead, inside, level.dtype, WholePages(pages, inside, level.dtype), cache)


def _count(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64)) if shape else 1
