"""One image and level of a TIFF file: whole pages, or tiles and strips one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.io.chunked import At, Chunked, Held, side_by_side
from napari_simgraph.io.faults import Told, listening, quiet, telling
from napari_simgraph.io.lazy import PlaneCache
from napari_simgraph.io.memory import check_memory

if TYPE_CHECKING:
    from tifffile import TiffPage, TiffPageSeries

Place: TypeAlias = tuple[int, int]
Opener: TypeAlias = Callable[[int], Any]
_JPEGS = (6, 7, 33007, 34892)  # TIFF's numbers of JPEG, whose tables stand once for all tiles


class Pages:
    """The pages of one image and level; the file is open only while they are read.

    Parameters
    ----------
    path, place
        The file, and the numbers of the image and the level in it.
    level
        As tifffile has parsed it; another process parses it again.
    """

    def __init__(self, path: Path, place: Place, level: TiffPageSeries | None = None) -> None:
        self.path, self._place = path, place
        self._held = Held(None if level is None else list(level.pages))

    @contextmanager
    def opened(self) -> Iterator[Opener]:
        """A function that gives page `i` with its file open, for one thread at a time.

        Raises
        ------
        ValueError
            The file is gone, or broken.
        """
        with self._held.lock, telling(self.path, "TIFF"), quiet(), ExitStack() as stack:
            if self._held.thing is None:
                self._held.thing = self._parsed()

            def page(i: int) -> TiffPage | None:
                found = self._held.thing[i]
                for one in () if found is None else (found, found.keyframe):
                    if one.parent.filehandle.closed:  # a series may lie in many files
                        one.parent.filehandle.open()
                        stack.callback(one.parent.filehandle.close)
                return found

            yield page

    def _parsed(self) -> list[TiffPage]:
        from tifffile import TiffFile

        number, level = self._place
        with listening(), TiffFile(self.path) as tif:
            return list(tif.series[number].levels[level].pages)


class WholePages:
    """Decodes page `i`."""

    def __init__(self, pages: Pages, shape: Sequence[int], dtype: np.dtype[Any]) -> None:
        self._pages, self._shape, self._dtype = pages, tuple(shape), dtype

    def __call__(self, i: int) -> NDArray[Any]:
        """The pixels of a page; zeros where it was left out."""
        with self._pages.opened() as pages:
            page = pages(i)
            if page is None:
                return np.zeros(self._shape, self._dtype)
            pixels: NDArray[Any] = page.asarray(squeeze=True)
            return pixels.reshape(self._shape)


class TiledPages(Chunked):
    """Pages of which only the tiles (or strips) that are asked for are decoded.

    Parameters
    ----------
    pages
        Where they lie.
    level
        What tifffile says about them.
    cache
        Where decoded tiles are kept.
    """

    def __init__(self, pages: Pages, level: TiffPageSeries, cache: PlaneCache | None) -> None:
        page = level.keyframe
        self._pages = pages
        self._lead = tuple(level.shape[: len(level.shape) - len(page.shape)])
        self._separate = page.shaped[0] > 1
        self._grid = tile_grid(page)
        self._rows_at = len(self._lead) + self._separate
        tile = (*((1,) if self._separate else ()), *tile_size(page))
        inner = (*tile, *page.shape[len(tile) :])
        check_memory(prod(inner) * page.dtype.itemsize, pages.path)
        super().__init__(level.shape, level.dtype, (*(1 for _ in self._lead), *inner), cache)

    def load(self, ats: Sequence[At]) -> Iterable[NDArray[Any]]:
        """These tiles, decoded side by side."""
        with self._pages.opened() as pages:
            decoders = [self._decoder(pages, at) for at in ats]
        with telling(self._pages.path, "TIFF"), quiet():
            return side_by_side(decoders)

    def _decoder(self, pages: Opener, at: At) -> Callable[[], NDArray[Any]]:
        """What decodes a tile whose bytes have been read; the file may be closed by then."""
        size = tuple(s.stop - s.start for s in self.box_of(at))
        lead, inner = at[: len(self._lead)], at[len(self._lead) :]
        page = pages(int(np.ravel_multi_index(lead, self._lead)) if lead else 0)
        plane, row, column = inner[:3] if self._separate else (0, *inner[:2])
        index = (plane * self._grid[0] + row) * self._grid[1] + column
        if page is None or not page.databytecounts[index]:  # left out: nothing is there
            return partial(np.full, size, 0 if page is None else page.nodata, self.dtype)
        frame, handle, more = page.keyframe, page.parent.filehandle, {}
        if frame.compression in _JPEGS:
            more = {"jpegtables": page.jpegtables, "jpegheader": frame.jpegheader}
        decode = frame.decode  # looks into the file when first asked for, so it stands before seek
        handle.seek(page.dataoffsets[index])
        data = handle.read(page.databytecounts[index])
        return partial(self._decoded, partial(decode, data, index, **more), size)

    def _decoded(self, decode: Callable[[], Any], size: At) -> NDArray[Any]:
        pixels = decode()[0]
        if pixels is None:
            raise Told(f"{self._pages.path} is broken: a part of it can't be decoded.")
        height, width = size[self._rows_at : self._rows_at + 2]
        # Contiguous copies: a tile at the border must not keep all that was decoded alive.
        return np.ascontiguousarray(pixels[0, :height, :width].reshape(size), self.dtype)


def can_tile(level: TiffPageSeries) -> bool:
    """Whether the tiles or strips of these pages can be decoded one by one."""
    page = level.keyframe
    plain = page.shaped[1] == 1 and page.imagedepth == 1  # no depth within tiles
    shape = (page.imagelength, page.imagewidth)
    known = {shape, (*shape, page.shaped[-1]), (page.shaped[0], *shape)}
    return plain and page.shape in known and tile_grid(page) != (1, 1)


def tile_size(page: TiffPage) -> tuple[int, int]:
    """Height and width of the tiles; strips are as wide as the page."""
    if page.is_tiled:
        return int(page.tilelength), int(page.tilewidth)
    rows = page.rowsperstrip or page.imagelength
    return min(int(rows), int(page.imagelength)), int(page.imagewidth)


def tile_grid(page: TiffPage) -> tuple[int, int]:
    """How many tiles there are from top to bottom and from left to right."""
    height, width = tile_size(page)
    return -(-int(page.imagelength) // height), -(-int(page.imagewidth) // width)
