"""Zarr arrays of others: only codecs that turn numbers into numbers, and chunks that fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.io.chunked import At, Chunked, side_by_side
from napari_simgraph.io.faults import Told, telling
from napari_simgraph.io.memory import check_memory

# Of format 2, whose codecs are those of numcodecs: "pickle" among them would run code.
_PLAIN = {"blosc", "bz2", "gzip", "lz4", "lzma", "pcodec", "zfpy", "zlib", "zstd"}
_PLAIN |= {"adler32", "crc32", "crc32c", "fletcher32", "jenkins_lookup3"}
_PLAIN |= {"astype", "bitround", "delta", "fixedscaleoffset", "packbits", "quantize", "shuffle"}
_PLAIN |= {"vlen-bytes", "vlen-utf8"}


def check_array(array: Any, path: Path) -> None:
    """Nothing, where reading an array runs no code and a chunk fits into memory.

    Raises
    ------
    ValueError
        It asks for a codec that we don't trust, or its chunks are too large.
    """
    strange = [name for name in _codecs(array.metadata) if name not in _PLAIN]
    if strange:
        said = f"{path} is packed with '{strange[0]}', which could run code"
        raise Told(f"{said}: write it again with another codec.")
    check_memory(prod(array.chunks) * np.dtype(array.dtype).itemsize, path)


def open_pixels(path: Path) -> ZarrChunks:
    """The array at a path, for reading only.

    Raises
    ------
    ValueError
        It is gone or broken.
    """
    import zarr

    with telling(path, "Zarr"):
        return ZarrChunks(zarr.open_array(path, mode="r"), path)


class ZarrChunks(Chunked):
    """A Zarr array whose chunks are kept for a while; broken ones are told in a sentence.

    Parameters
    ----------
    array, path
        What zarr opened, and where.
    complete
        Whether all chunks are there, so that one that is missing was lost and is no empty one.

    Raises
    ------
    ValueError
        It asks for a codec that we don't trust, or for more memory than there is.
    """

    def __init__(self, array: Any, path: Path, complete: bool = False) -> None:
        check_array(array, path)
        super().__init__(array.shape, array.dtype, array.chunks)
        self._array, self._path, self._complete = array, path, complete

    def load(self, ats: Sequence[At]) -> Iterable[NDArray[Any]]:
        """These chunks, decoded side by side."""
        with telling(self._path, "Zarr"):
            found = side_by_side([partial(self._one, at) for at in ats])
            if not self._path.exists():  # zarr reads a chunk that is not there as an empty one
                raise Told(f"{self._path} is no longer there.")
            if self._complete and not all(self._file(at).is_file() for at in ats):
                raise Told(f"{self._path} lacks a part of its pixels: copy it again.")
        return found

    def _one(self, at: At) -> NDArray[Any]:
        return np.asarray(self._array[self.box_of(at)])

    def _file(self, at: At) -> Path:
        name: str = self._array.metadata.encode_chunk_key(at)
        return self._path / str(self._array.path) / name


def _codecs(metadata: Any) -> Iterator[str]:
    """The names of what decodes an array of format 2; those of format 3 run no code."""
    if metadata.zarr_format == 2:
        for codec in (*(metadata.filters or ()), metadata.compressor):
            if codec is not None:
                yield str(codec.codec_id)
